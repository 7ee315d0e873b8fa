package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestWhatAPathDoesNotTakeIsRefusedByName(t *testing.T) {
	r := newRig(t)
	r.trace("a", id1, "answer", noon.Add(-time.Minute))
	for i := range r.api.table {
		o := &r.api.table[i]
		if o.media == eventStream || o.id == "getHealth" {
			continue
		}
		path := fill(o.Path, "a", id1, "1")
		join := func(q string) string {
			if base := required(o); base != "" {
				return path + base + "&" + q
			}
			return path + "?" + q
		}
		refuse := func(url, field string) {
			if w := r.do(o.Method, "root", url, nil); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"field":"`+field+`"`) {
				t.Errorf("%s %s: %d %s; want 400 about %s", o.Method, url, w.Code, w.Body, field)
			}
		}
		refuse(join("limitt=1"), "limitt")
		refuse(join("a=%zz"), "query")
		refuse(join("a=1;b=2"), "query")
		refuse(join(strings.Repeat("k", 10_000)+"=1"), strings.Repeat("k", 64))
		for _, p := range o.query {
			name := p.name
			if strings.HasSuffix(name, ".") {
				name += "key"
			}
			refuse(path+"?"+name+"=", name)
			if !p.many {
				refuse(path+"?"+name+"=1&"+name+"=1", name)
			}
			if p.choices != nil {
				refuse(path+"?"+name+"=nonsense", name)
			}
			switch p.kind {
			case "integer":
				for _, bad := range []string{"-1", "0", "1.5", "99999999999999999999", "1e3", "x"} {
					refuse(join(name+"="+bad), name)
				}
			case "date-time", "duration":
				for _, bad := range []string{"x", "-1", "9999999d", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00Z"} {
					refuse(join(name+"="+bad), name)
				}
			}
			if p.must {
				refuse(path, name)
			}
		}
	}
}

// hostile are texts that must stay texts.
var hostile = []string{
	`' OR '1'='1`, `'; DROP TABLE traces; --`, `" OR ""="`, `1) UNION SELECT * FROM m --`, `%`, `_`, `%%`, `\`, `*`, "a\x00b", "\xff\xfe",
	`${jndi:ldap://x}`, `{{7*7}}`, `<script>alert(1)</script>`, `../../etc/passwd`, `a' AND randomblob(1000000000) --`, "\u2028", "a\nb", `GLOB '*'`, `^`, `[a-z]`,
}

func TestHostileTextsStayTexts(t *testing.T) {
	overBoth(t, func(r *rig) {
		r.trace("a", id1, "answer", noon.Add(-time.Minute))
		for _, text := range hostile {
			v := url.QueryEscape(text)
			for _, name := range []string{"service", "type", "model", "user", "thread", "env", "tag", "meta.k", "meta." + v, "q"} {
				w := r.get("read", traceA+"?"+name+"="+v)
				if w.Code == http.StatusOK && !strings.Contains(w.Body.String(), `"traces":[]`) || w.Code >= 500 {
					r.t.Errorf("%s=%q: %d %s", name, text, w.Code, w.Body)
				}
			}
			if w := r.get("read", traceA+"?in=content&q="+v); w.Code >= 500 { // the content has an underscore
				r.t.Errorf("q=%q in content: %d %s", text, w.Code, w.Body)
			}
			for _, path := range []string{
				traceA + "?trace_id=" + v, traceA + "?cursor=" + v, traceA + "/" + id1 + "/find?q=" + v,
				"/api/projects/a/records?trace_id=" + v, "/api/projects/a/records?cursor=" + v, "/api/projects/a/values/service?prefix=" + v,
				"/api/projects/a/values/meta." + url.PathEscape(text), "/api/projects/a/series?metric=count&service=" + v + "&by=service", "/api/projects/" + url.PathEscape(text) + "/traces",
			} {
				if w := r.get("root", path); w.Code >= 500 || strings.Contains(w.Body.String(), id1) {
					r.t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
			}
		}
	})
}

func FuzzFilterQuery(f *testing.F) {
	for _, q := range []string{
		"", "last=1h&status=error&tag=a&tag=b&meta.k=v&limit=3", "from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z&sort=cost", "q=x&in=content", "min_ms=1e3&max_ms=NaN",
		"cursor=AQAB", "metric=latency&by=model&step=1h&max_keys=1", "kind=log&trace_id=1", "prefix=%25", "max_spans=1", "after=18446744073709551615", "format=html", "%zz", "last=300000d",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		r := newRig(t)
		r.trace("a", id1, "answer", noon.Add(-time.Minute))
		for i := range r.api.table {
			o := &r.api.table[i]
			if o.Method != http.MethodGet || o.media == eventStream {
				continue
			}
			req, err := url.Parse("http://localhost" + fill(o.Path, "a", id1, "1"))
			if err != nil {
				t.Fatal(err)
			}
			req.RawQuery = q
			if w := r.getURL("root", req); w.Code >= 500 {
				t.Errorf("%s?%s: %d %s", o.Path, q, w.Code, w.Body)
			}
		}
	})
}
