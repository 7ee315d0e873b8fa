package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
)

// hostileFilters sets filters to payloads, so that they become chips, and opens all there is to choose from.
func hostileFilters(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	at := "/p/samples/traces"
	p.visit(s.URL+at, nil, `__hostile.popovers()`)
	for i := 0; i < s.all(); i += 24 {
		q := url.Values{}
		for j, key := range []string{"q", "service", "model", "user", "thread", "env", "type"} {
			q.Set(key, strings.ReplaceAll(s.corpus.at(i+j, "chip"), "{S}", halfPair))
		}
		for j := 7; j < 16; j++ {
			q.Add("tag", strings.ReplaceAll(s.corpus.at(i+j, "chip"), "{S}", halfPair))
		}
		for j := 16; j < 24; j++ {
			q.Set("meta."+strings.ReplaceAll(s.corpus.at(i+j, "chipkey"), "{S}", halfPair), strings.ReplaceAll(s.corpus.at(i+j, "chip"), "{S}", halfPair))
		}
		p.hope(s.corpus.whole(i, min(i+24, s.all()), "chip"))
		p.hope(s.corpus.whole(i+16, min(i+24, s.all()), "chipkey"))
		p.AllowConsole(`the server responded with a status of 400 `) // values may be too long, or no text
		p.goTo(at + "?" + q.Encode())
	}
	p.judge("chips")
	p.visit(s.URL+at+"?group=thread&cols=none", s.corpus.whole(0, 150, "thread"), `__hostile.press(".list-foot button")`)
	p.Click("input[role=combobox]")
	p.WaitUntil(`document.querySelectorAll("[role=option]").length > 20`)
	p.see()
	p.judge("suggestions")
}

// hostileMetrics breaks figures down by each kind of name in turn, a minute at a time: no answer has more than 50 lines.
func hostileMetrics(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	p.visit(s.URL+"/p/samples/metrics", nil)
	const perMinute = 30
	for minute := 0; minute*perMinute < s.all(); minute++ {
		by, step := [...]string{"service", "model", "user"}[minute%3], [...]int{1, 4, 2}[minute%3]
		from := s.begin.Add(-time.Duration(minute+1) * time.Minute)
		q := url.Values{"by": {by}, "from": {from.UTC().Format(time.RFC3339)}, "to": {from.Add(time.Minute).UTC().Format(time.RFC3339)}}
		first, last := minute*perMinute+2, min((minute+1)*perMinute-2, s.all()-step) // those at its ends may count for the next one
		p.hope(s.corpus.whole(first+step, last+step, by))
		p.goTo("/p/samples/metrics?" + q.Encode())
	}
	p.goTo("/p/samples/metrics?by=name")
	p.judge("metrics")
}

// hostilePipeline lets senders call themselves what they like, and sends what is rejected.
func hostilePipeline(t *testing.T, s *hostileSite) {
	var names []string
	for i := range s.all() {
		name := strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' || r == ',' {
				return -1
			}
			return r
		}, s.corpus.at(i, "instance"))
		if len(name) > 64 || i%2 == 1 { // the server keeps 256 of them
			continue
		}
		names = append(names, name)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/ai/spans/publish", strings.NewReader(`{"spans":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+s.Tokens[Samples])
		r.Header.Set("Tailrace-Ledger", "instance="+name+", accepted=3, delivered=2, failed=1")
		resp, err := s.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close() // nothing is in it
	}
	s.Post(t, Samples, "/ai/spans/publish", "application/json", []byte(`{"spans":[{"traceId":"<img src=x onerror=__fired(1)>","spanId":"../x","name":1},{"traceId":"x","spanId":"y"}]}`))
	wishes := make([]wish, 0, len(names))
	for _, name := range names {
		if m := markIn.FindString(name); m != "" {
			wishes = append(wishes, wish{m, name})
		}
	}
	if len(wishes) < 100 {
		t.Fatalf("%d senders have names", len(wishes))
	}
	p := startSuspect(t, s.beacon)
	p.visit(s.URL+"/pipeline", wishes, `__hostile.unfold(document.body, 3)`, `__hostile.sweep()`)
}

// hostileSettings names projects, tokens and users after payloads, as far as the server takes them.
func hostileSettings(t *testing.T, s *hostileSite) {
	accepted := func(i int, field string) (string, bool) {
		name := s.corpus.at(i, field)
		bad := func(r rune) bool { return !unicode.IsPrint(r) }
		return name, len(name) <= 256 && strings.TrimSpace(name) == name && !strings.ContainsFunc(name, bad) && !strings.Contains(name, "{S}")
	}
	var labels, projects, users []wish
	for i := range s.all() {
		if name, ok := accepted(i, "label"); ok {
			Ask[any](t, s.Site, http.MethodPost, "/api/projects/samples/tokens", object{"label": name, "scope": "read"})
			labels = append(labels, wish{markIn.FindString(name), name})
		}
		if name, ok := accepted(i, "project"); ok && i%8 == 0 {
			Ask[any](t, s.Site, http.MethodPost, "/api/projects", object{"name": name})
			projects = append(projects, wish{markIn.FindString(name), name})
		}
		if name, ok := accepted(i, "login"); ok && i%40 == 0 {
			Ask[any](t, s.Site, http.MethodPost, "/api/users", object{"name": name, "password": Password})
			users = append(users, wish{markIn.FindString(name), name})
		}
	}
	p := startSuspect(t, s.beacon)
	p.visit(s.URL+"/p/samples/settings", nil)
	p.visit(s.URL+"/p/samples/settings/tokens", labels, `__hostile.popovers()`)
	p.visit(s.URL+"/p/samples/settings/members", nil, `__hostile.popovers()`)
	p.visit(s.URL+"/p/samples/settings/shares", nil)
	p.visit(s.URL+"/settings", nil)
	p.visit(s.URL+"/settings/projects", projects)
	p.visit(s.URL+"/settings/users", users, `__hostile.popovers()`)
	p.visit(s.URL+"/p/"+url.PathEscape(projects[1].text)+"/traces", projects) // its switch names them all
}

// hostileShares looks at what leaves the team: links, redacted and whole, and files that are opened from elsewhere.
func hostileShares(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	for _, content := range []bool{false, true} {
		for _, trace := range []string{wideTrace, deepTrace} {
			made := Ask[struct{ Secret string }](t, s.Site, http.MethodPost, "/api/projects/samples/shares", object{"trace_id": trace, "content": content})
			var names []wish
			if trace == wideTrace {
				names = s.corpus.whole(0, s.all(), "name")
			}
			p.visit(s.URL+"/s/"+made.Secret, names, `__hostile.sweep()`)
			var said []wish
			if content && trace == deepTrace {
				said = s.corpus.whole(0, s.all(), "tool")
			}
			p.visit(s.URL+"/s/"+made.Secret+"/"+spanID(deepCalls), said, `__hostile.tabs("tab-raw", 4)`)
		}
	}
	file := startSuspect(t, s.beacon)
	file.offline = true
	for trace, wishes := range map[string][]wish{
		wideTrace: s.corpus.whole(0, s.all(), "name", "input", "output"), deepTrace: s.corpus.marks(0, s.all(), "text", "metakey", "metavalue", "eventvalue"), oddTrace: nil,
	} {
		body := s.send(t, "", http.MethodGet, "/api/projects/samples/traces/"+trace+"/export?format=html", "", nil)
		elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html") // as from a disk: without a header of ours
			if r.URL.Path == "/" {
				_, _ = w.Write(body)
			}
		}))
		t.Cleanup(elsewhere.Close)
		file.watch.move(elsewhere.URL)
		file.visit(elsewhere.URL, wishes)
	}
}

func hostileCompare(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	at := s.URL + "/p/samples/compare"
	p.visit(at+"?a="+wideTrace+"&b="+deepTrace, nil, `__hostile.sweep(30)`, `__hostile.unfold(document.body, 2)`)
	p.visit(at+"?a="+rowTrace(0)+"&b="+rowTrace(1), append(s.corpus.whole(0, 2, "name"), s.corpus.marks(11, 13, "preview")...), `__hostile.press(".steps button[aria-expanded=false]", 3)`)
	for _, n := range []int{deepTexts, deepCalls} {
		p.visit(fmt.Sprintf("%s?a=%s&b=%s&step=%s", at, deepTrace, longTrace, spanID(n)), nil, `__hostile.unfold(document.body, 3)`, `__hostile.sweep(5)`)
	}
	p.visit(at+"?a="+oddTrace+"&b="+oddTrace, nil)
}

// hostileAddresses puts payloads into every part of an address that a page reads, and into paths of no page.
func hostileAddresses(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	p.AllowConsole(`the server responded with a status of (400|404|429|421) `)
	p.visit(s.URL+"/p/samples/traces", nil)
	params := []string{"q", "in", "service", "trace_id", "status", "any_error", "min_ms", "max_ms", "sort", "last", "from", "to", "cols", "group", "cursor", "view", "find", "errors", "axis", "z", "tab", "by", "order", "tokens", "only", "step", "a", "b", "next"}
	pages := []string{"/p/samples/traces", "/p/samples/traces/" + deepTrace, "/p/samples/traces/" + deepTrace + "/" + spanID(1), "/p/samples/metrics", "/p/samples/compare", "/p/samples/settings", "/pipeline", "/settings", "/styleguide", "/s/x", "/invite/x"}
	text := func(n int) string { return strings.ReplaceAll(s.corpus.at(n, "url"), "{S}", halfPair) }
	for n, round := 0, 0; round < 2; round++ {
		for _, at := range pages {
			q := url.Values{}
			for j, key := range params {
				q.Set(key, text(n+j))
			}
			q.Set(text(n), text(n)) // one that nobody knows
			p.goTo(at + "?" + q.Encode())
			n += len(params)
		}
	}
	for i := 0; i < s.all(); i += 20 {
		one := url.PathEscape(text(i))
		at := []string{"/p/" + one + "/traces", "/p/samples/traces/" + one, "/p/samples/traces/" + deepTrace + "/" + one, "/p/samples/settings/" + one, "/settings/" + one, "/" + one, "/invite/" + one}[i/20%7]
		p.goTo(at)
	}
	p.judge("addresses")
	for i := 0; i < s.all(); i += 100 { // from the server
		p.visit(s.URL+[]string{"/p/", "/p/samples/traces/", "/s/"}[i/100%3]+url.PathEscape(text(i))+"?q="+url.QueryEscape(text(i+1))+"#"+url.PathEscape(text(i+2)), nil)
	}
}

// hostileLive shows pages that are open what arrives while they are.
func hostileLive(t *testing.T, s *hostileSite) {
	p := startSuspect(t, s.beacon)
	p.visit(s.URL+"/p/samples/traces?cols=service,user,thread,tags,preview", nil)
	p.WaitFor("text=Live")
	w := &writer{c: s.corpus, now: time.Now()}
	w.rows()
	w.spans = w.spans[:40]
	for i, one := range w.spans {
		one["traceId"] = "f" + rowTrace(i)[1:]
		one["name"] = s.corpus.at(i, "livename")
	}
	p.hope(s.corpus.whole(0, 40, "livename"))
	w.send(t, s.Site, Samples)
	p.WaitFor("text*=new trace")
	p.Click("text*=new trace")
	p.step(`__hostile.settle()`)
	p.step(`__hostile.sweep()`)
	p.judge("what arrives")
}

// TestLoginLeadsNowhereElse follows what an address asks for after a login.
func TestLoginLeadsNowhereElse(t *testing.T) {
	b := newBeacon(t)
	site := Server(t, Options{Logins: true, Users: []User{{Name: "ann", Admin: true}}})
	corpus := newCorpus(b.URL)
	p := startSuspect(t, b)
	p.AllowConsole(`the server responded with a status of (400|401|404) `)
	next := []string{b.URL, strings.TrimPrefix(b.URL, "http:"), "/\\" + strings.TrimPrefix(b.URL, "http://"), "/\t/" + strings.TrimPrefix(b.URL, "http://"), "javascript:__fired(1)", "data:text/html,<script>__fired(2)</script>", "/login?next=" + b.URL}
	for i := 0; i < len(corpus.payloads); i += 20 { // the others are for the tests of safeNext
		next = append(next, strings.ReplaceAll(corpus.at(i, "next"), "{S}", halfPair))
	}
	p.visit(site.URL+"/login?next="+url.QueryEscape(next[0]), nil)
	p.Type("role=textbox Name", "ann")
	p.Type("input[type=password]", Password)
	p.Click("role=button Log in")
	p.WaitUntil(`location.pathname !== "/login"`)
	for _, one := range next { // whoever is inside is sent on at once
		p.goTo("/login?next=" + url.QueryEscape(one))
	}
	if got := p.URL(); !strings.HasPrefix(got, site.URL+"/") {
		t.Errorf("a login leads to %s", got)
	}
	p.judge("logins")
}
