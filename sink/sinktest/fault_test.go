package sinktest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/sink/sinktest"
)

var errAny = errors.New("any error")

func TestFaults(t *testing.T) {
	one := spans(1, 1)
	stored := sinktest.Ledger{Requests: 1, Received: 1, Stored: 1}
	rejected := sinktest.Ledger{Requests: 1, Received: 1, Rejected: 1}
	unread := sinktest.Ledger{Requests: 1, Unread: 1}
	plain := call{body: one}
	compressed := call{coding: "gzip", body: pack(t, one, gzipWriter)}
	released := make(chan struct{})
	close(released)

	for _, test := range []struct {
		name   string
		fault  sinktest.Fault
		call   call
		code   int
		answer string // a part of the body
		header string // a field that must be there, as "Name: value"
		err    error  // of the call, or of reading its answer
		ledger sinktest.Ledger
	}{
		{"Status of an error", sinktest.Status(503, "Retry-After", "3"), plain, 503, "", "Retry-After: 3", nil, rejected},
		{"Status of a success", sinktest.Status(202), plain, 202, "{}", "", nil, stored},
		{"Status without a body", sinktest.Status(204), plain, 204, "", "", nil, stored},
		{"Status of its own", sinktest.Status(599), plain, 599, "", "", nil, rejected},
		{"Status sent ahead", sinktest.Status(103, "Link", "<x>"), plain, 200, "{}", "Link: ", nil, stored},
		{"Respond", sinktest.Respond(400, `{"why":"not"}`, "Content-Type", "text/x"), plain, 400, `{"why":"not"}`, "Content-Type: text/x", nil, rejected},
		{"Respond with a success", sinktest.Respond(200, `{"partialSuccess":{"rejectedSpans":9}}`), plain, 200, "9", "", nil, stored},
		{"RetryAfter", sinktest.RetryAfter("-1"), plain, 503, "", "Retry-After: -1", nil, rejected},
		{"RetryAfter twice", sinktest.RetryAfter("1", "NaN"), plain, 503, "", "Retry-After: 1,NaN", nil, rejected},
		{"Redirect", sinktest.Redirect(307, "https://elsewhere.example/"), plain, 307, "", "Location: https://elsewhere.example/", nil, rejected},
		{"PartialSuccess", sinktest.PartialSuccess(1, "odd"), call{body: spans(1, 3)}, 200, `{"partialSuccess":{"rejectedSpans":1,"errorMessage":"odd"}}`, "", nil,
			sinktest.Ledger{Requests: 1, Received: 3, Stored: 2, Rejected: 1}},
		{"PartialSuccess of more than came", sinktest.PartialSuccess(5, "odd"), plain, 200, `"rejectedSpans":1,`, "", nil, rejected},
		{"TooLarge", sinktest.TooLarge(9000), call{body: spans(1, 2)}, 413, "9000", "", nil, sinktest.Ledger{Requests: 1, Received: 2, Rejected: 2}},
		{"TooLarge goes by decoded bytes", sinktest.TooLarge(1000), compressed, 413, "1000", "", nil, rejected},
		{"TooLarge for one that is not", sinktest.TooLarge(9000), plain, 200, "{}", "", nil, stored},
		{"HTMLPage", sinktest.HTMLPage(), plain, 200, "Sign in", "Content-Type: text/html; charset=utf-8", nil, rejected},
		{"Unsupported", sinktest.Unsupported(), compressed, 415, "", "Accept-Encoding: identity", nil, rejected},
		{"Unsupported for a plain body", sinktest.Unsupported(), plain, 200, "{}", "", nil, stored},
		{"Quota", sinktest.Quota(90 * time.Second), call{capability: "quota-pause-v1", body: one}, 402, "", "X-Mastra-Observability-Retry-After: 90", nil, rejected},
		{"Quota for an old client", sinktest.Quota(time.Minute), plain, 204, "", "X-Mastra-Observability: ", nil, rejected},
		{"Header", sinktest.Header("X-Mastra-Observability", "disabled"), plain, 200, "{}", "X-Mastra-Observability: disabled", nil, stored},
		{"Chain", sinktest.Chain(nil, sinktest.Header("A", "1"), sinktest.Delay(time.Millisecond), sinktest.Status(500), sinktest.Stall()), plain, 500, "", "A: 1", nil, rejected},
		{"Chain without an end", sinktest.Chain(), plain, 200, "{}", "", nil, stored},
		{"When it applies", sinktest.When(sinktest.Request.Compressed, sinktest.Status(400)), compressed, 400, "", "", nil, rejected},
		{"When it does not", sinktest.When(sinktest.Request.Compressed, sinktest.Status(400)), plain, 200, "{}", "", nil, stored},
		{"Handler", sinktest.Handler(http.RedirectHandler("/there", http.StatusFound)), plain, 302, "", "Location: /there", nil, unread},
		{"Hold", sinktest.Hold(released), plain, 200, "{}", "", nil, stored},
		{"AnswerLate", sinktest.AnswerLate(time.Millisecond), plain, 200, "{}", "", nil, stored},
		{"SlowRead", sinktest.SlowRead(1<<10, time.Millisecond), plain, 200, "{}", "", nil, stored},

		{"HugeBody", sinktest.HugeBody(200, 10<<30), plain, 200, "0", "Content-Length: 10737418240", nil, stored},
		{"HugeBody of an error", sinktest.HugeBody(500, 1000), plain, 500, strings.Repeat("0", 1000), "", nil, rejected},
		{"EndlessBody", sinktest.EndlessBody(200), plain, 200, "0", "", nil, stored},
		{"GzipBomb", sinktest.GzipBomb(200, 10<<20), plain, 200, "\x1f\x8b", "Content-Encoding: gzip", nil, stored},
		{"HugeHeader", sinktest.HugeHeader(400, 1<<20), plain, 400, "", "X-Huge: " + strings.Repeat("0", 1<<20), nil, rejected},
		{"HugeHeader above the limit", sinktest.HugeHeader(200, 11<<20), plain, 0, "", "", errAny, stored},
		{"EndlessHeader", sinktest.EndlessHeader(200), plain, 0, "", "", errAny, stored},
		{"WrongContentLength, short", sinktest.WrongContentLength(200, 100, 10), plain, 200, "0", "", io.ErrUnexpectedEOF, stored},
		{"WrongContentLength, long", sinktest.WrongContentLength(500, 10, 100), plain, 500, "0", "", nil, rejected},
		{"Raw", sinktest.Raw(200, "Transfer-Encoding: chunked\r\n\r\nno chunk"), plain, 200, "", "", errAny, stored},
		{"Raw of an unknown status", sinktest.Raw(799, "\r\n"), plain, 799, "", "", nil, rejected},

		{"ResetBeforeBody", sinktest.ResetBeforeBody(), plain, 0, "", "", syscall.ECONNRESET, unread},
		{"ResetMidBody", sinktest.ResetMidBody(), plain, 0, "", "", syscall.ECONNRESET, unread},
		{"ResetAfterBody", sinktest.ResetAfterBody(), plain, 0, "", "", syscall.ECONNRESET, rejected},
		{"CloseMidBody", sinktest.CloseMidBody(), plain, 0, "", "", errAny, unread},
		{"AnswerLost", sinktest.AnswerLost(), plain, 0, "", "", syscall.ECONNRESET, stored},

		{"a success for a request that deserves none", sinktest.Status(200), call{path: "/nowhere", body: one}, 404, "path", "", nil, rejected},
		{"an answer lost that was a refusal", sinktest.AnswerLost(), call{body: "{"}, 400, "", "", nil, unread},
	} {
		t.Run(test.name, func(t *testing.T) {
			everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
				c.Script(test.fault)
				got := post(t, c, test.call)
				if got.code != test.code || !strings.Contains(got.body, test.answer) {
					t.Errorf("got %d %.80q, error %v; want %d with %q", got.code, got.body, got.err, test.code, test.answer)
				}
				if !matches(got.err, test.err) {
					t.Errorf("got error %v, want %v", got.err, test.err)
				}
				if name, want, ok := strings.Cut(test.header, ": "); ok {
					if value := strings.Join(got.header.Values(name), ","); value != want {
						t.Errorf("%s: got %.80q, want %.80q", name, value, want)
					}
				}
				checkLedger(t, c, test.ledger)
			})
		})
	}
}

// matches compares errors. On loopback a reset that meets a write may show as a broken pipe, or
// as a closed connection when net/http has read the reset first.
func matches(got, want error) bool {
	switch {
	case want == nil:
		return got == nil
	case errors.Is(want, errAny):
		return got != nil
	case errors.Is(want, syscall.ECONNRESET):
		return errors.Is(got, syscall.ECONNRESET) || errors.Is(got, syscall.EPIPE) || errors.Is(got, net.ErrClosed)
	}
	return errors.Is(got, want)
}

func TestEveryStatusIsAnsweredAndCounted(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		var want sinktest.Ledger
		for code := 101; code < 600; code++ {
			if code > 101 && code < 200 {
				continue // sent ahead of a 200
			}
			c.Script(sinktest.Status(code))
			want.Requests++
			want.Received++
			switch {
			case code/100 != 2:
				want.Rejected++
			case want.Stored == 0:
				want.Stored++
			default:
				want.Repeated++
			}
			if got := post(t, c, call{body: `{"spans":[{"id":"1"}]}`}); got.code != code || got.err != nil {
				t.Errorf("got %d, error %v; want %d", got.code, got.err, code)
			}
		}
		checkLedger(t, c, want)
	})
}

func TestWaitsEndWithTheClient(t *testing.T) {
	for name, fault := range map[string]func() sinktest.Fault{
		"Stall":      sinktest.Stall,
		"Hold":       func() sinktest.Fault { return sinktest.Hold(make(chan struct{})) },
		"Delay":      func() sinktest.Fault { return sinktest.Delay(time.Hour) },
		"AnswerLate": func() sinktest.Fault { return sinktest.AnswerLate(time.Hour) },
		"SlowRead":   func() sinktest.Fault { return sinktest.SlowRead(4<<10, time.Hour) },
		"SlowBody":   func() sinktest.Fault { return sinktest.SlowBody(200, time.Hour) },
		"SlowHeader": func() sinktest.Fault { return sinktest.SlowHeader(200, time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := sinktest.StartPipe(t, sinktest.Config{})
				c.Script(fault())
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				got := post(t, c, call{ctx: ctx, body: spans(1, 1)})
				if !errors.Is(got.err, context.DeadlineExceeded) || time.Since(start) != 10*time.Second {
					t.Errorf("got %d, error %v after %v; want a timeout after 10s", got.code, got.err, time.Since(start))
				}
				if name == "SlowRead" {
					time.Sleep(4 * time.Hour) // who does not read learns of it once all that was sent is read
				}
				synctest.Wait()
				want := sinktest.Ledger{Requests: 1, Received: 1, Rejected: 1}
				switch name {
				case "AnswerLate", "SlowBody", "SlowHeader":
					want = sinktest.Ledger{Requests: 1, Received: 1, Stored: 1}
				case "SlowRead":
					want = sinktest.Ledger{Requests: 1, Unread: 1}
				}
				if l := c.Ledger(); l != want {
					t.Errorf("ledger:\n got %+v\nwant %+v", l, want)
				}
			})
		})
	}
}

func TestWaitsEndWithTheCollector(t *testing.T) {
	for name, fault := range map[string]func() sinktest.Fault{
		"Stall":      sinktest.Stall,
		"Hold":       func() sinktest.Fault { return sinktest.Hold(make(chan struct{})) },
		"Delay":      func() sinktest.Fault { return sinktest.Delay(time.Hour) },
		"AnswerLate": func() sinktest.Fault { return sinktest.AnswerLate(time.Hour) },
		"SlowRead":   func() sinktest.Fault { return sinktest.SlowRead(1, time.Hour) },
		"SlowBody":   func() sinktest.Fault { return sinktest.SlowBody(200, time.Hour) },
		"SlowHeader": func() sinktest.Fault { return sinktest.SlowHeader(200, time.Hour) },
		"Handler": func() sinktest.Fault {
			return sinktest.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
				arrived := make(chan struct{})
				c.OnRequest(func(sinktest.Request) sinktest.Fault {
					close(arrived)
					return fault()
				})
				failed := make(chan error)
				go func() { failed <- post(t, c, call{body: spans(1, 1)}).err }()
				<-arrived
				c.Close()
				if err := <-failed; err == nil {
					t.Error("the client got an answer")
				}
			})
		})
	}
}

func TestTimeThatFaultsTake(t *testing.T) {
	for name, test := range map[string]struct {
		fault sinktest.Fault
		want  time.Duration
	}{
		"Delay":      {sinktest.Delay(3 * time.Second), 3 * time.Second},
		"AnswerLate": {sinktest.AnswerLate(3 * time.Second), 3 * time.Second},
		"SlowRead":   {sinktest.SlowRead(1, time.Second), 12 * time.Second}, // a second for each byte
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := sinktest.StartPipe(t, sinktest.Config{})
				c.Script(test.fault)
				start := time.Now()
				got := post(t, c, call{body: `{"spans":[]}`})
				if took := time.Since(start); got.code != 200 || took != test.want {
					t.Errorf("got %d, error %v after %v; want 200 after %v", got.code, got.err, took, test.want)
				}
			})
		})
	}
}

func TestSlowBodyComesByteByByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sinktest.StartPipe(t, sinktest.Config{})
		c.Script(sinktest.SlowBody(500, 10*time.Second))
		response, err := c.Client().Post(c.URL(), "application/json", strings.NewReader(spans(1, 1)))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		start := time.Now()
		if _, err := io.ReadFull(response.Body, make([]byte, 3)); err != nil || time.Since(start) != 30*time.Second {
			t.Errorf("three bytes after %v, error %v; want 30s", time.Since(start), err)
		}
	})
}

// A client with no bound on what it reads must meet its timeout although every read succeeds,
// and must not take what it has for the whole when the collector ends.
func TestAnEndlessBodyIsNeverWhole(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(c *sinktest.Collector, cancel func())
		want error
	}{
		"the client times out":    {func(_ *sinktest.Collector, cancel func()) { cancel() }, context.Canceled},
		"the collector goes down": {func(c *sinktest.Collector, _ func()) { c.Down() }, syscall.ECONNRESET},
		"the collector closes":    {func(c *sinktest.Collector, _ func()) { c.Close() }, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := sinktest.StartPipe(t, sinktest.Config{})
				c.Script(sinktest.EndlessBody(200))
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL(), strings.NewReader(spans(1, 1)))
				if err != nil {
					t.Fatal(err)
				}
				response, err := c.Client().Do(request)
				if err != nil {
					t.Fatal(err)
				}
				defer response.Body.Close()
				time.AfterFunc(100*time.Millisecond, func() { test.end(c, cancel) })
				if n, err := io.Copy(io.Discard, response.Body); !errors.Is(err, test.want) {
					t.Errorf("read %d bytes, error %v; want %v", n, err, test.want)
				}
			})
		})
	}
}

func TestFaultsThatCannotBeAreRefusedAtOnce(t *testing.T) {
	odd := []string{"Retry-After"}
	for name, build := range map[string]func(){
		"a status of one digit":    func() { sinktest.Status(7) },
		"a header without a value": func() { sinktest.Status(500, odd...) },
		"a reader that is frozen":  func() { sinktest.SlowRead(0, time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			build()
		})
	}
}

func TestOrderOfFaults(t *testing.T) {
	everywhere(t, sinktest.Config{}, func(t *testing.T, c *sinktest.Collector) {
		c.Set(sinktest.Status(500))
		c.OnRequest(func(r sinktest.Request) sinktest.Fault {
			if r.Attempt%2 == 0 {
				return sinktest.Status(502)
			}
			return nil
		})
		c.Script(sinktest.Status(503), nil)
		c.Script(sinktest.Status(504))
		var got []int
		for i := range 7 {
			if i == 6 {
				c.Heal()
			}
			got = append(got, post(t, c, call{key: "k", body: `{"spans":[]}`}).code)
		}
		if want := []int{503, 200, 504, 502, 500, 502, 200}; !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// The faults of a batch must not depend on what other batches do meanwhile.
func TestRandIsDrawnFromKeyAndAttempt(t *testing.T) {
	faults := func(keys ...string) map[string][]int {
		codes := map[string][]int{}
		c, err := sinktest.New(sinktest.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.OnRequest(func(r sinktest.Request) sinktest.Fault {
			if r.Rand(7).IntN(2) == 0 {
				return sinktest.Status(503)
			}
			return nil
		})
		for _, key := range keys {
			codes[key] = append(codes[key], post(t, c, call{key: key, body: `{"spans":[]}`}).code)
		}
		return codes
	}
	one := faults("a", "a", "a", "a", "a", "a", "b", "b", "b", "b", "b", "b")
	other := faults("b", "a", "b", "b", "a", "b", "a", "a", "b", "a", "b", "a")
	for _, key := range []string{"a", "b"} {
		if !slices.Equal(one[key], other[key]) {
			t.Errorf("%s: %v in one order, %v in another", key, one[key], other[key])
		}
		if !slices.Contains(one[key], 503) || !slices.Contains(one[key], 200) {
			t.Errorf("%s: %v is no mixture", key, one[key])
		}
	}
	if slices.Equal(one["a"], one["b"]) {
		t.Errorf("both batches have the faults %v", one["a"])
	}
}
