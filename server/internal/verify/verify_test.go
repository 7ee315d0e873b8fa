package verify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/target"
	"github.com/tailrace-go/tailrace/server/internal/verify"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "t0k3n-of-a-test-that-is-long"

func config(t testing.TB, origin string) verify.Config {
	t.Helper()
	u, err := url.Parse(origin + "/ai/spans/publish")
	if err != nil {
		t.Fatal(err)
	}
	return verify.Config{
		Target:  target.Target{URL: u, From: "--endpoint", Token: token, TokenFrom: "t0k3…long (--token-file)"},
		Timeout: 10 * time.Second,
	}
}

// outline is a report as "name:status name:status …".
func outline(r verify.Report) string {
	var parts []string
	for _, c := range r.Checks {
		parts = append(parts, c.Name+":"+string(c.Status))
	}
	return strings.Join(parts, " ")
}

func text(t testing.TB, r verify.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestEverythingIsInOrder(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{Token: token, AcceptEncoding: "gzip, zstd"})
	report := verify.Run(t.Context(), config(t, collector.URL()))
	const want = "configuration:ok dns:skip tcp:ok tls:skip token:ok gzip:ok zstd:ok clock:ok"
	if got := outline(report); got != want || !report.OK {
		t.Errorf("%s\nwant %s\n%s", got, want, text(t, report))
	}
	if l := collector.Ledger(); l.Requests != 3 || l.Received != 0 {
		t.Errorf("the collector saw %+v, want 3 requests without spans", l)
	}
	if strings.Contains(text(t, report), token) || strings.Contains(text(t, report), "to do") {
		t.Error(text(t, report))
	}
}

func TestNames(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{})
	report := verify.Run(t.Context(), config(t, strings.Replace(collector.URL(), "127.0.0.1", "localhost", 1)))
	if c := report.Checks[1]; c.Status != verify.OK || !strings.HasPrefix(c.Detail, "localhost is ") {
		t.Errorf("%+v", c)
	}
	report = verify.Run(t.Context(), config(t, "https://no-such-host.invalid"))
	const want = "configuration:ok dns:fail tcp:skip tls:skip token:skip gzip:skip zstd:skip clock:skip"
	if got := outline(report); got != want || report.OK || !strings.Contains(text(t, report), "to do: see whether the name is spelt right") {
		t.Errorf("%s\nwant %s\n%s", got, want, text(t, report))
	}
}

func TestWhatIsWrong(t *testing.T) {
	const (
		refused = "configuration:ok dns:skip tcp:ok tls:skip token:fail gzip:skip zstd:skip clock:"
		taken   = "configuration:ok dns:skip tcp:ok tls:skip token:ok "
	)
	for _, c := range []struct {
		name  string
		fault sinktest.Fault
		want  string
		toDo  string
	}{
		{"the token is refused", sinktest.Status(401), refused + "ok", "the endpoint refuses the token"},
		{"the token is for something else", sinktest.Status(403), refused + "ok", "the endpoint refuses the token"},
		{"no such path", sinktest.Status(404), refused + "ok", "does not know the path"},
		{"the quota is used up", sinktest.Quota(time.Hour), refused + "ok", "the quota is used up"},
		{"a redirect", sinktest.Redirect(307, "https://elsewhere.example/x"), refused + "ok", `if you trust "elsewhere.example"`},
		{"a login page", sinktest.HTMLPage(), refused + "ok", "a login page"},
		{"too many requests", sinktest.Status(429), refused + "ok", "try again later"},
		{"broken", sinktest.Status(500), refused + "ok", "look into its log"},
		{"another kind of endpoint", sinktest.Status(422), refused + "ok", "no endpoint for spans of this kind"},
		{"it repeats the token", sinktest.Respond(400, `{"error":"`+token+`"}`), refused + "ok", "no endpoint"},
		{"it breaks off", sinktest.ResetAfterBody(), refused + "skip", "the endpoint broke off"},
		{"no compression", sinktest.Unsupported(), taken + "gzip:warn zstd:warn clock:ok", "nothing has to be done"},
		{"clock behind", sinktest.Header("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)), taken + "gzip:ok zstd:ok clock:warn", "set this machine's clock"},
		{"clock ahead", sinktest.Header("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)), taken + "gzip:ok zstd:ok clock:warn", "set this machine's clock"},
		{"no date", sinktest.Header("Date", "soon"), taken + "gzip:ok zstd:ok clock:skip", "--compression zstd"},
	} {
		t.Run(c.name, func(t *testing.T) {
			collector := sinktest.Start(t, sinktest.Config{})
			collector.Set(c.fault)
			report := verify.Run(t.Context(), config(t, collector.URL()))
			shown := text(t, report)
			if got := outline(report); got != c.want || !strings.Contains(shown, c.toDo) || report.OK == strings.Contains(got, "fail") {
				t.Errorf("%s\nwant %s\nto do: %s\n%s", got, c.want, c.toDo, shown)
			}
			if strings.Contains(shown, token) {
				t.Errorf("the token is shown:\n%s", shown)
			}
		})
	}
}

func TestNoToken(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{Token: token})
	cfg := config(t, collector.URL())
	cfg.Target.Token = ""
	report := verify.Run(t.Context(), cfg)
	if report.OK || !strings.Contains(text(t, report), "to do: give a token") {
		t.Error(text(t, report))
	}
}

func TestNobodyListens(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{})
	origin := collector.URL()
	collector.Down()
	report := verify.Run(t.Context(), config(t, origin))
	const want = "configuration:ok dns:skip tcp:fail tls:skip token:skip gzip:skip zstd:skip clock:skip"
	if got := outline(report); got != want || !strings.Contains(text(t, report), "nothing listens there") {
		t.Errorf("%s\n%s", got, text(t, report))
	}
}

// TestAHangIsBounded: whatever is silent, each step ends at its timeout, and what needs its answer is left out.
func TestAHangIsBounded(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{})
	collector.Set(sinktest.Stall())
	silent, err := net.Listen("tcp", "127.0.0.1:0") // its backlog takes connections, and nobody speaks
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	for origin, want := range map[string]string{
		collector.URL():                     "configuration:ok dns:skip tcp:ok tls:skip token:fail gzip:skip zstd:skip clock:skip",
		"https://" + silent.Addr().String(): "configuration:ok dns:skip tcp:ok tls:fail token:skip gzip:skip zstd:skip clock:skip",
	} {
		cfg := config(t, origin)
		cfg.Timeout = 100 * time.Millisecond
		report := verify.Run(t.Context(), cfg)
		if got := outline(report); got != want || !strings.Contains(text(t, report), "no answer within --timeout") {
			t.Errorf("%s\nwant %s\n%s", got, want, text(t, report))
		}
	}
}

func TestCertificates(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		name    string
		host    string
		ends    time.Duration
		trusted bool
		tls     *tls.Config
		status  verify.Status
		want    string
	}{
		{"in order", "127.0.0.1", 90 * day, true, &tls.Config{}, verify.OK, "TLS 1.3, certificate for \"127.0.0.1\" until "},
		{"TLS 1.2", "127.0.0.1", 90 * day, true, &tls.Config{MaxVersion: tls.VersionTLS12}, verify.OK, "TLS 1.2, "},
		{"it ends soon", "127.0.0.1", 3*day + time.Hour, true, &tls.Config{}, verify.Warn, "3 days left"},
		{"it has ended", "127.0.0.1", -day, true, &tls.Config{}, verify.Fail, "have the certificate renewed"},
		{"self-signed", "127.0.0.1", 90 * day, false, &tls.Config{}, verify.Fail, "SSL_CERT_FILE"},
		{"for another name", "other.example", 90 * day, true, &tls.Config{}, verify.Fail, "use a name in --endpoint that the certificate is for"},
		{"TLS 1.1", "127.0.0.1", 90 * day, true, &tls.Config{MinVersion: tls.VersionTLS11, MaxVersion: tls.VersionTLS11}, verify.Fail, "let the server speak TLS 1.2 or 1.3"},
		{"no TLS at all", "", 0, false, nil, verify.Fail, "this port does not speak TLS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			roots := x509.NewCertPool()
			if c.tls == nil {
				server.Start()
			} else {
				pair, leaf := certificate(t, c.host, c.ends)
				if c.trusted {
					roots.AddCert(leaf)
				}
				c.tls.Certificates = []tls.Certificate{pair}
				server.TLS = c.tls
				server.StartTLS()
			}
			t.Cleanup(server.Close)
			cfg := config(t, "https://"+server.Listener.Addr().String())
			cfg.Roots = roots
			report := verify.Run(t.Context(), cfg)
			if check := report.Checks[3]; check.Status != c.status || !strings.Contains(check.Detail+check.ToDo, c.want) {
				t.Errorf("%+v\nwant %s, %q", check, c.status, c.want)
			}
			if report.OK != (c.status != verify.Fail) {
				t.Errorf("%s", text(t, report))
			}
		})
	}
}

// certificate is one that signs itself.
func certificate(t testing.TB, host string, ends time.Duration) (tls.Certificate, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(ends), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, leaf
}

func TestABadConfigurationIsAStepToo(t *testing.T) {
	report := verify.Run(t.Context(), verify.Config{Wrong: errors.New("--endpoint: it has no host")})
	const want = `fail  configuration --endpoint: it has no host
                    to do: mend the flag or the variable that is named; ` + "`tailrace help verify`" + ` lists them
skip  dns           not tried, since a step before it failed
skip  tcp           not tried, since a step before it failed
skip  tls           not tried, since a step before it failed
skip  token         not tried, since a step before it failed
skip  gzip          not tried, since a step before it failed
skip  zstd          not tried, since a step before it failed
skip  clock         there was no answer to read a date from
`
	if got := text(t, report); got != want || report.OK {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

func TestThroughAProxy(t *testing.T) {
	collector := sinktest.Start(t, sinktest.Config{})
	var hosts []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts = append(hosts, r.Host)
		r.URL.Host, r.RequestURI = strings.TrimPrefix(collector.URL(), "http://"), ""
		response, err := collector.Client().Do(r)
		if err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		_ = response.Body.Close()
		w.WriteHeader(response.StatusCode)
	}))
	t.Cleanup(proxy.Close)
	via, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(t, "http://collector.example")
	cfg.Proxy = http.ProxyURL(via)
	report := verify.Run(t.Context(), cfg)
	const want = "configuration:ok dns:skip tcp:ok tls:skip token:ok gzip:ok zstd:ok clock:ok"
	if got := outline(report); got != want || !strings.Contains(text(t, report), "through the proxy "+via.Host) || hosts[0] != "collector.example" {
		t.Errorf("%s\nasked the proxy for %q", text(t, report), hosts)
	}
}
