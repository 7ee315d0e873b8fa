package sink_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
)

// fate is what becomes of a plain body of one span whose first answer has this code, as the table
// in the package's documentation has it.
func fate(code int) string {
	switch {
	case code >= 200 && code < 300:
		return "delivered at once"
	case code >= 300 && code < 400, code == 401, code == 402, code == 403, code == 407:
		return "held, then delivered"
	case code == 408, code == 425, code == 429, code >= 500 && code != 501 && code != 505:
		return "retried, then delivered"
	case code == 413:
		return "failed: too_large"
	}
	return "failed: rejected"
}

// Every status that HTTP has, with each kind of body, over the wire. Each answer leads to another
// host, where nothing goes.
func TestEveryStatusHasItsFate(t *testing.T) {
	const elsewhere = "http://elsewhere.example/ai/spans/publish"
	million := strings.Repeat("0", 1<<20)
	bodies := map[string]func(code int) sinktest.Fault{
		"no body": func(code int) sinktest.Fault { return sinktest.Respond(code, "", "Location", elsewhere) },
		"small body": func(code int) sinktest.Fault {
			return sinktest.Respond(code, `{"message":"hello"}`, "Location", elsewhere)
		},
		"huge body": func(code int) sinktest.Fault {
			return sinktest.Chain(sinktest.Header("Location", elsewhere), sinktest.HugeBody(code, 1<<20))
		},
	}
	for kind, fault := range bodies {
		t.Run(kind, func(t *testing.T) {
			for code := 100; code <= 599; code++ {
				want, answer := fate(code), fault(code)
				switch bare := code < 200 || code == 204 || code == 304; {
				case code < 200 && code != 101 && kind == "no body":
					want, answer = "delivered at once", sinktest.Status(code, "Location", elsewhere) // sent ahead of the healthy answer
				case code < 200 && code != 101:
					want = "retried, then delivered" // these bytes should be the next answer
					fallthrough
				case bare && kind != "no body":
					// A body all the same, from a server that does not know that these have none.
					answer = sinktest.Raw(code, fmt.Sprintf("Location: %s\r\nContent-Length: %d\r\n\r\n%s", elsewhere, len(million), million))
				}
				checkFate(t, code, answer, want)
			}
		})
	}
	codes := map[string]int{}
	for code := 200; code <= 599; code++ {
		codes[fate(code)]++
	}
	for id, happened := range map[string]string{
		"http.1xx":      "99 codes: delivered by 1 request; with a body, which HTTP does not allow, by the second one",
		"http.101":      "failed: rejected, after 1 request",
		"http.2xx":      fmt.Sprint(codes["delivered at once"], " codes × 3 bodies: delivered by 1 request"),
		"http.3xx":      "100 codes × 3 bodies: held for 15 to 31 s, then delivered by the second request; 0 connections to the host of Location",
		"http.held":     fmt.Sprint(codes["held, then delivered"]-100, " codes × 3 bodies: held for 15 to 31 s, then delivered by the second request"),
		"http.retry":    fmt.Sprint(codes["retried, then delivered"], " codes × 3 bodies: delivered by the second request, within 3 s"),
		"http.rejected": fmt.Sprint(codes["failed: rejected"], " codes × 3 bodies: failed: rejected, after 1 request"),
	} {
		faults.Happened(t, id, "%s", happened)
	}
}

// requestsOf is how many requests each fate takes.
var requestsOf = map[string]int{
	"delivered at once": 1, "failed: rejected": 1, "failed: too_large": 1,
	"held, then delivered": 2, "retried, then delivered": 2,
}

func checkFate(t *testing.T, code int, fault sinktest.Fault, want string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := sinktest.StartPipe(t, sinktest.Config{})
		c.Script(fault)
		r := start(t, c, sink.HTTPConfig{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if !strings.HasSuffix(c.URL(), "/"+address) {
				t.Errorf("%d: a connection to %s", code, address)
			}
			return c.DialContext(ctx, network, address)
		}}, pipeline.Config{})
		r.push(span(1))
		if err := r.p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		took, stats := r.since(time.Now()), r.h.Stats()
		err := r.stop()
		got := "delivered at once"
		var status *sink.StatusError
		switch ledger := r.p.Ledger(); {
		case ledger.Failed == 1:
			got = "failed: " + r.p.Stats().Losses[0].Reason
			if loss := r.p.Stats().Losses[0].Err; !errors.As(loss, &status) || status.Code != code || !errors.Is(loss, sink.ErrPermanent) {
				t.Errorf("%d: lost by %v", code, loss)
			}
		case ledger.Delivered != 1:
			got = fmt.Sprint(err)
		case len(r.modes()) > 0:
			got = "held, then delivered"
			if took < 15*time.Second || took > 31*time.Second {
				t.Errorf("%d: held for %v", code, took)
			}
		case stats.Requests > 1:
			got = "retried, then delivered"
			if took > 3*time.Second {
				t.Errorf("%d: retried after %v", code, took)
			}
		}
		if got != want {
			t.Errorf("%d: %s, want %s", code, got, want)
		}
		if n := len(c.Requests()); n != requestsOf[want] {
			t.Errorf("%d: %d requests, want %d", code, n, requestsOf[want])
		}
		if last := stats.LastError; code >= 200 && requestsOf[want] == 2 {
			if !errors.As(last, &status) || status.Code != code || errors.Is(last, sink.ErrPermanent) {
				t.Errorf("%d: last error %v", code, last)
			}
			if status != nil && code < 400 && status.Location != "elsewhere.example" {
				t.Errorf("%d: it leads to %q", code, status.Location)
			}
		}
		if stats.Requests <= 2 && code != 101 && stats.Statuses[2]+stats.Statuses[code/100] < 1 {
			t.Errorf("%d: statuses %v", code, stats.Statuses)
		}
		ledger := pipeline.Ledger{Accepted: 1, Delivered: 1}
		if strings.HasPrefix(want, "failed") {
			ledger = pipeline.Ledger{Accepted: 1, Failed: 1}
		}
		r.check(ledger)
	})
}

func TestWebPageIsNoAcceptance(t *testing.T) {
	for _, kind := range []string{"text/html; charset=utf-8", "TEXT/HTML", "application/xhtml+xml", "text/html;;;", ""} {
		t.Run(kind, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Script(sinktest.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["Content-Type"] = []string{kind}
					if kind == "" {
						w.Header()["Content-Type"] = nil
					}
					_, _ = fmt.Fprint(w, "<!DOCTYPE html><title>Sign in</title>")
				})))
				r := start(t, c, sink.HTTPConfig{}, pipeline.Config{})
				r.push(span(1))
				synctest.Wait()
				state := r.h.State()
				var status *sink.StatusError
				if state.Mode != sink.Paused || !errors.As(state.Err, &status) || status.Code != 200 || errors.Is(state.Err, sink.ErrPermanent) {
					t.Errorf("state %+v", state)
				}
				if err := r.stop(); err != nil {
					t.Error(err)
				}
				checkOnce(t, c, 1)
				r.check(pipeline.Ledger{Accepted: 1, Delivered: 1})
			})
		})
	}
	faults.Happened(t, "http.2xx-html", "held like a 3xx, by its Content-Type or its first bytes; then delivered")
}

func TestPartialSuccess(t *testing.T) {
	for _, test := range []struct {
		name              string
		fault             sinktest.Fault
		delivered, failed int64
	}{
		{"some rejected", sinktest.PartialSuccess(3, "no traceId"), 7, 3},
		{"all rejected", sinktest.PartialSuccess(10, "no traceId"), 0, 10},
		{"more than were sent", sinktest.Respond(200, `{"partialSuccess":{"rejectedSpans":99,"errorMessage":"no traceId"}}`), 0, 10},
		{"a count written as protobuf does", sinktest.Respond(200, `{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no traceId"}}`), 8, 2},
		{"a warning", sinktest.Respond(200, `{"partialSuccess":{"rejectedSpans":0,"errorMessage":"slow down"}}`), 10, 0},
		{"a negative count", sinktest.Respond(200, `{"partialSuccess":{"rejectedSpans":-1}}`), 10, 0},
		{"no JSON", sinktest.Respond(200, `thanks`), 10, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *sinktest.Collector) {
				c.Script(test.fault)
				r := start(t, c, sink.HTTPConfig{}, pipeline.Config{MaxBytes: 1 << 20})
				r.push(spans(1, 10, 10))
				if err := r.p.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
				if used := r.p.Stats().Bytes; used != 0 {
					t.Errorf("%d bytes are still charged", used)
				}
				err := r.stop()
				if got := r.reason(pipeline.ReasonRejected); got != test.failed {
					t.Errorf("%d rejected, want %d", got, test.failed)
				}
				if test.failed > 0 {
					var partial *sink.RejectedError
					if loss := r.p.Stats().Losses[0].Err; !errors.As(loss, &partial) || partial.Message != "no traceId" || !errors.Is(loss, sink.ErrPermanent) {
						t.Errorf("lost by %v", loss)
					}
				} else if err != nil {
					t.Error(err)
				}
				if n := len(c.Requests()); n != 1 {
					t.Errorf("%d requests", n)
				}
				r.check(pipeline.Ledger{Accepted: 10, Delivered: test.delivered, Failed: test.failed})
			})
		})
	}
	faults.Happened(t, "http.partial", "of 10 items, 3 rejected: 7 delivered, 3 failed: rejected with the server's message; a count that cannot be is taken for none, or for all; 1 request")
}

func TestServersWordsAreBoundedAndHoldNoSecret(t *testing.T) {
	bubble(t, func(t *testing.T, c *sinktest.Collector) {
		const token = "canary-4711"
		c.Script(sinktest.Respond(422, "bad\x1b[31m\ntoken "+token+" of Bearer "+token+" query="+token+strings.Repeat("é", 4000), "Content-Type", "text/plain"))
		cfg := sink.HTTPConfig{Endpoint: c.URL() + "/ai/spans/publish?query=" + token}
		cfg.Header = map[string][]string{"Authorization": {"Bearer " + token}}
		r := start(t, c, cfg, pipeline.Config{})
		r.push(span(1))
		err := r.stop()
		text := fmt.Sprintf("%v %+v %v", err, r.h.Stats(), r.states)
		if strings.Contains(text, token) || strings.ContainsAny(text, "\x1b\n") {
			t.Errorf("%q", text)
		}
		var status *sink.StatusError
		if !errors.As(r.h.Stats().LastError, &status) || len(status.Message) > 600 || !strings.HasPrefix(status.Message, "bad [31m token REDACTED of") {
			t.Errorf("%+v", status)
		}
	})
}
