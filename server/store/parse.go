package store

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseFilter reads the parameters of the trace list: from, to or last; service, status, any_error, trace_id, type,
// model, user, thread, env, tag (may be repeated), meta.KEY, min_ms, max_ms, q, in=content, sort, limit, cursor. A
// parameter that is absent filters nothing; one that is empty, unknown or given twice is an error, always a
// *FieldError that names it. now is what last counts back from.
func ParseFilter(query url.Values, now time.Time) (Filter, error) {
	var f Filter
	keys := make([]string, 0, len(query))
	for key := range query {
		keys = append(keys, key)
	}
	slices.Sort(keys) // so that of several errors the same one is reported
	for _, key := range keys {
		values := query[key]
		if len(values) > 1 && key != "tag" {
			return Filter{}, &FieldError{Field: short(key), Reason: "is given more than once"}
		}
		for _, value := range values {
			if value == "" {
				return Filter{}, &FieldError{Field: short(key), Reason: "is empty; leave it out for any"}
			}
			if reason := f.set(key, value, now); reason != "" {
				return Filter{}, &FieldError{Field: short(key), Reason: reason}
			}
		}
	}
	if query.Has("last") && (query.Has("from") || query.Has("to")) {
		return Filter{}, &FieldError{Field: "last", Reason: "and from or to exclude each other"}
	}
	if _, _, err := f.Check(); err != nil {
		return Filter{}, err
	}
	return f, nil
}

// set takes one parameter; the reason is empty when it is understood.
func (f *Filter) set(key, value string, now time.Time) (reason string) {
	switch key {
	case "from":
		f.From, reason = parseTime(value)
	case "to":
		f.To, reason = parseTime(value)
	case "last":
		d, reason := ParseSpan(value)
		f.From = now.Add(-d)
		return reason
	case "service":
		f.Service = value
	case "status":
		i := slices.Index(statusNames[1:], value)
		if i < 0 {
			return "want running, success, error or incomplete"
		}
		f.Status = Status(i + 1)
	case "any_error":
		b, err := strconv.ParseBool(value)
		if err != nil {
			return "want true or false"
		}
		f.AnyError = &b
	case "trace_id":
		f.TraceID = value
	case "min_ms":
		f.MinDuration, reason = parseMillis(value)
	case "max_ms":
		d, reason := parseMillis(value)
		f.MaxDuration = &d
		return reason
	case "q":
		f.Text = value
	case "in":
		if value != "content" {
			return "want content"
		}
		f.Content = true
	case "sort":
		i := slices.Index(sortNames[:], value)
		if i < 0 {
			return "want start, duration, tokens or cost"
		}
		f.Sort = Sort(i)
	case "limit":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > MaxLimit {
			return "want 1 to " + strconv.Itoa(MaxLimit)
		}
		f.Limit = n
	case "cursor":
		f.Cursor = value
	default:
		if !slices.Contains(facetKeys, key) {
			meta, ok := strings.CutPrefix(key, "meta.")
			if !ok {
				return "is not a parameter of this list"
			}
			if meta == "" || len(meta) > MaxFacetBytes {
				return "want meta.KEY"
			}
		}
		f.Facets = append(f.Facets, Facet{Key: key, Value: value})
	}
	return reason
}

// ParseSpan reads a range of time such as 15m, 1h, 24h or 7d; reason is empty when it could.
func ParseSpan(text string) (d time.Duration, reason string) {
	const want = "want a time such as 15m, 24h or 7d"
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 36500 {
			return 0, want
		}
		return time.Duration(n) * 24 * time.Hour, ""
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, want
	}
	return d, ""
}

func parseTime(text string) (time.Time, string) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1678 || t.Year() > 2261 { // what fits into nanoseconds since 1970
		return time.Time{}, "want a time such as 2026-11-22T16:08:11Z"
	}
	return t, ""
}

func parseMillis(text string) (time.Duration, string) {
	ms, err := strconv.ParseFloat(text, 64)
	if err != nil || !(ms >= 0 && ms <= 1e12) { // also NaN
		return 0, "want milliseconds"
	}
	return time.Duration(ms * float64(time.Millisecond)), ""
}

// short is a parameter's name as an error shows it: the caller's text, so not all of it.
func short(key string) string { return CutText(key, 64) }
