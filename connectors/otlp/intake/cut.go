package intake

import (
	"math"
	"strconv"

	"github.com/tailrace-go/tailrace/span"
)

const cutMark = "…[truncated]"

// Fit judges a span that was decoded, and takes it over. Its ids are brought into the form of W3C, 32 and 16 lower-case hex
// digits; ids that are none cost the span, under trace_id or span_id, and an unsampled span of Mastra 0.x is no_op: field
// and reason then say why, and reason is empty for a span that stays. Texts of more than MaxStringBytes are cut, and so are
// attributes, metadata and a request context of more than MaxKeys, with the marks of [span.ValueLimits]; cut reports
// whether any was. l is complete, see [Limits.WithDefaults]; a span that was frozen is so afterwards.
func (l Limits) Fit(s *span.Span) (cut bool, field string, reason Reason) {
	if field, reason = normalize(s); reason != "" {
		return false, field, reason
	}
	return l.cutSpan(s), "", ""
}

// cutSpan brings a decoded span within the limits of texts and keys, and freezes it again if that changed it.
func (l Limits) cutSpan(s *span.Span) (cut bool) {
	for _, text := range []*string{&s.Name, &s.EntityID, &s.EntityName, (*string)(&s.Type), (*string)(&s.EntityType)} {
		cut = l.CutText(text) || cut
	}
	for _, v := range []*span.Value{&s.Attributes, &s.Metadata, &s.RequestContext} {
		cut = l.CutKeys(v) || cut
	}
	cut = l.CutValue(&s.Input) || cut
	cut = l.CutValue(&s.Output) || cut
	if e := s.Error; e != nil {
		for _, text := range []*string{&e.Message, &e.ID, &e.Domain, &e.Category, &e.Name, &e.Stack} {
			cut = l.CutText(text) || cut
		}
		cut = l.CutKeys(&e.Details) || cut
		cut = l.cutFields(e.Extra) || cut
	}
	for i := range s.Tags {
		cut = l.CutText(&s.Tags[i]) || cut
	}
	if len(s.Tags) > l.MaxKeys {
		s.Tags, cut = s.Tags[:l.MaxKeys:l.MaxKeys], true
	}
	cut = l.cutFields(s.Extra) || cut
	if cut {
		s.Freeze()
	}
	return cut
}

func (l Limits) cutFields(fields []span.Field) (cut bool) {
	for i := range fields {
		cut = l.CutValue(&fields[i].Value) || cut
	}
	return cut
}

// CutText cuts a text of more than MaxStringBytes, and reports whether it did.
func (l Limits) CutText(text *string) bool {
	if len(*text) <= l.MaxStringBytes {
		return false
	}
	*text = head(*text, l.MaxStringBytes) + cutMark
	return true
}

// CutValue cuts the long texts in a value, and reports whether it did. A value that is no longer than one text may be needs no look.
func (l Limits) CutValue(v *span.Value) bool {
	if len(*v) <= l.MaxStringBytes {
		return false
	}
	limits := span.ValueLimits{MaxDepth: MaxDepth + 1, MaxStringBytes: l.MaxStringBytes, MaxItems: math.MaxInt, MaxBytes: math.MaxInt}
	cut := limits.Cut(*v)
	changed := cut != *v
	*v = cut
	return changed
}

// CutKeys cuts the long texts in an object, and leaves its first MaxKeys members; it reports whether it did either.
func (l Limits) CutKeys(v *span.Value) bool {
	cut := l.CutValue(v)
	const least = len(`"":1,`) // bytes of a member
	if len(*v) <= l.MaxKeys*least {
		return cut
	}
	n := 0
	for range v.Members() {
		n++
	}
	if n <= l.MaxKeys {
		return cut
	}
	kept, i := []byte{'{'}, 0
	for key, value := range v.Members() {
		if i++; i > l.MaxKeys {
			break
		}
		if i > 1 {
			kept = append(kept, ',')
		}
		kept = append(append(span.AppendText(kept, key), ':'), value...)
	}
	more := n - l.MaxKeys
	kept = append(append(kept, `,"__truncated":`...), span.Text(strconv.Itoa(more)+" more keys omitted")...)
	*v = span.Value(append(kept, '}'))
	return true
}

// head returns at most n bytes of a longer text, cut between characters.
func head(text string, n int) string {
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}
