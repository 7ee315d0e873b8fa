package sink_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// childVariable is set where a test runs in a process of its own.
const childVariable = "TAILRACE_TEST_CHILD"

// inChild runs this subtest again in a process of its own, for what a process has only one of. It is true
// there, and in the parent once that one has passed.
func inChild(t *testing.T, env ...string) (child bool) {
	t.Helper()
	if os.Getenv(childVariable) != "" {
		return true
	}
	name := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", name, "-test.v")
	cmd.Env = append(append(os.Environ(), childVariable+"=1"), env...)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatalf("in a process of its own: %v\n%s", err, out)
	}
	return false
}

// proxySecret is the password of a proxy, which no text may show.
const proxySecret = "canary-4711"

// net/http reads the variables of proxies once in a process.
func TestProxyVariables(t *testing.T) {
	const wasShown = "shown at once, without the password in it; held, and at the end abandoned and counted"
	rows := []struct {
		id   string
		came string
		play func(t *testing.T, id string)
	}{
		{"net.proxy-set", wasWell, proxySet},
		{"net.proxy-invalid", wasShown, func(t *testing.T, _ string) { proxyInvalid(t, "http://user:"+proxySecret+"@[::1") }},
		{"net.proxy-invalid-port", wasShown, func(t *testing.T, _ string) { proxyInvalid(t, "user:"+proxySecret+"@127.0.0.1:http") }},
		{"net.proxy-407", wasHeld, proxyRefuses},
		{"net.proxy-connect-407", wasHeld, func(t *testing.T, id string) { proxyRefusesConnect(t, id, http.StatusProxyAuthRequired) }},
		{"net.proxy-connect-502", "retried; " + wasWell, func(t *testing.T, id string) { proxyRefusesConnect(t, id, http.StatusBadGateway) }},
	}
	for _, row := range rows {
		t.Run(row.id, func(t *testing.T) {
			if os.Getenv(childVariable) == "" {
				t.Parallel()
			}
			if inChild(t, "NO_PROXY=", "no_proxy=", "HTTP_PROXY=", "http_proxy=", "HTTPS_PROXY=", "https_proxy=", "REQUEST_METHOD=") {
				row.play(t, row.id)
				return
			}
			faults.Happened(t, row.id, "%s", row.came)
		})
	}
}

// proxy answers with status while that is set, and otherwise does what it is asked for.
type proxy struct {
	*httptest.Server
	status atomic.Int64
	asked  atomic.Int64
}

func startProxy(t *testing.T, forward http.Handler) *proxy {
	t.Helper()
	p := &proxy{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if user, password, ok := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth(); !ok || user != "user" || password != proxySecret {
			t.Errorf("the proxy was not told its user and password")
		}
		if status := p.status.Load(); status != 0 {
			w.Header().Set("Proxy-Authenticate", "Basic")
			w.WriteHeader(int(status))
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(p.Close)
	return p
}

// variable is what a proxy's variable says.
func (p *proxy) variable() string {
	return fmt.Sprintf("http://user:%s@%s", proxySecret, hostOf(p.URL))
}

func proxySet(t *testing.T, id string) {
	c := sinktest.Start(t, sinktest.Config{})
	p := startProxy(t, c)
	t.Setenv("HTTP_PROXY", p.variable())
	trouble{
		id: id, begin: func() {}, end: func() {},
		cfg: sink.HTTPConfig{Endpoint: "http://collector.example", DialContext: (&net.Dialer{}).DialContext},
	}.play(t, c)
	if n := len(c.Requests()); n == 0 || int64(n) != p.asked.Load() {
		t.Errorf("%d requests, %d by the proxy", n, p.asked.Load())
	}
	for _, q := range c.Requests() {
		if q.Host != "collector.example" {
			t.Errorf("sent to %q", q.Host)
		}
	}
}

func proxyRefuses(t *testing.T, id string) {
	c := sinktest.Start(t, sinktest.Config{})
	p := startProxy(t, c)
	t.Setenv("HTTP_PROXY", p.variable())
	trouble{
		id: id, held: true, met: says("407 Proxy Authentication Required"),
		begin: func() { p.status.Store(http.StatusProxyAuthRequired) }, end: func() { p.status.Store(0) },
		cfg: sink.HTTPConfig{Endpoint: "http://collector.example", DialContext: (&net.Dialer{}).DialContext},
	}.play(t, c)
}

func proxyRefusesConnect(t *testing.T, id string, status int) {
	c := sinktest.Start(t, sinktest.Config{})
	own := newAuthority(t)
	server := startSecure(t, c, own.issue(t, tlsHost, time.Now().Add(time.Hour)), false)
	p := startProxy(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != tlsHost+":443" {
			t.Errorf("the proxy was asked for %s %s", r.Method, r.Host)
		}
		near, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = near.Close() }()
		_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n") // a client that is gone is not the fault here
		far, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		go func() {
			_, _ = io.Copy(far, buffered)
			_ = far.Close()
		}()
		_, _ = io.Copy(near, far)
	}))
	t.Setenv("HTTPS_PROXY", p.variable())
	trouble{
		id: id, held: status == http.StatusProxyAuthRequired, met: func(err error) bool {
			return says(http.StatusText(status))(err) && !strings.Contains(err.Error(), proxySecret)
		},
		begin: func() {
			p.status.Store(int64(status))
			server.breakOff()
		},
		end: func() { p.status.Store(0) },
		cfg: sink.HTTPConfig{
			Endpoint: "https://" + tlsHost, TLS: &tls.Config{RootCAs: own.roots}, DialContext: (&net.Dialer{}).DialContext,
		},
	}.play(t, c)
}

func proxyInvalid(t *testing.T, value string) {
	c := sinktest.Start(t, sinktest.Config{})
	t.Setenv("HTTP_PROXY", value)
	r := start(t, c, sink.HTTPConfig{
		Endpoint: "http://collector.example", DialContext: (&net.Dialer{}).DialContext,
		Retry: sink.RetryConfig{Min: socketPause / 10, Max: socketPause},
	}, pipeline.Config{DrainTimeout: 50 * time.Millisecond})
	r.push(span(1), span(2))
	if !eventually(30*time.Second, func() bool { return r.h.State().Mode == sink.Paused }) {
		t.Errorf("not paused: %+v", r.h.Stats())
	}
	err := r.h.State().Err
	if err == nil || !strings.Contains(err.Error(), "HTTP_PROXY") {
		t.Errorf("the error does not say what to mend: %v", err)
	}
	var loss *pipeline.LossError
	if err := r.stop(); !errors.As(err, &loss) {
		t.Errorf("%v", err)
	}
	for _, text := range []string{fmt.Sprint(err), fmt.Sprint(r.p.Stats().Losses), fmt.Sprint(r.states)} {
		if strings.Contains(text, proxySecret) {
			t.Errorf("a password is in %q", text)
		}
	}
	r.check(pipeline.Ledger{Accepted: 2, Abandoned: 2})
	if len(c.Requests()) != 0 {
		t.Error("something was sent past the proxy")
	}
}
