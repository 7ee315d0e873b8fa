package otlp

import "github.com/tailrace-go/tailrace/span"

// File writes one TracesData of OTLP/JSON as its spans come: what [Codec] makes of each, with neighbours of the same
// resource and scope in one group. It cannot be cut, but it is shorter, and better to read. The zero File is ready for one
// document.
type File struct {
	n               int
	resource, scope span.Value // of the group that is open
	service         string
	ours            bool // of a span that did not come by OTLP
}

// AppendOpen appends what stands before the first span.
func (f *File) AppendOpen(buf []byte) []byte { return Codec{Format: JSON}.AppendOpen(buf) }

// Append appends a span, as [Codec.Append] does.
func (f *File) Append(buf []byte, item Item) ([]byte, error) {
	s := item.Span
	i, err := check(s)
	if err != nil {
		return buf, err
	}
	t := toldBy(s)
	service := serviceOf(s, &t, item.Service)
	w := writer{b: buf, json: true}
	switch {
	case f.n > 0 && f.resource == t.resource && f.scope == t.scope && f.service == service && f.ours == !t.any:
		w.b = append(w.b, ',')
	default:
		if f.n > 0 {
			w.b = append(append(w.b, fileGroupEnd...), ',')
		}
		w.b = append(w.b, '{')
		w.resource(&t, service)
		w.list(memberScopeSpans)
		w.element(memberScopeSpans, long)
		w.scope(&t)
		w.list(memberSpans)
	}
	f.n++
	f.resource, f.scope, f.service, f.ours = t.resource, t.scope, service, !t.any
	w.b = append(w.b, '{')
	w.span(s, &i, &t)
	w.b = append(w.b, '}')
	return w.b, nil
}

const fileGroupEnd = "]}]}"

// AppendClose appends what stands behind the last span.
func (f *File) AppendClose(buf []byte) []byte {
	if f.n > 0 {
		buf = append(buf, fileGroupEnd...)
	}
	return append(Codec{Format: JSON}.AppendClose(buf), '\n')
}
