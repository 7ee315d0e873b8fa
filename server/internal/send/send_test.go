package send_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/server/internal/send"
	"github.com/tailrace-go/tailrace/server/internal/spanfile"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

func TestEveryKindOfInput(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(w, lines(t, 3000)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	inputs := []spanfile.Input{input("spans.gz", zipped.String())}
	want := 3000
	for _, name := range captured.Names() {
		spans, _, err := span.DecodeBody(captured.Body(name))
		if err != nil {
			t.Fatal(err)
		}
		packed, err := stages.Zstd.Append(nil, captured.Body(name))
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, input(name, string(captured.Body(name))), input(name+".zst", string(packed)))
		want += 2 * len(spans) // the collector keeps one of each
	}
	for _, wire := range []span.Format{span.V0, span.V1} {
		for _, compression := range []string{"auto", "zstd", "none"} {
			t.Run(fmt.Sprintf("%v %s", wire, compression), func(t *testing.T) {
				collector := sinktest.StartPipe(t, sinktest.Config{AcceptEncoding: "gzip, zstd"})
				cfg := config(collector, inputs...)
				cfg.Wire, cfg.Compression = wire, compression
				result, err := send.Run(t.Context(), cfg)
				if err != nil || result.Delivered != int64(want) || result.Next != int64(want) || !result.Whole || result.Resume != "" {
					t.Errorf("%+v: %v\n%s", result, err, problems(cfg))
				}
				if none := missing(collector, 3000); len(none) > 0 {
					t.Errorf("not stored: %v", none)
				}
			})
		}
	}
}

func TestTheResultIsTheDemosJSON(t *testing.T) {
	collector := sinktest.StartPipe(t, sinktest.Config{})
	result, err := send.Run(t.Context(), config(collector, input("f", lines(t, 2)+"{}\n")))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"accepted":2,"made":0,"delivered":2,"filtered":0,"dropped":0,"failed":0,"abandoned":0,"spooled":0,"in_flight":0,"refused":1,"stages":[`
	if !strings.HasPrefix(string(text), want) {
		t.Errorf("%s\nwant %s", text, want)
	}
}

func TestBadRecordsCostNoneOfTheirNeighbours(t *testing.T) {
	collector := sinktest.StartPipe(t, sinktest.Config{})
	text := line(t, 0, 0) + "{\"traceId\":\"x\n" + line(t, 0, 1) + "{\"traceId\":\"x\"}\n" + line(t, 0, 2)
	broken := input("broken", "")
	broken.Open = func() (io.ReadCloser, error) { return nil, os.ErrPermission }
	cut := input("cut.gz", "\x1f\x8b\x08")
	cfg := config(collector, broken, cut, input("a", text), input("b", lines(t, 5)))
	result, err := send.Run(t.Context(), cfg)
	if err != nil || result.Delivered != 8 || result.Bad != 2 || result.Refused != 2 || result.Unreadable != 2 || result.Next != 10 {
		t.Errorf("%+v: %v", result, err)
	}
	if none := missing(collector, 5); len(none) > 0 {
		t.Errorf("not stored: %v", none)
	}
	const want = `tailrace: permission denied; nothing behind that can be read
tailrace: cut.gz: unexpected EOF; nothing behind that can be read
tailrace: a:2 (byte 223): the line ends within quotes
tailrace: a:4 (byte 494): span: spanId: missing
`
	if got := problems(cfg); got != want {
		t.Errorf("told\n%s\nwant\n%s", got, want)
	}
}

func TestStrict(t *testing.T) {
	collector := sinktest.StartPipe(t, sinktest.Config{})
	text := lines(t, 3) + "no span\n" + line(t, 0, 3)
	cfg := config(collector, input("f", text))
	cfg.Strict = true
	result, err := send.Run(t.Context(), cfg)
	if err != nil || result.Delivered != 3 || result.Bad != 1 || result.Resume != "--from 3" {
		t.Errorf("%+v: %v", result, err)
	}
	cfg = config(collector, input("f", strings.Replace(text, "no span\n", line(t, 0, 4), 1)))
	cfg.Strict, cfg.From = true, 3
	if result, err = send.Run(t.Context(), cfg); err != nil || result.Delivered != 2 || !result.Whole {
		t.Errorf("mended: %+v: %v", result, err)
	}
	if none := missing(collector, 5); len(none) > 0 {
		t.Errorf("not stored: %v", none)
	}
}

func TestManyBadRecordsAreNotAllNamed(t *testing.T) {
	cfg := send.Config{Inputs: []spanfile.Input{input("f", strings.Repeat("{}\n", 1000))}, DryRun: true, Problems: new(bytes.Buffer)}
	result, err := send.Run(t.Context(), cfg)
	if n := strings.Count(problems(cfg), "\n"); err != nil || result.Bad != 1000 || n != 21 {
		t.Errorf("%d lines, %+v: %v", n, result, err)
	}
}

func TestDryRunSendsNothing(t *testing.T) {
	var shown bytes.Buffer
	cfg := send.Config{Inputs: []spanfile.Input{input("f", lines(t, 1234))}, DryRun: true, Progress: &shown}
	result, err := send.Run(t.Context(), cfg)
	if err != nil || result.Accepted != 1234 || result.Filtered != 1234 || result.Delivered != 0 || result.Resume != "" {
		t.Errorf("%+v: %v", result, err)
	}
	if want := "checked 1,234 spans, which make bodies of "; !strings.Contains(shown.String(), want) {
		t.Errorf("shown: %s", shown.String())
	}
}

// TestGoOn: however a run ends, every span before Next is stored, and from there on one more run stores the rest.
func TestGoOn(t *testing.T) {
	const n = 5000
	for _, c := range []struct {
		name  string
		fault func(sinktest.Request) sinktest.Fault
		how   func(stop, abandon func()) // what happens once spans are on their way
		sends bool                       // the run goes on after that
	}{
		{"Ctrl-C", nil, func(stop, _ func()) { stop() }, true},
		{"Ctrl-C twice", func(r sinktest.Request) sinktest.Fault {
			if r.N%3 == 2 {
				return sinktest.Stall()
			}
			return nil
		}, func(stop, abandon func()) { stop(); time.Sleep(time.Second); abandon() }, false},
		{"some bodies are rejected", func(r sinktest.Request) sinktest.Fault {
			if r.N == 4 || r.N == 9 {
				return sinktest.Status(404)
			}
			return nil
		}, nil, false},
		{"the token expires", func(r sinktest.Request) sinktest.Fault {
			if r.N > 6 {
				return sinktest.Status(401)
			}
			return nil
		}, nil, false},
		{"some of a body is rejected", func(r sinktest.Request) sinktest.Fault {
			if r.N == 5 {
				return sinktest.PartialSuccess(3, "three too many")
			}
			return nil
		}, nil, false},
		{"the limit is small", func(sinktest.Request) sinktest.Fault { return sinktest.TooLarge(3000) }, func(stop, _ func()) { stop() }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				collector := sinktest.StartPipe(t, sinktest.Config{})
				if c.fault != nil {
					collector.OnRequest(c.fault)
				}
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				abandon := make(chan struct{})
				cfg := config(collector, input("f", lines(t, n)))
				cfg.Batch, cfg.Rate, cfg.Abandon = 100, 1000, abandon
				if c.how != nil {
					time.AfterFunc(1500*time.Millisecond, func() { c.how(stop, func() { close(abandon) }) })
				}
				result, err := send.Run(ctx, cfg)
				if (result.Lost() > 0) != (err != nil) || result.Resume != fmt.Sprintf("--from %d", result.Next) {
					t.Errorf("%+v: %v", result, err)
				}
				if result.Lost() == 0 && result.Next != result.Accepted {
					t.Errorf("nothing lost, and next is %d of %d", result.Next, result.Accepted)
				}
				if none := missing(collector, int(result.Next)); len(none) > 0 {
					t.Errorf("before %d, not stored: %v", result.Next, none)
				}
				if result.Next == 0 && c.name != "some of a body is rejected" || result.Next >= n || result.Interrupted != (c.how != nil) {
					t.Errorf("it tests nothing: %+v", result)
				}
				if none := missing(collector, n); c.name != "some of a body is rejected" && none[0] != int(result.Next) {
					t.Errorf("next is %d, the first that is not stored %d", result.Next, none[0])
				}

				collector.Heal()
				cfg.From, cfg.Rate, cfg.Abandon = result.Next, 0, nil
				if result, err = send.Run(t.Context(), cfg); err != nil || result.Next != n || !result.Whole {
					t.Errorf("the rest: %+v: %v", result, err)
				}
				if none := missing(collector, n); len(none) > 0 {
					t.Errorf("in the end, not stored: %v", none)
				}
			})
		})
	}
}

func TestAnEndpointThatTakesNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault sinktest.Fault
		want  string
		after time.Duration
	}{
		{"refuses the token", sinktest.Status(401), "somebody has to act", 0},
		{"leads elsewhere", sinktest.Redirect(307, "http://elsewhere.example/"), "elsewhere.example", 0},
		{"has no quota left", sinktest.Quota(time.Hour), "asks for a pause", 0},
		{"is down", sinktest.ResetBeforeBody(), "the endpoint was down for", time.Minute},
		{"is busy", sinktest.Status(503), "the endpoint was down for", time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				collector := sinktest.StartPipe(t, sinktest.Config{})
				collector.Set(c.fault)
				cfg := config(collector, input("f", lines(t, 100)))
				cfg.GiveUpAfter = time.Minute
				began := time.Now()
				result, err := send.Run(t.Context(), cfg)
				if err == nil || !strings.Contains(err.Error(), c.want) || result.Next != 0 || result.Interrupted {
					t.Errorf("%+v: %v", result, err)
				}
				if took := time.Since(began); took < c.after || took > c.after+time.Minute {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestAnEndpointThatComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := sinktest.StartPipe(t, sinktest.Config{})
		back := time.Now().Add(20 * time.Second)
		collector.OnDial(func(context.Context, int) error {
			if time.Now().Before(back) {
				return syscall.ECONNREFUSED
			}
			return nil
		})
		result, err := send.Run(t.Context(), config(collector, input("f", lines(t, 5000))))
		if err != nil || result.Delivered != 5000 {
			t.Errorf("%+v: %v", result, err)
		}
	})
}

func TestRate(t *testing.T) {
	for _, rate := range []int{1, 7, 400, 20_000} {
		synctest.Test(t, func(t *testing.T) {
			collector := sinktest.StartPipe(t, sinktest.Config{})
			n := min(4*rate, 10_000)
			cfg := config(collector, input("f", lines(t, n)))
			cfg.Rate = rate
			began := time.Now()
			if result, err := send.Run(t.Context(), cfg); err != nil || result.Delivered != int64(n) {
				t.Errorf("%+v: %v", result, err)
			}
			want := time.Duration(n) * time.Second / time.Duration(rate)
			if took := time.Since(began); took < want-time.Second/time.Duration(rate)-time.Millisecond || took > want+2*time.Second {
				t.Errorf("%d spans at %d a second took %v, want %v", n, rate, took, want)
			}
		})
	}
}

func TestRepeatKeepsTheTree(t *testing.T) {
	collector := sinktest.StartPipe(t, sinktest.Config{})
	text := lines(t, 4) + line(t, 1, 0) + line(t, 1, 1) +
		`{"traceId":"no-op-trace","spanId":"no-op","name":"x","spanType":"generic"}` + "\n"
	cfg := config(collector, input("f", text))
	cfg.Repeat, cfg.Seed = 3, 7
	result, err := send.Run(t.Context(), cfg)
	if err != nil || result.Delivered != 21 {
		t.Fatalf("%+v: %v", result, err)
	}
	traces := map[string]map[string]string{} // trace, span, parent
	for _, r := range collector.Records() {
		s, err := span.DecodeRecord(r.JSON)
		if err != nil {
			t.Fatal(err)
		}
		if traces[r.TraceID] == nil {
			traces[r.TraceID] = map[string]string{}
		}
		traces[r.TraceID][r.SpanID] = string(s.ParentID)
	}
	if len(traces) != 7 {
		t.Errorf("%d traces, want 2 of each round and the one without ids", len(traces))
	}
	for trace, spans := range traces {
		if trace == "no-op-trace" {
			continue
		}
		if !span.TraceID(trace).Valid() || trace[0] == '0' && strings.HasPrefix(trace, "000000") {
			t.Errorf("trace %q is not fresh", trace)
		}
		roots := 0
		for id, parent := range spans {
			if parent == "" {
				roots++
			} else if _, ok := spans[parent]; !ok {
				t.Errorf("the parent %s of span %s is not in trace %s", parent, id, trace)
			}
		}
		if roots != 1 {
			t.Errorf("trace %s has %d roots", trace, roots)
		}
	}

	again := config(collector, input("f", text))
	again.Repeat, again.Seed, again.From = 3, 7, 10 // the middle of the second round
	before := collector.Len()
	if result, err := send.Run(t.Context(), again); err != nil || result.Delivered != 11 || collector.Len() != before {
		t.Errorf("%d more stored by a run that repeats: %+v: %v", collector.Len()-before, result, err)
	}
}

func TestAnInputThatKeepsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := sinktest.StartPipe(t, sinktest.Config{})
		r, w := io.Pipe()
		in := spanfile.Input{Name: "stdin", Size: -1, Waits: true, Open: func() (io.ReadCloser, error) { return r, nil }}
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			_, _ = io.WriteString(w, lines(t, 10))
			time.Sleep(10 * time.Second)
			if n := collector.Len(); n != 10 {
				t.Errorf("%d spans were sent while the input waits, want 10", n)
			}
			_, _ = io.WriteString(w, line(t, 0, 10)+"{\"traceId\"")
			time.Sleep(10 * time.Second)
			stop()
		}()
		began := time.Now()
		result, err := send.Run(ctx, config(collector, in))
		if err != nil || result.Delivered != 11 || result.Bad+result.Unreadable != 0 || result.Resume != "--from 11" || !result.Interrupted {
			t.Errorf("%+v: %v", result, err)
		}
		if took := time.Since(began); took > 21*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestConfigErrors(t *testing.T) {
	ok := send.Config{Inputs: []spanfile.Input{input("f", "")}, Endpoint: "http://localhost/"}
	for _, c := range []struct {
		field  string
		change func(*send.Config)
	}{
		{"Inputs", func(c *send.Config) { c.Inputs = nil }},
		{"Endpoint", func(c *send.Config) { c.Endpoint = "" }},
		{"Endpoint", func(c *send.Config) { c.Endpoint = "host" }},
		{"Batch", func(c *send.Config) { c.Batch = -1 }},
		{"MaxBodyBytes", func(c *send.Config) { c.MaxBodyBytes = 1 }},
		{"Concurrency", func(c *send.Config) { c.Concurrency = 257 }},
		{"Rate", func(c *send.Config) { c.Rate = -1 }},
		{"From", func(c *send.Config) { c.From = -1 }},
		{"Repeat", func(c *send.Config) { c.Repeat = -1 }},
		{"Repeat", func(c *send.Config) { c.Repeat, c.Inputs[0].Waits = 2, true }},
		{"Wire", func(c *send.Config) { c.Wire = span.NDJSON }},
		{"Compression", func(c *send.Config) { c.Compression = "lz4" }},
	} {
		cfg := ok
		cfg.Inputs = []spanfile.Input{input("f", "")}
		c.change(&cfg)
		if _, err := send.Run(t.Context(), cfg); !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), c.field) {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}

func TestTheTokenIsSentAndNotShown(t *testing.T) {
	const token = "t0k3n-of-a-test-that-is-long"
	collector := sinktest.StartPipe(t, sinktest.Config{Token: token})
	var shown bytes.Buffer
	cfg := config(collector, input("f", lines(t, 3)))
	cfg.Token, cfg.Progress = token, &shown
	if result, err := send.Run(t.Context(), cfg); err != nil || result.Delivered != 3 {
		t.Errorf("%+v: %v", result, err)
	}
	collector.Set(sinktest.Respond(http.StatusUnauthorized, `{"error":"bad token `+token+`"}`))
	_, err := send.Run(t.Context(), cfg)
	var status *sink.StatusError
	if !errors.As(err, &status) || strings.Contains(err.Error()+shown.String(), token) {
		t.Errorf("%v\n%s", err, shown.String())
	}
}

func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		collector := sinktest.StartPipe(t, sinktest.Config{})
		collector.Set(sinktest.Delay(time.Second))
		cfg := config(collector, input("f", lines(t, 100)))
		cfg.Batch, cfg.Concurrency = 10, 5
		began := time.Now()
		result, err := send.Run(t.Context(), cfg)
		if took := time.Since(began); err != nil || result.Delivered != 100 || took < 2*time.Second || took > 3*time.Second {
			t.Errorf("10 requests of 1 s, 5 at once, took %v: %+v: %v", took, result, err)
		}
	})
}

func TestWires(t *testing.T) {
	for wire, want := range map[span.Format]string{span.V0: `"parentSpanId":null`, span.V1: `"isRootSpan":`} {
		collector := sinktest.StartPipe(t, sinktest.Config{})
		cfg := config(collector, input("f", lines(t, 1)))
		cfg.Wire = wire
		if result, err := send.Run(t.Context(), cfg); err != nil || result.Delivered != 1 {
			t.Fatalf("%+v: %v", result, err)
		}
		if text := string(collector.Records()[0].JSON); !strings.Contains(text, want) {
			t.Errorf("%v: %q is not in %s", wire, want, text)
		}
	}
}

// TestASpanThatIsTooLargeFailsAlone: it does not fit into a request, and its neighbours go without it.
func TestASpanThatIsTooLargeFailsAlone(t *testing.T) {
	collector := sinktest.StartPipe(t, sinktest.Config{})
	large := strings.Replace(line(t, 0, 5), `"a span"`, `"`+strings.Repeat("x", 8<<10)+`"`, 1)
	cfg := config(collector, input("f", lines(t, 5)+large+line(t, 0, 6)))
	cfg.MaxBodyBytes = 4 << 10
	result, err := send.Run(t.Context(), cfg)
	if err == nil || result.Delivered != 6 || result.Failed != 1 || result.Next != 5 || result.Resume != "--from 5" {
		t.Errorf("%+v: %v", result, err)
	}
}
