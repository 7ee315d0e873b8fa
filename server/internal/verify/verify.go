// Package verify is the command `tailrace verify`: it goes the way of a request to an endpoint step by step, and says for
// each step how it went and, where it failed, what to do.
package verify

import (
	"cmp"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/target"
	"github.com/tailrace-go/tailrace/span"
)

// Config says what to check.
type Config struct {
	Target  target.Target
	Wrong   error         // what is wrong with the configuration, so that there is no Target
	Wire    span.Format   // of the empty batch
	Timeout time.Duration // of each step; 0 means 10 s

	Roots *x509.CertPool                        // nil means the system's
	Proxy func(*http.Request) (*url.URL, error) // nil means what the environment says
}

// Status is how a step went.
type Status string

// The four of them. A warning keeps nothing from being delivered.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
	Skip Status = "skip"
)

// Check is one step.
type Check struct {
	Name   string        `json:"name"`
	Status Status        `json:"status"`
	Detail string        `json:"detail"`
	ToDo   string        `json:"to_do,omitempty"`
	Took   time.Duration `json:"took_ns"`
}

// Report is what came of all steps, in their order.
type Report struct {
	OK     bool    `json:"ok"` // none has failed
	Checks []Check `json:"checks"`
}

// Write writes a line for each step, and one for what is to do about it. The error is w's.
func (r Report) Write(w io.Writer) error {
	for _, c := range r.Checks {
		if _, err := fmt.Fprintf(w, "%-5s %-13s %s\n", c.Status, c.Name, c.Detail); err != nil {
			return err
		}
		if c.ToDo != "" {
			if _, err := fmt.Fprintf(w, "      %-13s to do: %s\n", "", c.ToDo); err != nil {
				return err
			}
		}
	}
	return nil
}

// run is one run of all steps.
type run struct {
	cfg    Config
	via    *url.URL // a proxy, or nil
	client *http.Client
	first  *reply // what the endpoint answered to the empty batch, whatever that was
	report Report
	failed bool // a step has, so that those behind it mean nothing
}

// step returns how it went; nothing of it is secret.
type step struct {
	name string
	do   func(context.Context, *run) Check
}

var steps = []step{
	{"configuration", configuration},
	{"dns", lookUp},
	{"tcp", connect},
	{"tls", shakeHands},
	{"token", sendEmpty},
	{"gzip", sendGzip},
	{"zstd", sendZstd},
	{"clock", compareClocks},
}

// Run goes all steps, each within the timeout. It sends up to three requests, each without spans.
func Run(ctx context.Context, cfg Config) Report {
	cfg.Timeout = cmp.Or(cfg.Timeout, 10*time.Second)
	if cfg.Proxy == nil {
		cfg.Proxy = http.ProxyFromEnvironment
	}
	r := &run{cfg: cfg, report: Report{OK: true}}
	transport := r.newTransport()
	defer transport.CloseIdleConnections()
	r.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, s := range steps {
		within, cancel := context.WithTimeout(ctx, cfg.Timeout)
		began := time.Now()
		c := s.do(within, r)
		cancel()
		c.Name, c.Took = s.name, time.Since(began)
		if c.Status == Fail {
			r.failed, r.report.OK = true, false
		}
		r.report.Checks = append(r.report.Checks, c)
	}
	return r.report
}

func ok(format string, args ...any) Check {
	return Check{Status: OK, Detail: fmt.Sprintf(format, args...)}
}

func skip(why string) Check { return Check{Status: Skip, Detail: why} }

func bad(status Status, toDo, format string, args ...any) Check {
	return Check{Status: status, Detail: fmt.Sprintf(format, args...), ToDo: toDo}
}

const afterFailure = "not tried, since a step before it failed"

func configuration(_ context.Context, r *run) Check {
	if r.cfg.Wrong != nil {
		return bad(Fail, "mend the flag or the variable that is named; `tailrace help verify` lists them", "%v", r.cfg.Wrong)
	}
	t := r.cfg.Target
	token := "no token"
	if t.Token != "" {
		token = "token " + t.TokenFrom
	}
	detail := fmt.Sprintf("%s (%s), %s", t.Shown(), t.From, token)
	via, err := r.cfg.Proxy(&http.Request{URL: t.URL})
	switch {
	case err != nil:
		return bad(Fail, "mend or unset HTTPS_PROXY or HTTP_PROXY", "%s, but the proxy that the environment names is no URL", detail)
	case via != nil:
		r.via = via
		detail += ", through the proxy " + via.Host
	}
	return ok("%s", detail)
}

// peer is the host and port that connections go to.
func (r *run) peer() (host, port string) {
	u := r.cfg.Target.URL
	if r.via != nil {
		u = r.via
	}
	port = u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	case u.Scheme == "socks5" || u.Scheme == "socks5h":
		port = "1080"
	default:
		port = "443"
	}
	return u.Hostname(), port
}

func lookUp(ctx context.Context, r *run) Check {
	if r.failed {
		return skip(afterFailure)
	}
	host, _ := r.peer()
	if net.ParseIP(host) != nil {
		return skip(host + " is an address already")
	}
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return bad(Fail, "see whether the name is spelt right, and whether this machine, or its container, has a working DNS resolver", "%s", reason(err))
	}
	return ok("%s is %s", host, listed(addresses))
}

// listed names a few.
func listed(addresses []string) string {
	text := addresses[0]
	for i, a := range addresses[1:] {
		if i == 3 {
			return fmt.Sprintf("%s and %d more", text, len(addresses)-4)
		}
		text += ", " + a
	}
	return text
}

func connect(ctx context.Context, r *run) Check {
	if r.failed {
		return skip(afterFailure)
	}
	host, port := r.peer()
	began := time.Now()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return bad(Fail, dialAdvice(err), "%s", reason(err))
	}
	took := time.Since(began)
	address := conn.RemoteAddr()
	_ = conn.Close() // nothing was written
	return ok("connected to %v in %v", address, took.Round(100*time.Microsecond))
}
