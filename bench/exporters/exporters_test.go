package exporters

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// finite holds for every figure of a run.
func finite(t *testing.T, job string, names []string, figures []float64, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", job, err)
	}
	if len(figures) != len(names) {
		t.Fatalf("%s has the figures %v, a run gave %v", job, names, figures)
	}
	for i, f := range figures {
		if math.IsNaN(f) || math.IsInf(f, 0) || f < 0 {
			t.Errorf("%s: %s is %v", job, names[i], f)
		}
	}
}

func TestJobsAreWhole(t *testing.T) {
	names := map[string]bool{}
	for _, job := range Jobs() {
		if names[job.Name] || len(job.Figures) == 0 {
			t.Errorf("%s is there twice, or has no figures", job.Name)
		}
		names[job.Name] = true
		if !slices.ContainsFunc(job.Impls, func(i Impl) bool { return i.Name == job.Base }) {
			t.Errorf("%s has no implementation %q to compare with", job.Name, job.Base)
		}
	}
}

// The spans are what they are said to be: English of 900 to 1150 bytes, no text twice, which gzip makes 3.4 times smaller.
func TestThePayload(t *testing.T) {
	p, err := pool()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range p.calls {
		for _, text := range []string{p.calls[i].prompt, p.calls[i].completion} {
			if len(text) < minTextBytes || len(text) > maxTextBytes || seen[text] {
				t.Fatalf("a text of %d bytes, there already: %v", len(text), seen[text])
			}
			seen[text] = true
		}
		if got, _ := p.records[i].Input.Text(); got != p.calls[i].prompt || !p.records[i].Frozen() {
			t.Fatalf("record %d is not frozen or has another prompt", i)
		}
	}
	if len(p.calls) != poolSpans {
		t.Errorf("%d spans", len(p.calls))
	}
	body := appendBody(nil, p.records, 0, 1000)
	if n := len(body) / 1000; n < 2600 || n > 2800 {
		t.Errorf("a span has %d bytes as JSON", n)
	}
	pack, err := packStdlib(6)
	if err != nil {
		t.Fatal(err)
	}
	packed, err := pack(nil, body)
	if ratio := float64(len(body)) / float64(len(packed)); err != nil || ratio < 3.2 || ratio > 3.6 {
		t.Errorf("gzip 6 makes it %.2f times smaller: %v", ratio, err)
	}
}

// The reference writes the wire of package span, to the byte.
func TestTheReferenceWritesOurWire(t *testing.T) {
	p, err := pool()
	if err != nil {
		t.Fatal(err)
	}
	want := span.V1.AppendOpen(nil)
	for i, s := range p.records {
		if want, err = span.V1.AppendItem(want, s, i == 0); err != nil {
			t.Fatal(err)
		}
	}
	want = span.V1.AppendClose(want)
	if got := appendBody(nil, p.records, 0, len(p.records)); !bytes.Equal(got, want) {
		t.Errorf("got  %.3000s\nwant %.3000s", got, want)
	}
}

// Each exporter delivers the spans that it was given, with their ids and texts, in every compression that it has.
func TestEachDeliversWhatItWasGiven(t *testing.T) {
	for _, c := range []struct {
		maker        maker
		compressions []Compression
	}{
		{maker{"tailrace", startTailrace}, []Compression{None, Gzip, Zstd}},
		{maker{"reference", startReference}, []Compression{None, Gzip, Zstd}},
		{maker{"reference-same-level", startReferenceSameLevel}, []Compression{Gzip, Zstd}},
		{maker{"bsp", startBSP}, []Compression{None, Gzip}},
		{maker{"exporterhelper", startExporterhelper}, []Compression{None, Gzip, Zstd}},
	} {
		for _, compression := range c.compressions {
			figures, err := endToEnd(c.maker, compression, 100, 350)
			finite(t, c.maker.name, endToEndFigures, figures, err)
			if lost := figures[len(figures)-1]; lost != 0 {
				t.Errorf("%s, %s: %v were lost", c.maker.name, compression, lost)
			}
		}
	}
}

// The collector says what is missing, what came twice, and what is another text.
func TestWhatTheCollectorSees(t *testing.T) {
	p, err := pool()
	if err != nil {
		t.Fatal(err)
	}
	collector, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.Set(OK, 0, true); err != nil {
		t.Fatal(err)
	}
	r, err := startReference(task{payload: p, address: collector.Address, compression: Gzip, batch: 10})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.whole(20); err != nil {
			t.Fatal(err)
		}
	}
	got, err := collector.Counts()
	want := p.expect(20)
	want.Spans, want.Most, want.Sum, want.Requests, want.Bytes = 40, 2, 2*want.Sum, 4, got.Bytes
	if err != nil || got != want {
		t.Errorf("the collector saw %+v, want %+v: %v", got, want, err)
	}
	if c, d := p.calls[0], p.calls[1]; mix(c.id, c.promptSum, c.completionSum) == mix(c.id, d.promptSum, c.completionSum) {
		t.Error("another text has the same sum")
	}
}

// A collector of its own ends when it is closed, and refuses to be found where it was.
func TestTheChildEnds(t *testing.T) {
	collector, err := StartCollector()
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.Set(Refuse, 0, false); err != nil {
		t.Error(err)
	}
	if err := collector.Set(OK, 0, false); err != nil { // at the same address
		t.Error(err)
	}
	if err := collector.Close(); err != nil {
		t.Error(err)
	}
	if _, err := collector.Counts(); err == nil {
		t.Error("it answers after its end")
	}
}

// Every bin ends with the spans that it was given; with a short queue, and told to drop, with some of them.
func TestHandOffs(t *testing.T) {
	for _, m := range []binMaker{
		{"tailrace", holdTailrace}, {"bsp", holdBSP}, {"exporterhelper", holdExporterhelper},
		{"exporterhelper-built", holdExporterhelperBuilt}, {"chan", holdChan},
		{"OnEnd of tailrace", endTailrace}, {"OnEnd of tailrace-exporting", endTailraceExporting},
	} {
		figures, err := handOff(m, task{batch: 600, queue: 600, drop: true}, 8, 500, 1)
		finite(t, m.name, handOffFigures, figures, err)
		if figures[len(figures)-1] != 0 {
			t.Errorf("%s lost %v", m.name, figures)
		}
	}
	for _, m := range []binMaker{
		{"tailrace", discardTailrace}, {"tailrace-encoding", encodeTailrace}, {"bsp", holdBSP},
		{"exporterhelper-built", holdExporterhelperBuilt}, {"chan", holdChan},
	} {
		for _, drop := range []bool{false, true} {
			figures, err := bounded(m, drop, 8, 3000, 1)
			finite(t, m.name, handOffFigures, figures, err)
			if lost := figures[len(figures)-1]; lost > 100 || lost > 0 && !drop {
				t.Errorf("%s lost %v %%, told to drop: %v", m.name, lost, drop)
			}
		}
	}
}

func TestPartsOfTheWork(t *testing.T) {
	jobs := boundJobs()
	for _, e := range encoders {
		figures, err := runEncode(e.make, 0)
		finite(t, "Encode/"+e.name, jobs[0].Figures, figures, err)
	}
	for _, c := range codecs {
		figures, err := runPack(c.make, 20, 1)
		finite(t, "Compress/"+c.name, jobs[1].Figures, figures, err)
	}
	figures, err := runPost(64<<10, 256<<10)
	finite(t, "Post", jobs[2].Figures, figures, err)
}

// Ours says exactly what it lost, whatever the endpoint does.
func TestOutage(t *testing.T) {
	for _, mode := range []Mode{Refuse, Unavailable, Hang} {
		figures, err := outage(visitTailrace, mode, 30*time.Millisecond, 30*time.Millisecond)
		finite(t, string(mode), outageFigures, figures, err)
		if figures[2] != 0 {
			t.Errorf("endpoint %s: %v spans were lost silently", mode, figures[2])
		}
	}
	figures, err := outage(visitTailraceBlocking, Unavailable, 30*time.Millisecond, 30*time.Millisecond)
	finite(t, "blocking", outageFigures, figures, err)
	figures, err = outage(visitBSP, Refuse, 30*time.Millisecond, 30*time.Millisecond)
	finite(t, "bsp", outageFigures, figures, err)
	figures, err = outage(visitExporterhelper, Refuse, 30*time.Millisecond, 30*time.Millisecond)
	finite(t, "exporterhelper", outageFigures, figures, err)
}
