package browser

import "testing"

func TestFramesSeesWork(t *testing.T) {
	url := serveHTML(t, "", map[string]string{"/": html(`<p>Text</p><script>
const work = ms => { const end = performance.now() + ms; while (performance.now() < end); }
</script>`)})
	p := Start(t)
	p.Open(url)
	idle := Frames(t, p, func() {})
	if idle.Janks != 0 || idle.Tasks == 0 {
		t.Errorf("a page at rest: %+v", idle)
	}
	// Far above the limit, since it is processor time that counts, and others may have the processor.
	busy := Frames(t, p, func() { Eval[bool](p, "new Promise(done => requestAnimationFrame(() => { work(400); done(true) }))") })
	if busy.Janks != 1 || busy.Work <= Jank || busy.Longest < busy.Work {
		t.Errorf("a page that works for 400 ms: %+v", busy)
	}
}
