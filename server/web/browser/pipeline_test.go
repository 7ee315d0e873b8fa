package browser

import (
	"strings"
	"testing"
	"time"
)

func TestThePipelineAccountsForAll(t *testing.T) {
	s := Server(t, Options{})
	s.Put(t, Samples, runsOf("shop", 3, time.Now().Add(-time.Hour)))
	p := Start(t)
	p.SetReducedMotion(true) // axe sees colours as they are, not on their way
	p.Open(s.URL + "/pipeline")
	p.WaitFor("text*=9 received")
	equation := func() string { return strings.Join(strings.Fields(p.Text("#server-part .equation")), " ") }
	if got := equation(); got != "9 received = 9 stored + 0 repeated + 0 rejected balanced" {
		t.Errorf("the server's account is %q", got)
	}
	if got := p.Text("#exporters-part"); !strings.Contains(got, "None has reported") {
		t.Errorf("without exporters: %q", got)
	}
	Axe(t, p)

	// What cannot be kept is there with its reason, at the next look, without a click.
	s.Post(t, Samples, "/ai/spans/publish", "application/json", []byte(`{"spans":[
		{"traceId":"no-op-trace","spanId":"no-op","name":"x","spanType":"generic","startedAt":"2026-11-23T04:00:00Z"},
		{"traceId":"a1","spanId":"zz","name":"x","spanType":"generic","startedAt":"2026-11-23T04:00:00Z"}]}`))
	s.Put(t, Samples, runsOf("shop", 1, time.Now().Add(-time.Hour))[:1])
	p.WaitUntil(`document.querySelector('#server-part .reasons')?.textContent.includes('no_op')`)
	p.WaitFor("text=span_id")
	got := p.Text("#server-part .reasons")
	if !strings.Contains(got, "was not sampled") || !strings.Contains(got, "Look at what makes the ids") {
		t.Errorf("reasons: %q", got)
	}
	if got := equation(); !strings.HasSuffix(got, "+ 2 rejected balanced") {
		t.Errorf("the server's account is %q", got)
	}
	if n := p.Count("text*=unaccounted"); n != 0 {
		t.Errorf("%d accounts do not balance", n)
	}
	p.SetViewport(390, 844, true)
	p.SetDark(true)
	Axe(t, p)
	if wide := Eval[int](p, "document.documentElement.scrollWidth"); wide > 390 {
		t.Errorf("the page is %d pixels wide on a phone", wide)
	}
}
