package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/live"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/stages"
)

const mount = "/debug/pipeline/"

// get asks a handler for a path.
func get(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, http.NoBody))
	return w
}

// report asks for the JSON and decodes it.
func report(t *testing.T, h http.Handler) live.Report {
	t.Helper()
	w := get(h, http.MethodGet, "/stats.json")
	var r live.Report
	if err := json.Unmarshal(w.Body.Bytes(), &r); w.Code != http.StatusOK || err != nil {
		t.Fatalf("status %d, %v: %s", w.Code, err, w.Body)
	}
	return r
}

func run(t *testing.T, p *pipeline.Pipeline) (end func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.Run(ctx) // it may lose items
	}()
	return func() {
		cancel()
		<-done
	}
}

// TestTheJSONIsTheAccountOfTheRun holds each figure of a run in fake time: a sink that stalls and is let go, and a stage
// that fails some items.
func TestTheJSONIsTheAccountOfTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{Name: "spans"})
		feed := &pipelinetest.Feed[int]{N: 1 << 30, Item: func(i int) int { return i }, Every: 100 * time.Millisecond}
		flow := pipeline.From(p, feed, pipeline.Name("feed"))
		refused := pipelinetest.NewFake[int]().FailOn(3, errors.New("the item was 2"))
		flow = pipeline.Via(flow, refused.Stage(), pipeline.Name("check"), pipeline.OnError(pipeline.Skip))
		even := pipeline.Via(flow, stages.Filter(func(i int) bool { return i%2 == 0 }), pipeline.Name("even"))
		sink := pipelinetest.NewFake[int]().StallOn(5)
		pipeline.To(even, sink.SinkActor(), pipeline.Queue(4), pipeline.Name("sink"))
		h := live.Handler(p)

		if got := report(t, h).Pipelines[0]; got.State != pipeline.StateNew || !got.AtRest || got.Balance != 0 || len(got.Stages) != 4 {
			t.Errorf("before Run: %+v", got)
		}
		end := run(t, p)
		time.Sleep(20*time.Second + 50*time.Millisecond)
		synctest.Wait()
		report(t, h)
		time.Sleep(5 * time.Second)
		got := report(t, h).Pipelines[0]
		// 0, 4, 6 and 8 are through, 2 has failed, 10 stalls, 12 to 18 are in the link, and 20 waits for room.
		want := pipeline.Ledger{Accepted: 21, Delivered: 4, Filtered: 10, Failed: 1, InFlight: 6}
		if got.Ledger != want || got.Balance != 0 || !got.AtRest || got.State != pipeline.StateRunning || got.Elapsed != 25*time.Second+50*time.Millisecond {
			t.Errorf("stalled: %+v, balance %d, at rest %t, %s after %v; want %+v", got.Ledger, got.Balance, got.AtRest, got.State, got.Elapsed, want)
		}
		b := got.Bottleneck
		if b.Stage != "sink" || !b.Stalled || b.Waiting != 5 || fmt.Sprint(b.Blocked) != "[feed]" || b.Over != 5*time.Second {
			t.Errorf("the bottleneck is %+v", b)
		}
		if pace := got.Stages[0].Lately; pace != (live.Pace{Over: 5 * time.Second, Blocked: 1}) {
			t.Errorf("the source did lately %+v, want nothing but waiting", pace)
		}
		if s := got.Stages[3]; s.Name != "sink" || fmt.Sprint(s.From) != "[even]" || s.Size != 4 || s.Room != 0 || s.Held != 1 || s.Lately.Busy != 1 {
			t.Errorf("the sink is %+v", s)
		}
		if len(got.Losses) != 1 || got.Losses[0] != (pipeline.Loss{Stage: "check", Column: "failed", Reason: "error", Items: 1}) {
			t.Errorf("losses: %v", got.Losses)
		}

		sink.Release()
		time.Sleep(50 * time.Millisecond) // so that no picture is taken just as an item comes
		for range 40 {                    // as a page does
			report(t, h)
			time.Sleep(time.Second)
		}
		got = report(t, h).Pipelines[0]
		if b := got.Bottleneck; b.Limit != pipeline.LimitSource || b.Stage != "feed" || b.Over != 5*time.Second {
			t.Errorf("after the stall: %+v", b)
		}
		if pace := got.Stages[0].Lately; pace.InRate != 10 || pace.OutRate != 10 || got.AtRest {
			t.Errorf("the source sends %+v, at rest %t; want 10/s", pace, got.AtRest)
		}
		if pace := got.Stages[3].Lately; pace.InRate < 4.8 || pace.InRate > 5.2 || pace.OutRate != pace.InRate || pace.Idle != 1 {
			t.Errorf("the sink does %+v, want 5/s", pace)
		}
		end()
		got = report(t, h).Pipelines[0]
		if got.State != pipeline.StateEnded || !got.AtRest || got.Balance != 0 || got.Ledger.InFlight != 0 || got.Bottleneck.Limit != pipeline.LimitNone || got.Stages[0].Lately != (live.Pace{}) {
			t.Errorf("after Run: %+v", got)
		}
	})
}

// TestOnlyFewPicturesAreKept holds that a window is about five seconds, whoever asks how often.
func TestOnlyFewPicturesAreKept(t *testing.T) {
	var stats pipeline.Stats
	h := live.Handler(live.Func(func() pipeline.Stats { return stats }))
	stats.State = pipeline.StateRunning
	for range 1000 {
		stats.Elapsed += 10 * time.Millisecond
		over := report(t, h).Pipelines[0].Bottleneck.Over
		if want := min(stats.Elapsed, 5*time.Second); over < want-10*time.Millisecond || over > want+250*time.Millisecond {
			t.Fatalf("after %v the window is %v", stats.Elapsed, over)
		}
	}
	stats.Elapsed += time.Hour
	if over := report(t, h).Pipelines[0].Bottleneck.Over; over > time.Hour+time.Second {
		t.Errorf("after an hour without anybody the window is %v", over)
	}
	stats.Elapsed = time.Second
	if over := report(t, h).Pipelines[0].Bottleneck.Over; over != time.Second {
		t.Errorf("of another run the window is %v, want 1s", over)
	}
}

func TestAnAccountThatIsOffIsSaidToBe(t *testing.T) {
	stats := pipeline.Stats{State: pipeline.StateRunning, Elapsed: time.Minute, Ledger: pipeline.Ledger{Accepted: 3, Delivered: 2}}
	h := live.Handler(live.Func(func() pipeline.Stats { return stats }))
	if p := report(t, h).Pipelines[0]; p.Balance != 1 || p.AtRest {
		t.Errorf("at first: balance %d, at rest %t", p.Balance, p.AtRest)
	}
	stats.Elapsed += time.Second
	if p := report(t, h).Pipelines[0]; p.Balance != 1 || !p.AtRest {
		t.Errorf("a second later: balance %d, at rest %t", p.Balance, p.AtRest)
	}
}

// TestOtherRequestsAreRefused walks paths and methods, as an http.ServeMux, http.StripPrefix and other routers give them.
func TestOtherRequestsAreRefused(t *testing.T) {
	h := live.Handler(pipeline.New(pipeline.Config{Name: "spans"}), pipeline.New(pipeline.Config{Name: "audit"}), pipeline.New(pipeline.Config{Name: "audit"}))
	mounted := func(pattern string, h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle(pattern, h)
		return mux
	}
	mux := mounted(mount, h)
	for _, c := range []struct {
		name         string
		h            http.Handler
		method, path string
		want         int
	}{
		{"the page", mux, "GET", mount, 200},
		{"its head", mux, "HEAD", mount, 200},
		{"the figures", mux, "GET", mount + "stats.json", 200},
		{"of one", mux, "GET", mount + "stats.json?pipeline=spans", 200},
		{"of none", mux, "GET", mount + "stats.json?pipeline=nobody", 404},
		{"another path", mux, "GET", mount + "index.html", 404},
		{"a path below", mux, "GET", mount + "x/", 404},
		{"figures below", mux, "GET", mount + "x/stats.json", 404},
		{"a path that goes up", mux, "GET", mount + "..%2fstats.json", 404},
		{"another method", mux, "POST", mount, 405},
		{"another method on the figures", mux, "DELETE", mount + "stats.json", 405},
		{"a preflight", mux, "OPTIONS", mount + "stats.json", 405},
		{"another method elsewhere", mux, "POST", mount + "x", 404},
		{"at the root", mounted("/", h), "GET", "/stats.json", 200},
		{"below the root", mounted("/", h), "GET", "/x/stats.json", 404},
		{"a pattern with a method and a host", mounted("GET example.com"+mount, h), "GET", "http://example.com" + mount + "stats.json", 200},
		{"a pattern with a wildcard", mounted("/{tenant}/live/", h), "GET", "/a/live/stats.json", 200},
		{"the same, elsewhere", mounted("/{tenant}/live/", h), "GET", "/a/live/other", 404},
		{"without a slash", mounted("/debug/pipeline", h), "GET", "/debug/pipeline", 404},
		{"a prefix that is taken away", mounted(mount, http.StripPrefix("/debug/pipeline", h)), "GET", mount + "stats.json", 200},
		{"with its slash", mounted(mount, http.StripPrefix(mount, h)), "GET", mount + "stats.json", 200},
		{"the page behind it", mounted(mount, http.StripPrefix(mount, h)), "GET", mount, 200},
		{"elsewhere behind it", mounted(mount, http.StripPrefix(mount, h)), "GET", mount + "x/stats.json", 404},
		{"another router", h, "GET", mount + "stats.json", 200},
		{"its page", h, "GET", mount, 200},
		{"elsewhere in it", h, "GET", mount + "x", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := get(c.h, c.method, c.path)
			if w.Code != c.want {
				t.Errorf("%s %s: status %d, want %d", c.method, c.path, w.Code, c.want)
			}
			if got := w.Header().Get("Allow"); c.want == http.StatusMethodNotAllowed && got != "GET, HEAD" {
				t.Errorf("Allow is %q", got)
			}
		})
	}
	var two live.Report
	if err := json.Unmarshal(get(mux, "GET", mount+"stats.json?pipeline=audit").Body.Bytes(), &two); err != nil || len(two.Pipelines) != 2 {
		t.Errorf("two of one name: %v, %v", two, err)
	}
}

// TestEveryAnswerIsGuarded holds the headers of each kind of answer.
func TestEveryAnswerIsGuarded(t *testing.T) {
	h := live.Handler(pipeline.New(pipeline.Config{}))
	for _, request := range [][2]string{{"GET", "/"}, {"GET", "/stats.json"}, {"GET", "/x"}, {"POST", "/"}, {"GET", "/stats.json?pipeline=x"}} {
		header := get(h, request[0], request[1]).Header()
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Access-Control-Allow-Origin": "",
		} {
			if got := header.Get(name); got != want {
				t.Errorf("%s %s: %s is %q, want %q", request[0], request[1], name, got, want)
			}
		}
		policy := header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "script-src 'sha256-", "style-src 'sha256-", "require-trusted-types-for 'script'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s %s: the policy %q lacks %q", request[0], request[1], policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("the policy is unsafe: %q", policy)
		}
	}
	page := get(h, "GET", "/").Body.String()
	for _, bad := range []string{"http://", "https://", "innerHTML", "/*page.", " style=", " onclick="} {
		if strings.Contains(strings.ReplaceAll(page, "http://www.w3.org/2000/svg", ""), bad) {
			t.Errorf("the page has %q", bad)
		}
	}
}

// secret is what an item has in it, and whatever is said of it.
const secret = "sk-fake-0000"

// TestNoItemIsShown holds that neither items nor what failures say of them come out.
func TestNoItemIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{})
		feed := &pipelinetest.Feed[string]{N: 9, Item: func(int) string { return secret }}
		letters := pipeline.NewDeadLetters[string](p)
		failing := pipelinetest.NewFake[string]().FailOn(2, errors.New("bad item "+secret)).PanicOn(4, secret)
		restarts := pipeline.Restart(pipeline.RestartConfig{Item: pipeline.ToDeadLetters(letters), Tries: 1})
		flow := pipeline.Via(pipeline.From(p, feed), failing.Actor(), pipeline.OnError(restarts))
		pipeline.To(flow, pipelinetest.NewFake[string]().FailOn(1, errors.New(secret)).Sink(), pipeline.OnError(pipeline.Skip))
		pipeline.To(letters.Flow(), pipelinetest.NewFake[pipeline.DeadLetter[string]]().Sink())
		if err := p.Run(t.Context()); err == nil || !strings.Contains(p.Stats().String(), secret) {
			t.Fatalf("nothing went wrong: %v, %v", err, p.Stats())
		}
		w := get(live.Handler(p), http.MethodGet, "/stats.json")
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("the figures have an item in them: %s", w.Body)
		}
		if !strings.Contains(w.Body.String(), `"restarts":2`) {
			t.Errorf("the restarts are not there: %s", w.Body)
		}
		if !strings.Contains(p.Stats().String(), secret) {
			t.Error("the Stats of the pipeline itself were changed")
		}
	})
}

func TestAHandlerOfNothing(t *testing.T) {
	if got := report(t, live.Handler()); got.Pipelines == nil || len(got.Pipelines) != 0 {
		t.Errorf("got %+v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a nil source did not panic")
		}
	}()
	live.Handler(nil)
}

// FuzzNames holds that any name of a pipeline or a stage comes out as data.
func FuzzNames(f *testing.F) {
	for _, name := range []string{"</script><script>alert(1)</script>", "\u2028\"'`\\", "\x00\xff", "__proto__", "<img src=x onerror=alert(1)>", "a&pipeline=b", ""} {
		f.Add(name, name)
	}
	blank := get(live.Handler(), http.MethodGet, "/").Body.String()
	f.Fuzz(func(t *testing.T, name, stage string) {
		p := pipeline.New(pipeline.Config{Name: name})
		feed := &pipelinetest.Feed[int]{N: 1, Item: func(i int) int { return i }}
		pipeline.To(pipeline.From(p, feed, pipeline.Name(stage)), pipelinetest.NewFake[int]().FailOn(1, errors.New(stage)).Sink(), pipeline.OnError(pipeline.Skip), pipeline.Name(stage))
		_ = p.Run(t.Context()) // it lost an item
		h := live.Handler(p)
		text := get(h, http.MethodGet, "/stats.json").Body.String()
		if strings.ContainsAny(text, "<>\u2028\u2029") {
			t.Errorf("not escaped: %s", text)
		}
		got, want := report(t, h).Pipelines[0], p.Stats()
		if got.Name != strings.ToValidUTF8(want.Name, "\ufffd") && !strings.Contains(got.Name, "\ufffd") || len(got.Stages) != 2 || len(got.Losses) != 1 {
			t.Errorf("%q became %+v", name, got)
		}
		if get(h, http.MethodGet, "/").Body.String() != blank {
			t.Error("the page depends on what it shows")
		}
	})
}
