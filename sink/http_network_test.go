package sink_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

var errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}

func asLoss(err error, loss **pipeline.LossError) bool { return errors.As(err, loss) }

// networkFaults are what a network does to one request.
var networkFaults = map[string]sinktest.Fault{
	"reset before the body":   sinktest.ResetBeforeBody(),
	"reset in mid-body":       sinktest.ResetMidBody(),
	"reset after the body":    sinktest.ResetAfterBody(),
	"closed in mid-body":      sinktest.CloseMidBody(),
	"answer lost":             sinktest.AnswerLost(),
	"answer after we gave up": sinktest.AnswerLate(time.Minute),
	"silence":                 sinktest.Stall(),
	"a header of 1 MiB":       sinktest.HugeHeader(200, 1<<20),
	"headers without end":     sinktest.EndlessHeader(200),
	"no HTTP":                 sinktest.Raw(200, "\x00\x01no header\r\n\r\n"),
}

// Two seconds or two tries of each fault, and then all is well: nothing is lost, and what comes
// twice comes under the same key, only after an answer that did not arrive.
func TestNetworkFaultsLoseNothing(t *testing.T) {
	for name, fault := range networkFaults {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.OnRequest(func(r sinktest.Request) sinktest.Fault {
					if r.Attempt <= 2 {
						return fault
					}
					return nil
				})
				r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
				for i := range 10 {
					r.push(spans(10*i+1, 10*i+10, 1000))
				}
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				checkOnce(t, c, 100)
				keys := map[string]int{}
				for _, q := range c.Requests() {
					keys[q.Key]++
				}
				if len(keys) != 10 {
					t.Errorf("%d keys for 10 bodies", len(keys))
				}
				for key, n := range keys {
					if len(key) != 32 || n != 3 {
						t.Errorf("key %q came %d times, want 3", key, n)
					}
				}
				if stats := r.h.Stats(); stats.Requests != 30 || stats.Retries != 20 || stats.Broken != 20 {
					t.Errorf("%+v", stats)
				}
				r.check(pipeline.Ledger{Accepted: 100, Delivered: 100})
			})
		})
	}
}

// The same on a real socket, where resets are real.
func TestNetworkFaultsOnLoopback(t *testing.T) {
	for _, name := range []string{"reset before the body", "reset in mid-body", "reset after the body", "closed in mid-body", "answer lost"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := sinktest.Start(t, sinktest.Config{})
			c.Script(append([]sinktest.Fault{nil}, slices.Repeat([]sinktest.Fault{networkFaults[name]}, 3)...)...)
			r := start(t, c, sink.HTTPConfig{Retry: sink.RetryConfig{Min: time.Millisecond, Max: time.Millisecond}}, pipeline.Config{})
			for i := range 20 {
				r.push(spans(10*i+1, 10*i+10, 1000))
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			checkOnce(t, c, 200)
			r.check(pipeline.Ledger{Accepted: 200, Delivered: 200})
		})
	}
}

// A server that goes away and comes back: its connections are reset and new ones refused.
func TestOutage(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
		sent := 0
		for second := range 60 {
			switch second {
			case 10:
				c.Down()
			case 40:
				c.Up()
			}
			for range 5 {
				sent++
				r.push(span(sent))
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if c.Len() != sent {
			t.Errorf("%d of %d delivered", c.Len(), sent)
		}
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		checkOnce(t, c, sent)
		r.check(pipeline.Ledger{Accepted: int64(sent), Delivered: int64(sent)})
	})
}

// Not one byte goes where a redirect leads.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, code := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
		for _, to := range []string{"http://127.0.0.1:2/elsewhere", "http://other.example/", "https://127.0.0.1:1/", "/another/path", ""} {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				dialed := 0
				c.Script(sinktest.Redirect(code, to))
				r := start(t, c, sink.HTTPConfig{
					Header: http.Header{"X-Api-Key": {"canary-4711"}},
					DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
						if address != "127.0.0.1:1" {
							dialed++
						}
						return c.DialContext(ctx, network, address)
					},
				}, pipeline.Config{})
				r.push(span(1))
				time.Sleep(10 * time.Second)
				state := r.h.State()
				if state.Mode != sink.Paused || state.Err == nil {
					t.Errorf("%d to %q: state %+v", code, to, state)
				}
				var status *sink.StatusError
				if to != "" && to[0] == 'h' && (!errors.As(state.Err, &status) || status.Location == "" || !strings.Contains(to, status.Location)) {
					t.Errorf("%d to %q: %v", code, to, state.Err)
				}
				time.Sleep(30 * time.Second)
				for _, q := range c.Requests() {
					if q.Host != "127.0.0.1:1" || q.Path != "/ai/spans/publish" || q.Method != http.MethodPost {
						t.Errorf("%d to %q: %s %s%s", code, to, q.Method, q.Host, q.Path)
					}
				}
				if dialed != 0 || len(c.Requests()) != 2 {
					t.Errorf("%d to %q: %d dials elsewhere, %d requests", code, to, dialed, len(c.Requests()))
				}
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
			})
		}
	}
}

// A certificate that is not trusted, or a server without one, is for somebody to mend: held.
func TestCertificatesPause(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	secure.Config.ErrorLog = nil
	defer secure.Close()
	old := httptest.NewUnstartedServer(secure.Config.Handler)
	old.TLS = &tls.Config{MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	defer old.Close()
	demanding := httptest.NewUnstartedServer(secure.Config.Handler)
	demanding.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	demanding.StartTLS()
	defer demanding.Close()
	lax := secure.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	lax.MinVersion = tls.VersionTLS10
	plain := httptest.NewServer(secure.Config.Handler)
	defer plain.Close()
	roots := secure.Client().Transport.(*http.Transport).TLSClientConfig

	for _, test := range []struct {
		name, url string
		tls       *tls.Config
	}{
		{"unknown authority", secure.URL, nil},
		{"wrong host", strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), roots},
		{"TLS 1.1", old.URL, roots},
		{"TLS 1.1, although it was allowed", old.URL, lax},
		{"client certificate demanded", demanding.URL, roots},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), roots},
	} {
		t.Run(test.name, func(t *testing.T) {
			paused := make(chan error, 1)
			r := start(t, nil, sink.HTTPConfig{
				Endpoint: test.url, TLS: test.tls, DialContext: (&net.Dialer{}).DialContext,
				OnState: func(s sink.HTTPState) {
					if s.Mode == sink.Paused {
						paused <- s.Err
					}
				},
			}, pipeline.Config{DrainTimeout: 50 * time.Millisecond})
			r.push(span(1))
			select {
			case err := <-paused:
				t.Log(err)
			case <-time.After(10 * time.Second):
				t.Errorf("not paused: %+v", r.h.Stats())
			}
			_ = r.stop()
			r.check(pipeline.Ledger{Accepted: 1, Abandoned: 1})
		})
	}
	t.Run("trusted", func(t *testing.T) {
		r := start(t, nil, sink.HTTPConfig{Endpoint: secure.URL, TLS: roots, DialContext: (&net.Dialer{}).DialContext}, pipeline.Config{})
		r.push(span(1), span(2))
		if err := r.stop(); err != nil {
			t.Error(err)
		}
		r.check(pipeline.Ledger{Accepted: 2, Delivered: 2})
	})
}
