package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// runsOf makes n runs of an agent, a minute apart and ended before at: 2 s each, with a model call of 100 tokens in and 20
// out and a tool in it. The first of them failed.
func runsOf(service string, n int, at time.Time) []*span.Span {
	var spans []*span.Span
	in, out := 100, 20
	for i := range n {
		trace := span.TraceID(fmt.Sprintf("%032x", len(service)<<16+i+1))
		start := at.Add(-time.Duration(i+1) * time.Minute)
		metadata := span.Of(map[string]any{"serviceName": service, "userId": fmt.Sprintf("user-%d", i%2)})
		one := func(name string, parent span.ID, a span.Attributes, took time.Duration) *span.Span {
			s := &span.Span{TraceID: trace, ID: span.ID(hex16(len(spans) + 1)), ParentID: parent, Name: name, Start: start, End: start.Add(took), Metadata: metadata, Root: parent == ""}
			s.SetAttributes(a)
			spans = append(spans, s)
			return s
		}
		root := one(service+" run", "", span.AgentRun{}, 2*time.Second)
		if i == 0 {
			root.Error = &span.Error{Message: "it broke"}
		}
		one("answer", root.ID, span.ModelGeneration{Model: "gpt-4.1", Usage: &span.Usage{InputTokens: &in, OutputTokens: &out}}, time.Second)
		one("look up", root.ID, span.ToolCall{}, 500*time.Millisecond)
	}
	for _, s := range spans {
		s.Freeze()
	}
	return spans
}

// figures are what the metrics page says of the whole range, by name.
func figures(p *Page) map[string]string {
	return Eval[map[string]string](p, `Object.fromEntries([...document.querySelectorAll('.figures > div')].map(d => [d.querySelector('dt').textContent, d.querySelector('dd').textContent]))`)
}

func TestMetricsAreWhatWasSent(t *testing.T) {
	s := Server(t, Options{})
	at := time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)
	s.Put(t, Samples, slices.Concat(runsOf("shop", 8, at), runsOf("support", 4, at)))
	type total struct{ Series []struct{ Total float64 } }
	if got := Ask[total](t, s, http.MethodGet, "/api/projects/samples/series?metric=count&of=traces", nil); len(got.Series) != 1 || got.Series[0].Total != 12 {
		t.Fatalf("the API says %+v", got)
	}

	p := Start(t)
	p.SetReducedMotion(true) // axe sees colours as they are, not on their way
	p.Open(s.URL + "/p/samples/metrics")
	p.WaitText(".figure", "12")
	p.WaitFor("text=support")
	p.WaitUntil(`!document.querySelector('.figures [aria-busy="true"]') && [...document.querySelectorAll('.figures dd')].filter(d => d.textContent === '–').length <= 1`) // each figure loads by itself
	got := figures(p)
	for name, want := range map[string]string{"Runs": "12", "Error rate": "16.7 %", "Latency p50": "2.00 s", "Tokens in": "1.20k", "Tokens out": "240", "Cost": "–"} {
		if name == "Latency p50" { // within the error that the page states
			if !strings.HasPrefix(got[name], "2.0") && !strings.HasPrefix(got[name], "1.9") {
				t.Errorf("%s is %q, want about %s", name, got[name], want)
			}
		} else if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if about := p.Text(".metrics-about"); !strings.Contains(about, "within 1.6 %") || !strings.Contains(about, "steps of 1 h") {
		t.Errorf("about the figures: %q", about)
	}
	Axe(t, p)
	p.SetDark(true)
	Axe(t, p)

	for group, want := range map[string]string{"Model": "gpt-4.1", "Tool": "look up", "Agent": "shop run", "User": "user-0"} {
		p.Choose("role=combobox Group by", group)
		p.WaitFor("text=" + want)
	}
	p.Choose("role=combobox Group by", "Service")
	p.WaitFor("role=link shop")
	if row := Eval[string](p, `[...document.querySelectorAll('.breakdown tbody tr')].find(r => r.textContent.startsWith('shop')).innerText.replace(/\s+/g, ' ')`); !strings.HasPrefix(row, "shop 8 12.5 %") {
		t.Errorf("the row of shop is %q", row)
	}
	p.Click("role=button Error rate")
	p.WaitUntil(`document.querySelector('.breakdown tbody th').textContent === 'support'`)

	p.Choose("role=combobox Service", "shop")
	p.WaitText(".figure", "8")
	p.Reload()
	p.WaitText(".figure", "8")
	p.Click("role=link shop")
	p.WaitFor("text*=8 traces")
	if q := queryOf(t, p); q.Get("service") != "shop" {
		t.Errorf("a row leads to %v", q)
	}
}

func TestAChartIsARangeAndALink(t *testing.T) {
	s := Server(t, Options{})
	at := time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour)
	s.Put(t, Samples, runsOf("shop", 5, at))
	p := Start(t)
	p.Open(s.URL + "/p/samples/metrics?last=24h")
	p.WaitText(".figure", "5")

	p.Click("role=button Show as table")
	p.WaitFor("role=region Runs and failed runs over time")
	row := "[aria-label='Runs and failed runs over time'] tbody tr"
	if got := p.Texts(row); len(got) != 1 || !strings.HasSuffix(strings.Join(strings.Fields(got[0]), " "), "5 1") {
		t.Errorf("the table says %q", got)
	}
	p.Click(row + " a")
	p.WaitUntil("location.pathname.endsWith('/traces')")
	q := queryOf(t, p)
	from, to := moment(t, q, "from"), moment(t, q, "to")
	if !from.Equal(at.Add(-time.Hour)) || !to.Equal(at) {
		t.Errorf("the step leads to %v – %v, want the hour before %v", from, to, at)
	}
	p.Back()
	p.WaitText(".figure", "5")

	chart := "[aria-label='Latency of runs over time'] svg"
	p.Drag(chart, 0.5, 0.99)
	p.WaitUntil("location.search.includes('from=')")
	q = queryOf(t, p)
	from, to = moment(t, q, "from"), moment(t, q, "to")
	if d := to.Sub(from); d < 11*time.Hour || d > 15*time.Hour || q.Has("last") {
		t.Errorf("dragging over half of a day gives %v – %v", from, to)
	}
	p.WaitText(".figure", "5")
	p.Reload()
	p.WaitText(".figure", "5")
	if again := queryOf(t, p); again.Get("from") != q.Get("from") || again.Get("to") != q.Get("to") {
		t.Errorf("after a reload the range is %v, want %v", again, q)
	}
	p.Click("role=button 1 h")
	p.WaitFor("text*=Nothing ended")
	p.Click("role=button Show 7 days")
	p.WaitText(".figure", "5")
	p.Back()
	p.WaitFor("text*=Nothing ended")
}

func queryOf(t *testing.T, p *Page) url.Values {
	t.Helper()
	u, err := url.Parse(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func moment(t *testing.T, q url.Values, name string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, q.Get(name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return at
}
