package facts

import (
	"slices"
	"strconv"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// How sure a service name is: a lower rank beats a higher, and within a rank the earlier span does.
const (
	rankRootResource = 10 + iota
	rankResource
	rankRootMetadata
	rankMetadata
	rankRecord // a metric, log, score or feedback of the trace
	rankEntity // agent, tool or workflow of the root
	rankLabel  // of the token
	rankNone
)

// Trace is what the spans of a trace are in sum. What it says does not depend on the order in which they come, but for
// which version of a span comes first. The zero value is a trace without spans.
type Trace struct {
	ID         TraceID
	Start, Fin int64 // ns; the earliest start and the latest end
	Spans      int
	Errors     int
	Tokens     span.Tokens
	Cost       int64
	Priced     bool
	Seen       int64 // ns; when something came last

	// The root, or while there is none the span that started first.
	Root                    SpanID
	Rooted                  bool // it is a root
	RootStart, RootEnd      int64
	RootRunning, RootFailed bool
	Name, Type, Preview     string

	Service     string
	ServiceRank int // 0: none yet
	ServiceAt   int64
	ServiceID   SpanID

	Facets []store.Facet // in order of arrival, each once
	Added  int           // how many of Facets are new since the owner set this to 0 the last time
	meta   span.Value    // the metadata that was looked at last: children repeat it
	top    *span.Span    // that Preview is to be made of
}

// Add takes a span that the trace does not have yet.
func (t *Trace) Add(f *Span, label string) {
	if t.Spans == 0 {
		t.Start, t.Fin = f.Start, f.End()
	}
	t.Spans++
	t.take(f, label)
	if f.Failed {
		t.Errors++
	}
}

// End takes the finished version of a span, after EndOf, that the trace has as running.
func (t *Trace) End(f *Span, wasFailed bool, label string) {
	t.take(f, label)
	if f.Failed && !wasFailed {
		t.Errors++
	}
	if !f.Failed && wasFailed {
		t.Errors--
	}
}

func (t *Trace) take(f *Span, label string) {
	t.Start, t.Fin = min(t.Start, f.Start), max(t.Fin, f.End())
	t.Seen = max(t.Seen, f.Received)
	t.Tokens = t.Tokens.Add(f.Tokens)
	if f.Priced {
		t.AddCost(f.Cost)
	}
	if t.Root == 0 || t.Root == f.ID || t.nearerToTop(f) {
		t.Root, t.Rooted = f.ID, f.Root
		t.RootStart, t.RootEnd = f.Start, f.End()
		t.RootRunning, t.RootFailed = f.Running, f.Failed
		t.Name, t.Type = f.Name, f.Type
		t.top = f.Source // its preview is made once: a batch brings children first, each nearer to the top
	}
	t.services(f, label)
	t.facets(f)
}

// Settle makes Preview what it should be and lets go of all spans that the trace was made of. Call it when a batch is in.
func (t *Trace) Settle() {
	if t.top != nil {
		t.Preview = Preview(t.top)
	}
	t.top, t.meta = nil, ""
}

// AddCost adds what a span or a metric says.
func (t *Trace) AddCost(nano int64) {
	t.Cost += nano
	t.Priced = true
}

// nearerToTop reports whether f is a better root: roots before others, then the earlier, then the lower id.
func (t *Trace) nearerToTop(f *Span) bool {
	if f.Root != t.Rooted {
		return f.Root
	}
	if f.Start != t.RootStart {
		return f.Start < t.RootStart
	}
	return f.ID < t.Root
}

// services considers the names that a span gives its trace.
func (t *Trace) services(f *Span, label string) {
	switch {
	case f.Service == "":
	case f.Resource && f.Root:
		t.consider(rankRootResource, f.Start, f.ID, f.Service)
	case f.Resource:
		t.consider(rankResource, f.Start, f.ID, f.Service)
	case f.Root:
		t.consider(rankRootMetadata, f.Start, f.ID, f.Service)
	default:
		t.consider(rankMetadata, f.Start, f.ID, f.Service)
	}
	if f.Root {
		name := f.Source.EntityName
		if name == "" {
			name = f.Source.EntityID
		}
		for _, key := range [...]string{"agentId", "workflowId"} {
			if name == "" {
				name, _ = f.Source.Attributes.Get(key).Text()
			}
		}
		t.consider(rankEntity, f.Start, f.ID, store.CutText(name, maxName))
	}
	t.consider(rankLabel, 0, 0, store.CutText(label, maxName))
}

func (t *Trace) consider(rank int, at int64, id SpanID, name string) {
	if name == "" {
		return
	}
	switch {
	case t.ServiceRank == 0 || rank < t.ServiceRank:
	case rank > t.ServiceRank || at > t.ServiceAt:
		return
	case at == t.ServiceAt && (id > t.ServiceID || id == t.ServiceID && name >= t.Service):
		return
	}
	t.Service, t.ServiceRank, t.ServiceAt, t.ServiceID = name, rank, at, id
}

// OwnService reports whether the trace's service is what one of its spans calls itself.
func (t *Trace) OwnService() bool {
	return t.ServiceRank >= rankRootResource && t.ServiceRank <= rankMetadata
}

// Consider takes the service that a record names.
func (t *Trace) Consider(service string, at int64) { t.consider(rankRecord, at, 0, service) }

// ServiceOf is the service that a span of this trace counts for: its own, else the trace's.
func (t *Trace) ServiceOf(f *Span) string {
	if f.Service != "" {
		return f.Service
	}
	return t.Service
}

// KeyService is the facet of services that spans of a trace call themselves.
const KeyService = "service"

func (t *Trace) facets(f *Span) {
	t.Facet(KeyService, f.Service)
	t.Facet("type", f.Type)
	t.Facet("model", f.Model)
	for _, tag := range f.Source.Tags {
		t.Facet("tag", tag)
	}
	if f.Source.Metadata == t.meta {
		return
	}
	t.meta = f.Source.Metadata
	for key, v := range t.meta.Members() {
		if text, ok := scalar(v); ok && key != "" && key != "serviceName" && len(key) <= store.MaxFacetBytes {
			t.Facet(store.CanonicalFacet("meta."+key), text)
		}
	}
}

// scalar is a string, number or boolean as text.
func scalar(v span.Value) (string, bool) {
	if v.IsNull() || v.IsObject() || v.IsArray() {
		return "", false
	}
	if text, ok := v.Text(); ok {
		return text, true
	}
	return string(v), true
}

// Facet adds a facet unless it is there, empty, or one too many.
func (t *Trace) Facet(key, value string) {
	value = store.CutText(value, store.MaxFacetBytes)
	if value == "" || len(t.Facets) >= store.MaxFacets {
		return
	}
	meta := 0
	for _, have := range t.Facets {
		if have.Key == key && have.Value == value {
			return
		}
		if len(have.Key) > 5 && have.Key[:5] == "meta." {
			meta++
		}
	}
	if meta >= store.MaxMetaKeys && len(key) > 5 && key[:5] == "meta." {
		return
	}
	t.Facets = append(t.Facets, store.Facet{Key: key, Value: value})
	t.Added++
}

// State is what a row needs to tell a status: RootState while there is a root, and Cover for a trace that never gets
// one.
func (t *Trace) State() (root, cover store.Status) {
	if t.Spans == 0 {
		return store.StatusAny, store.StatusAny
	}
	ended := store.StatusSuccess
	if t.RootFailed {
		ended = store.StatusError
	}
	if t.Rooted {
		if t.RootRunning && !t.RootFailed {
			return store.StatusRunning, store.StatusAny
		}
		return ended, store.StatusAny
	}
	if !t.RootRunning && t.RootStart == t.Start && t.RootEnd >= t.Fin {
		return store.StatusAny, ended
	}
	return store.StatusAny, store.StatusAny
}

// StatusOf combines the two with how long the trace has been quiet.
func StatusOf(root, cover store.Status, seen, now int64) store.Status {
	switch {
	case root != store.StatusAny:
		return root
	case now-seen < int64(store.QuietAfter):
		return store.StatusRunning
	case cover != store.StatusAny:
		return cover
	}
	return store.StatusIncomplete
}

// Summary writes the trace down.
func (t *Trace) Summary(day, now int64) store.Summary {
	root, cover := t.State()
	s := store.Summary{
		TraceID:    t.ID.Text(),
		Name:       t.Name,
		Type:       span.Type(t.Type),
		Service:    t.Service,
		Status:     StatusOf(root, cover, t.Seen, now),
		SpanErrors: t.Errors,
		Spans:      t.Spans,
		Start:      time.Unix(0, t.Start).UTC(),
		Duration:   time.Duration(t.Fin - t.Start),
		Tokens:     t.Tokens,
		Cost:       CostOf(t.Cost, t.Priced),
		Preview:    t.Preview,
		Day:        DayText(day),
	}
	SummaryFacets(&s, t.Facets)
	return s
}

// SummaryFacets fills tags, user and thread.
func SummaryFacets(s *store.Summary, facets []store.Facet) {
	for _, f := range facets {
		switch {
		case f.Key == "tag":
			s.Tags = append(s.Tags, f.Value)
		case f.Key == "user" && (s.User == "" || f.Value < s.User): // so that it depends on no order
			s.User = f.Value
		case f.Key == "thread" && (s.Thread == "" || f.Value < s.Thread):
			s.Thread = f.Value
		}
	}
	slices.Sort(s.Tags)
}

// CostOf is a cost, or nil when it is not known.
func CostOf(nano int64, priced bool) *store.Cost {
	if !priced {
		return nil
	}
	c := store.Cost(nano)
	return &c
}

// Key is the sort key of a trace in an order.
func (t *Trace) Key(by store.Sort) int64 {
	switch by {
	case store.SortDuration:
		return t.Fin - t.Start
	case store.SortTokens:
		return int64(t.Tokens.Total)
	case store.SortCost:
		if !t.Priced {
			return -1
		}
		return t.Cost
	}
	return t.Start
}

// String names the trace for test failures.
func (t *Trace) String() string {
	return string(t.ID.Text()) + " spans=" + strconv.Itoa(t.Spans) + " service=" + t.Service
}

// Merge adds another part of the same trace, which went on after a pause of days. Spans that both have count twice, for
// the caller to mend.
func (t *Trace) Merge(o *Trace) {
	t.Start, t.Fin = min(t.Start, o.Start), max(t.Fin, o.Fin)
	t.Spans += o.Spans
	t.Errors += o.Errors
	t.Tokens = t.Tokens.Add(o.Tokens)
	if o.Priced {
		t.AddCost(o.Cost)
	}
	t.Seen = max(t.Seen, o.Seen)
	if o.Rooted != t.Rooted && o.Rooted || o.Rooted == t.Rooted && (o.RootStart < t.RootStart || o.RootStart == t.RootStart && o.Root < t.Root) {
		t.Root, t.Rooted, t.RootStart, t.RootEnd = o.Root, o.Rooted, o.RootStart, o.RootEnd
		t.RootRunning, t.RootFailed = o.RootRunning, o.RootFailed
		t.Name, t.Type, t.Preview = o.Name, o.Type, o.Preview
	}
	if o.ServiceRank != 0 {
		t.consider(o.ServiceRank, o.ServiceAt, o.ServiceID, o.Service)
	}
	for _, f := range o.Facets {
		t.Facet(f.Key, f.Value)
	}
}
