package store

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// Filter says which traces a list shows. Its zero value shows all. What is set must hold, all of it.
type Filter struct {
	From, To time.Time // of the trace's start: From ≤ start < To; zero: no limit

	Service     string  // of the trace or of any span of it
	Status      Status  // StatusAny: all
	AnyError    *bool   // a span failed anywhere, or none did; nil: no matter
	TraceID     string  // its first hex digits, 1 to 32, in any case
	Facets      []Facet // each must be on some span of the trace
	MinDuration time.Duration
	MaxDuration *time.Duration // nil: no limit

	// Text is looked for in name, tags, preview, and as the first digits of the trace id; with Content, in whole spans.
	// ASCII letters match in either case. It is at most 256 bytes. A search ends at its budget, see Searched.
	Text    string
	Content bool
	Budget  int64 // unpacked bytes that Content may look at, per page; 0 means 64 MiB

	Sort   Sort
	Limit  int    // 0 means 50, the most is 200
	Cursor string // Page.Next of the page before; empty for the first
}

// Facet is a property that a trace has when any of its spans has it. Key is type, model, user, thread, env, tag, or
// meta.KEY for a scalar metadata value as text. Values longer than 256 bytes are cut to that.
type Facet struct{ Key, Value string }

// Bounds of facets: what goes beyond is not indexed, though stored.
const (
	MaxFacets      = 64  // of one trace
	MaxMetaKeys    = 50  // of one trace
	MaxFacetBytes  = 256 // of one value
	MaxFilterTexts = 256 // bytes of Filter.Text
	MaxLimit       = 200
)

// facetKeys are the keys that have a parameter of their own in the API.
var facetKeys = []string{"type", "model", "user", "thread", "env", "tag"}

// CanonicalFacet is the key under which a facet is kept: some metadata keys have a shorter one of their own.
func CanonicalFacet(key string) string {
	switch key {
	case "meta.userId":
		return "user"
	case "meta.threadId":
		return "thread"
	case "meta.environment":
		return "env"
	}
	return key
}

// Check fills in defaults, brings ids, facets and text into the form in which they are compared, and parses the cursor,
// which is nil for the first page. Implementations of Store call it first. The error is a *FieldError.
func (f Filter) Check() (Filter, *Cursor, error) {
	fail := func(field, format string, a ...any) (Filter, *Cursor, error) {
		return f, nil, &FieldError{Field: field, Reason: fmt.Sprintf(format, a...)}
	}
	if f.Limit == 0 {
		f.Limit = 50
	}
	if f.Limit < 0 || f.Limit > MaxLimit {
		return fail("limit", "want 1 to %d", MaxLimit)
	}
	if int(f.Status) >= len(statusNames) {
		return fail("status", "want running, success, error or incomplete")
	}
	if int(f.Sort) >= len(sortNames) {
		return fail("sort", "want start, duration, tokens or cost")
	}
	if !f.From.IsZero() && !f.To.IsZero() && f.To.Before(f.From) {
		return fail("to", "is before from")
	}
	if f.MinDuration < 0 {
		return fail("min_ms", "is negative")
	}
	if f.MaxDuration != nil && *f.MaxDuration < f.MinDuration {
		return fail("max_ms", "is less than min_ms, or negative")
	}
	f.TraceID = strings.ToLower(f.TraceID)
	if len(f.TraceID) > 32 || strings.Trim(f.TraceID, "0123456789abcdef") != "" {
		return fail("trace_id", "want 1 to 32 hex digits")
	}
	if len(f.Text) > MaxFilterTexts {
		return fail("q", "is longer than %d bytes", MaxFilterTexts)
	}
	if f.Content && f.Text == "" {
		return fail("in", "content needs a text to look for in q")
	}
	if f.Content && f.Sort != SortStart {
		return fail("sort", "a search in content goes by start only")
	}
	if f.Budget <= 0 {
		f.Budget = 64 << 20
	}
	if len(f.Facets) > 16 {
		return fail("meta", "more than 16 conditions")
	}
	facets := make([]Facet, len(f.Facets))
	for i, facet := range f.Facets {
		if facet.Value == "" {
			return fail(facet.Key, "is empty; leave it out for any")
		}
		key := CanonicalFacet(facet.Key)
		if key == "type" {
			facet.Value = string(span.Type(facet.Value).Canonical())
		}
		facets[i] = Facet{Key: key, Value: CutText(facet.Value, MaxFacetBytes)}
	}
	f.Facets = facets
	cursor, err := checkCursor(f.Cursor, f.Sort)
	return f, cursor, err
}

// CutText returns at most n bytes of s, cut between characters.
func CutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}

// CheckValues fills in the limit of a question for values and checks its key.
func CheckValues(key string, limit int) (canonical string, n int, err error) {
	if limit == 0 {
		limit = 100
	}
	if limit < 0 || limit > 1000 {
		return "", 0, &FieldError{Field: "limit", Reason: "want 1 to 1000"}
	}
	meta, isMeta := strings.CutPrefix(key, "meta.")
	switch {
	case isMeta && meta != "", key == "meta", key == "service", key == "name", slices.Contains(facetKeys, key):
		return CanonicalFacet(key), limit, nil
	}
	return "", 0, &FieldError{Field: "key", Reason: "want service, name, type, model, user, thread, env, tag, meta or meta.KEY"}
}
