package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

// maxBody is the most bytes of a request's body: settings are small.
const maxBody = 64 << 10

// call is one request to an operation, let in by the router and with its parameters checked against the table.
type call struct {
	w     http.ResponseWriter
	r     *http.Request
	g     access.Grant
	query url.Values // what the operation takes, each once unless it may repeat, none empty
}

func (c *call) ctx() context.Context { return c.r.Context() }

// project is the id of the project that the router let the caller into; never what the request says.
func (c *call) project() string { return c.g.Project().ID }

// trace is the trace of the path. What is no id is not found, like an id that nobody has.
func (c *call) trace() (span.TraceID, error) {
	id, ok := span.TraceID(c.r.PathValue("id")).W3C()
	if !ok {
		return "", store.ErrNotFound
	}
	return id, nil
}

// checkQuery reads the query: what the operation does not take is an error, and so is what is empty or doubled.
func (o *operation) checkQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, invalid("query", "cannot be read: a percent sign or a semicolon is out of place")
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names) // so that of several errors the same one is reported
	for _, name := range names {
		p := o.parameter(name)
		switch {
		case p == nil:
			return nil, invalid(name, "is not a parameter of this path")
		case slices.Contains(query[name], ""):
			return nil, invalid(name, "is empty; leave it out")
		case len(query[name]) > 1 && !p.many:
			return nil, invalid(name, "is given more than once")
		case p.choices != nil && !slices.Contains(p.choices, query.Get(name)):
			return nil, invalid(name, "want %s", strings.Join(p.choices, ", "))
		}
	}
	for _, p := range o.query {
		if p.must && !query.Has(p.name) {
			return nil, invalid(p.name, "is missing")
		}
	}
	return query, nil
}

// parameter finds the entry for a name, nil when the operation has none.
func (o *operation) parameter(name string) *parameter {
	for i, p := range o.query {
		if name == p.name || strings.HasSuffix(p.name, ".") && len(name) > len(p.name) && strings.HasPrefix(name, p.name) {
			return &o.query[i]
		}
	}
	return nil
}

// number reads a whole number of the query, which is other when it is not given.
func (c *call) number(name string, other, least, most int) (int, error) {
	text := c.query.Get(name)
	if text == "" {
		return other, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, invalid(name, "want a whole number from %d to %d", least, most)
	}
	return n, nil
}

// when reads a time of the query, zero when it is not given.
func (c *call) when(name string) (time.Time, error) {
	text := c.query.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 1678 || t.Year() > 2261 { // what fits into nanoseconds since 1970
		return time.Time{}, invalid(name, "want a time such as 2026-11-22T16:08:11Z")
	}
	return t, nil
}

// span reads from and to, or last, which counts back from now. What is not given is zero.
func (c *call) span(now time.Time) (from, to time.Time, err error) {
	if last := c.query.Get("last"); last != "" {
		if c.query.Has("from") || c.query.Has("to") {
			return from, to, invalid("last", "and from or to exclude each other")
		}
		d, reason := store.ParseSpan(last)
		if reason != "" {
			return from, to, invalid("last", "%s", reason)
		}
		if from = now.Add(-d); from.Year() < 1678 {
			return from, to, invalid("last", "is too long")
		}
		return from, now, nil
	}
	if from, err = c.when("from"); err != nil {
		return from, to, err
	}
	if to, err = c.when("to"); err != nil {
		return from, to, err
	}
	if !from.IsZero() && !to.IsZero() && to.Before(from) {
		return from, to, invalid("to", "is before from")
	}
	return from, to, nil
}

// decode reads the JSON body into a pointer to a struct. A member that the struct does not have is an error.
func (c *call) decode(into any) error {
	if kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return refused(http.StatusUnsupportedMediaType, "media_type", "want a body of Content-Type application/json")
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxBody))
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return err
		}
		return refused(http.StatusBadRequest, "invalid", "the body broke off")
	}
	if text := bytes.TrimLeft(body, " \t\r\n"); len(text) == 0 || text[0] != '{' {
		return invalid("body", "want a JSON object")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badMember(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return invalid("body", "has something behind the object")
	}
	return nil
}

// badMember names the member that a decoder stumbled over, and quotes no value.
func badMember(err error) error {
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) && typed.Field != "" {
		return invalid(typed.Field, "want %s, not %s", jsonKind(typed), firstWord(typed.Value))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if name, err := strconv.Unquote(name); err == nil && name != "" {
			return invalid(name, "is not a member of this body")
		}
	}
	var timed *time.ParseError
	if errors.As(err, &timed) {
		return invalid("body", "has a time that is not like 2026-11-22T16:08:11Z")
	}
	return invalid("body", "is not JSON, or ends too early")
}

// jsonKind is the JSON name of the type that a member wants.
func jsonKind(e *json.UnmarshalTypeError) string {
	switch kind := e.Type.Kind().String(); {
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	case kind == "bool":
		return "true or false"
	case kind == "slice", kind == "array":
		return "an array"
	case kind == "string":
		return "a string"
	}
	return "an object"
}

// firstWord leaves out the number that encoding/json quotes.
func firstWord(s string) string {
	word, _, _ := strings.Cut(s, " ")
	return word
}
