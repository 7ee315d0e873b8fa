package api

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// fill puts a value into a path of the table.
func fill(path, project, trace, id string) string {
	return strings.NewReplacer("{p}", project, "{id}", trace, "{span}", id, "{key}", "service").Replace(path)
}

// required makes a query with what an operation cannot do without.
func required(o *operation) string {
	var q []string
	for _, p := range o.query {
		if p.must {
			value := "x"
			if p.choices != nil {
				value = p.choices[0]
			}
			q = append(q, p.name+"="+value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + strings.Join(q, "&")
}

func TestForeignIsAsUnknown(t *testing.T) {
	overBoth(t, func(r *rig) {
		r.trace("a", id1, "ours", noon.Add(-time.Minute))
		r.trace("b", id1, "theirs", noon.Add(-time.Minute))
		r.trace("b", id2, "theirs alone", noon.Add(-time.Minute))
		r.append("b", &store.Batch{
			Spans:   []store.Item{{Span: &span.Span{TraceID: id1, ID: "9", ParentID: "1", Name: "theirs", Start: noon.Add(-time.Minute), End: noon}}},
			Records: []store.Record{{Kind: store.KindLog, ID: "l", At: noon, TraceID: id2, Log: &store.Log{Message: "theirs"}}},
		})
		const unknown = "2af7651916cd43dd8448eb211c80319c"
		for i := range r.api.table {
			o := &r.api.table[i]
			if !strings.Contains(o.Path, "/{p}") {
				continue
			}
			q := required(o)
			if strings.Contains(o.Path, "{id}") && strings.HasPrefix(o.Path, "/api/projects/{p}/traces/") {
				same(r, o, fill(o.Path, "a", id2, "1")+q, fill(o.Path, "a", unknown, "1")+q, "a trace of another project")
				if strings.Contains(o.Path, "{span}") {
					same(r, o, fill(o.Path, "a", id1, "9")+q, fill(o.Path, "a", id1, "a")+q, "a span of the same trace id in another project")
				}
				for _, id := range []string{"%00", "..%2f" + id1, strings.Repeat("a", 10<<10), "no-op-trace", "0", ":id", "*", "{id}"} {
					if w := r.do(o.Method, "root", fill(o.Path, "a", id, "1")+q, nil); w.Code != http.StatusNotFound {
						r.t.Errorf("%s with the id %.20q: %d %.200s", o.id, id, w.Code, w.Body)
					}
				}
			}
			if o.Need >= access.Read && o.Need != access.Root {
				same(r, o, fill(o.Path, "b", id1, "1")+q, fill(o.Path, "nobody", id1, "1")+q, "another project")
				for _, p := range []string{"%00", "..%2fb", strings.Repeat("a", 10<<10), "*", "{p}", ":p"} {
					if w := r.do(o.Method, "root", fill(o.Path, p, id1, "1")+q, nil); w.Code != http.StatusNotFound {
						r.t.Errorf("%s with the project %.20q: %d", o.id, p, w.Code)
					}
				}
			}
		}
		if list := want[traceList](r, traceA); len(list.Traces) != 1 || list.Traces[0].Name != "ours" || list.Traces[0].Spans != 2 {
			r.t.Errorf("list %+v", list)
		}
		if k := want[skeleton](r, traceA+"/"+id1); len(k.Spans.ID) != 2 || k.Trace.Name != "ours" {
			r.t.Errorf("trace %+v", k)
		}
	})
}

// same wants 404 with equal bytes and equal headers.
func same(r *rig, o *operation, foreign, unknown, what string) {
	r.t.Helper()
	token := "read"
	if o.Need > access.Read {
		token = "admin"
	}
	got, want := r.do(o.Method, token, foreign, nil), r.do(o.Method, token, unknown, nil)
	if got.Code != http.StatusNotFound || want.Code != http.StatusNotFound || got.Body.String() != want.Body.String() {
		r.t.Errorf("%s, %s: %d %.300s\nunknown: %d %.300s", o.id, what, got.Code, got.Body, want.Code, want.Body)
	}
	for name, values := range want.Header() {
		if g := got.Header()[name]; len(g) != len(values) || g[0] != values[0] {
			r.t.Errorf("%s, %s: header %s is %q, of unknown %q", o.id, what, name, g, values)
		}
	}
}

// Every route needs what the table says: nobody gets in without a token, an ingest token reads nothing.
func TestNothingIsOpenButWhatSaysSo(t *testing.T) {
	r := newRig(t)
	for i := range r.api.table {
		o := &r.api.table[i]
		path := fill(o.Path, "a", id1, "1") + required(o)
		if o.Need == access.Open {
			continue
		}
		if w := r.do(o.Method, "", path, nil); w.Code != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d", o.id, w.Code)
		}
		if w := r.do(o.Method, "ingest", path, nil); w.Code != http.StatusForbidden && o.Need > access.Known {
			t.Errorf("%s with an ingest token: %d", o.id, w.Code)
		}
	}
}
