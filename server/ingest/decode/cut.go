package decode

import (
	"math"
	"strconv"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/span"
)

const cutMark = "…[truncated]"

// cutSpan brings a decoded span within the limits of texts and keys, and freezes it again if that changed it.
func (l Limits) cutSpan(s *span.Span) (cut bool) {
	for _, text := range []*string{&s.Name, &s.EntityID, &s.EntityName, (*string)(&s.Type), (*string)(&s.EntityType)} {
		cut = l.cutText(text) || cut
	}
	for _, v := range []*span.Value{&s.Attributes, &s.Metadata, &s.RequestContext} {
		cut = l.cutKeys(v) || cut
	}
	cut = l.cutValue(&s.Input) || cut
	cut = l.cutValue(&s.Output) || cut
	if e := s.Error; e != nil {
		for _, text := range []*string{&e.Message, &e.ID, &e.Domain, &e.Category, &e.Name, &e.Stack} {
			cut = l.cutText(text) || cut
		}
		cut = l.cutKeys(&e.Details) || cut
		cut = l.cutFields(e.Extra) || cut
	}
	for i := range s.Tags {
		cut = l.cutText(&s.Tags[i]) || cut
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
		cut = l.cutValue(&fields[i].Value) || cut
	}
	return cut
}

func (l Limits) cutText(text *string) bool {
	if len(*text) <= l.MaxStringBytes {
		return false
	}
	*text = store.CutText(*text, l.MaxStringBytes) + cutMark
	return true
}

// cutValue cuts long texts. A value that is no longer than one text may be needs no look.
func (l Limits) cutValue(v *span.Value) bool {
	if len(*v) <= l.MaxStringBytes {
		return false
	}
	limits := span.ValueLimits{MaxDepth: maxDepth + 1, MaxStringBytes: l.MaxStringBytes, MaxItems: math.MaxInt, MaxBytes: math.MaxInt}
	cut := limits.Cut(*v)
	changed := cut != *v
	*v = cut
	return changed
}

// cutKeys cuts long texts, and leaves the first MaxKeys members.
func (l Limits) cutKeys(v *span.Value) bool {
	cut := l.cutValue(v)
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
