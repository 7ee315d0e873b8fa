package store_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/memory"
	"github.com/tailrace-go/tailrace/span"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func Example() {
	ctx := context.Background()
	s := memory.New(memory.Config{Now: func() time.Time { return noon }})
	defer func() { _ = s.Close() }()

	run := &span.Span{
		TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", ID: "00f067aa0ba902b7", Name: "plan a trip", Type: span.TypeAgentRun,
		Start: noon, End: noon.Add(3 * time.Second), Input: `"Where is it warm in May?"`, Metadata: `{"serviceName":"travel-api"}`,
	}
	result, err := s.Append(ctx, "support", &store.Batch{Spans: []store.Item{{Span: run}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Spans[0].State)

	filter, err := store.ParseFilter(url.Values{"service": {"travel-api"}, "last": {"24h"}}, noon.Add(time.Minute))
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := s.List(ctx, "support", filter)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range page.Traces {
		fmt.Println(t.Status, t.Name, t.Duration, t.Preview)
	}
	// Output:
	// stored
	// success plan a trip 3s Where is it warm in May?
}

func TestParseFilter(t *testing.T) {
	yes, most := true, 2500*time.Microsecond
	got, err := store.ParseFilter(url.Values{
		"from": {"2026-11-22T11:00:00+01:00"}, "to": {"2026-11-22T12:00:00.5Z"}, "service": {"a b"}, "status": {"error"}, "any_error": {"true"},
		"trace_id": {"ABC"}, "type": {"agent_run"}, "tag": {"x", "y"}, "meta.tier": {"3"}, "min_ms": {"1"}, "max_ms": {"2.5"}, "q": {"text"},
		"sort": {"cost"}, "limit": {"7"},
	}, noon)
	want := store.Filter{
		From: noon.Add(-2 * time.Hour), To: noon.Add(time.Second / 2), Service: "a b", Status: store.StatusError, AnyError: &yes, TraceID: "ABC",
		Facets:      []store.Facet{{Key: "meta.tier", Value: "3"}, {Key: "tag", Value: "x"}, {Key: "tag", Value: "y"}, {Key: "type", Value: "agent_run"}},
		MinDuration: time.Millisecond, MaxDuration: &most, Text: "text", Sort: store.SortCost, Limit: 7,
	}
	got.From = got.From.UTC()
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	if got, err := store.ParseFilter(nil, noon); err != nil || !reflect.DeepEqual(got, store.Filter{}) {
		t.Errorf("no parameters: %+v, %v; want a filter of nothing", got, err)
	}
	if got, err := store.ParseFilter(url.Values{"last": {"7d"}}, noon); err != nil || !got.From.Equal(noon.AddDate(0, 0, -7)) {
		t.Errorf("last=7d: %+v, %v", got, err)
	}
}

func TestParseFilterNamesTheParameter(t *testing.T) {
	for _, c := range []struct{ query, field string }{
		{"service=", "service"}, {"status=done", "status"}, {"status=a&status=b", "status"}, {"any_error=2", "any_error"}, {"trace_id=xyz", "trace_id"},
		{"from=today", "from"}, {"from=1500-01-01T00:00:00Z", "from"}, {"last=-1h", "last"}, {"last=1w", "last"}, {"last=1h&to=2026-11-22T12:00:00Z", "last"},
		{"min_ms=NaN", "min_ms"}, {"min_ms=-1", "min_ms"}, {"min_ms=2&max_ms=1", "max_ms"}, {"limit=0", "limit"}, {"limit=1000", "limit"},
		{"sort=name", "sort"}, {"in=all", "in"}, {"in=content", "in"}, {"cursor=!", "cursor"}, {"page=2", "page"}, {"meta.=1", "meta."}, {"meta=1", "meta"},
		{"service.name=a", "service.name"}, {strings.Repeat("k", 100) + "=1", strings.Repeat("k", 64)},
		{"sort=cost&cursor=" + store.Cursor{}.String(), "cursor"},
	} {
		query, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = store.ParseFilter(query, noon)
		if e, ok := errors.AsType[*store.FieldError](err); !ok || e.Field != c.field {
			t.Errorf("%s: %v, want an error about %s", c.query, err, c.field)
		}
	}
}

func FuzzParseFilter(f *testing.F) {
	f.Add("service=a&status=error&last=24h&tag=x&tag=y&meta.k=v&min_ms=1.5&q=t&in=content")
	f.Add("cursor=" + store.Cursor{Sort: store.SortTokens, Key: 5, Day: 20000, Row: 7}.String() + "&sort=tokens")
	f.Add("trace_id=00f067aa&max_ms=1e12&limit=200")
	f.Fuzz(func(t *testing.T, text string) {
		query, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		filter, err := store.ParseFilter(query, noon)
		if err != nil {
			if _, ok := errors.AsType[*store.FieldError](err); !ok {
				t.Errorf("%q: %v is no FieldError", text, err)
			}
			return
		}
		checked, _, err := filter.Check()
		if err != nil {
			t.Fatalf("%q: parsed, but %v", text, err)
		}
		if again, _, err := checked.Check(); err != nil || !reflect.DeepEqual(again, checked) {
			t.Errorf("%q: checked again: %+v, %v; want %+v", text, again, err, checked)
		}
	})
}

func FuzzParseCursor(f *testing.F) {
	f.Add(store.Cursor{Sort: store.SortCost, Key: -1, Day: 20779, Row: 12}.String())
	f.Add("AQAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := store.ParseCursor(text)
		if err != nil {
			return
		}
		if again, err := store.ParseCursor(c.String()); err != nil || again != c {
			t.Errorf("%q: %+v became %+v, %v", text, c, again, err)
		}
		if c.Before(c.Key, c.Day, c.Row) {
			t.Errorf("%q is before itself", text)
		}
	})
}
