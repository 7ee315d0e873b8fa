package browser

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// hostileSite is a server that holds nothing but hostile texts.
type hostileSite struct {
	*Site

	beacon *beacon
	corpus corpus
	begin  time.Time // of the newest trace of the list
}

func newHostileSite(t *testing.T) *hostileSite {
	t.Helper()
	b := newBeacon(t)
	s := &hostileSite{Site: Server(t, Options{}), beacon: b, corpus: newCorpus(b.URL), begin: time.Now().Add(-time.Hour).Truncate(time.Minute)}
	w := &writer{c: s.corpus, now: s.begin}
	w.rows()
	w.wide()
	w.deep(deepTrace)
	w.odd()
	w.c.payloads = append(w.c.payloads[7:len(w.c.payloads):len(w.c.payloads)], w.c.payloads[:7]...)
	w.deep(longTrace)
	w.send(t, s.Site, Samples)
	return s
}

func (s *hostileSite) all() int { return len(s.corpus.payloads) }

func TestHostileContents(t *testing.T) {
	needsBrowser(t)
	s := newHostileSite(t)
	for _, c := range []struct {
		name string
		test func(*testing.T, *hostileSite)
	}{
		{"the list", hostileList}, {"the waterfall", hostileWaterfall}, {"failed spans", hostileErrors}, {"conversations and objects", hostileDeep}, {"odd values", hostileOdd},
		{"suggestions and filters", hostileFilters}, {"metrics", hostileMetrics}, {"the pipeline", hostilePipeline}, {"settings", hostileSettings},
		{"shares and files", hostileShares}, {"two runs compared", hostileCompare}, {"addresses", hostileAddresses}, {"what arrives", hostileLive},
	} {
		t.Run(c.name, func(t *testing.T) {
			begin := time.Now()
			c.test(t, s)
			t.Logf("%v", time.Since(begin))
		})
	}
}

func hostileList(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	at := s.URL + "/p/samples/traces"
	fields := append(s.corpus.whole(0, s.all(), "name", "service", "user", "thread", "tag", "tagb"), s.corpus.marks(0, s.all(), "preview")...)
	p.visit(at+"?cols=service,start,duration,user,thread,tags,preview", fields, `__hostile.press(".list-foot button")`)
}

func hostileWaterfall(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	at := s.URL + "/p/samples/traces/" + wideTrace
	p.visit(at, s.corpus.whole(0, s.all(), "name"), `__hostile.sweep()`, `__hostile.popovers()`)
	p.visit(at+"?view=table", s.corpus.whole(0, s.all(), "name"), `__hostile.sweep()`)
	p.visit(at+"?view=thread", nil, `__hostile.sweep()`)
}

// hostileErrors goes through failed spans without loading the page anew: as many as have all payloads among them.
func hostileErrors(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	p.visit(s.URL+"/p/samples/traces/"+wideTrace, nil)
	for i := range s.corpus.errorStep() {
		for k, field := range errorFields {
			n := i + k*s.corpus.errorStep()
			if field == "message" || field == "stack" || field == "errorid" || field == "domain" || field == "category" || field == "errorname" {
				p.hope(s.corpus.whole(n, n+1, field))
			} else {
				p.hope(s.corpus.marks(n, n+1, field))
			}
		}
		p.hope(s.corpus.whole(i, i+1, "entity", "finish"))
		p.goTo("/p/samples/traces/" + wideTrace + "/" + spanID(i+1))
		p.step(`__hostile.unfold(document.querySelector(".problem"), 2)`)
	}
	p.judge("failed spans")
}

// hostileDeep reads every tab of spans that have all payloads in one value, but the raw one, which repeats the others.
func hostileDeep(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	c, n := s.corpus, s.all()
	shown := map[int][]wish{
		deepTexts:       c.marks(0, n, "text"),
		deepRoles:       append(c.whole(0, n, "role"), c.marks(0, n, "part")...),
		deepParts:       c.marks(0, n, "parttype", "odd", "partkey", "partvalue", "reasoning"),
		deepCalls:       c.whole(0, n, "tool"),
		deepMetadata:    c.whole(0, n/2, "metakey", "metavalue"),
		deepMetadataB:   append(c.whole(n/2, n, "metakey", "metavalue"), c.whole(0, n/2, "contextkey", "context")...),
		deepAttributes:  c.whole(0, n/2, "attributekey", "attribute"),
		deepAttributesB: c.whole(n/2, n, "attributekey", "attribute"),
		deepKeys:        c.marks(0, len(hostileKeys), "bare", "barelist"),
	}
	for n := deepTexts; n < deepSpans; n++ {
		begin := time.Now()
		p.visit(s.URL+"/p/samples/traces/"+deepTrace+"/"+spanID(n), c.unfolded(shown[n]), `__hostile.tabs("tab-raw", 4)`)
		t.Logf("span %d: %v", n, time.Since(begin))
	}
	p.visit(s.URL+"/p/samples/traces/"+deepTrace+"/"+spanID(deepKeys)+"?tab=raw", c.marks(0, len(hostileKeys), "bare"), `__hostile.unfold(document.body)`)
}

func hostileOdd(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	p.visit(s.URL+"/p/samples/traces/"+oddTrace, nil)
	for n := range oddValues {
		p.step(fmt.Sprintf(`__hostile.go("/p/samples/traces/%s/%s")`, oddTrace, spanID(2*n+1)))
		p.WaitFor("text=odd " + strconv.Itoa(n))
		p.step(`__hostile.tabs("tab-raw", 1)`)
	}
	p.judge("odd values")
}
