package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

// textOf is what a search looks at in a trace, beside its id.
type textOf struct {
	name, preview string
	tags          int // they are only ever added to
}

func textsOf(t *facts.Trace) textOf {
	text := textOf{name: t.Name, preview: t.Preview}
	for _, f := range t.Facets {
		if f.Key == keyTag {
			text.tags++
		}
	}
	return text
}

const keyTag = "tag"

// entry is a trace in a row of texts.
type entry struct {
	minute, tid int64
	id          facts.TraceID
	name        int64
	tags        []int64
	preview     string // in lower case, as far as ASCII goes
}

// postText notes what a search must find of a trace, if that is new.
func (w *writer) postText(st *state, moved bool) error {
	text := textsOf(&st.Trace)
	if text == st.text && !moved {
		return nil
	}
	name, err := w.dict.id(text.name)
	if err != nil {
		return err
	}
	tag, err := w.dict.id(keyTag)
	if err != nil {
		return err
	}
	e := entry{minute: minuteOf(st.Start), tid: st.tid, id: st.ID, name: name, preview: facts.Lower(text.preview)}
	for _, p := range st.pairs {
		if p.k == tag {
			e.tags = append(e.tags, p.v)
		}
	}
	w.texts = append(w.texts, e)
	text.name = w.dict.names[name]
	st.text = text
	return nil
}

// writeTexts writes what this transaction noted, a row for each minute.
func (w *writer) writeTexts() error {
	slices.SortFunc(w.texts, func(a, b entry) int { return cmp.Or(cmp.Compare(a.minute, b.minute), cmp.Compare(a.tid, b.tid)) })
	for rest := w.texts; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].minute == rest[0].minute {
			n++
		}
		if err := w.writeEntries(textID(rest[0].minute, w.commits), rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	clear(w.texts)
	w.texts = w.texts[:0]
	return nil
}

// textID puts rows in order of the minute, and within it of the transaction.
func textID(minute, commit int64) int64 { return minute<<24 | commit&(1<<24-1) }

func (w *writer) writeEntries(id int64, entries []entry) error {
	w.entries = appendEntries(w.entries[:0], entries)
	w.packed = s2.Encode(w.packed[:cap(w.packed)], w.entries)
	_, err := w.insertText.exec(id, w.packed)
	return err
}

// appendEntries writes entries in ascending order of tid: their number, of each tid - last tid · id (16 bytes) · name ·
// number of tags · tags · length of the preview, and then all previews, each with a line end behind it, so that one
// search goes through all. Numbers are uvarints.
func appendEntries(buf []byte, entries []entry) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(entries)))
	last := int64(0)
	for i := range entries {
		e := &entries[i]
		buf = binary.AppendUvarint(buf, uint64(e.tid-last))
		last = e.tid
		buf = append(buf, e.id[:]...)
		buf = binary.AppendUvarint(buf, uint64(e.name))
		buf = binary.AppendUvarint(buf, uint64(len(e.tags)))
		for _, t := range e.tags {
			buf = binary.AppendUvarint(buf, uint64(t))
		}
		buf = binary.AppendUvarint(buf, uint64(len(e.preview)))
	}
	for i := range entries {
		buf = append(append(buf, entries[i].preview...), '\n')
	}
	return buf
}

// texts are the entries of one row, with their previews in one piece.
type texts struct {
	entries []entry // without previews
	sizes   []int   // of the previews
	all     []byte

	raw  []byte
	tags []int64 // of all entries
}

// read takes the place of what t had before. It packs little: a search unpacks it all.
func (t *texts) read(data []byte) (err error) {
	if t.raw, err = s2.Decode(t.raw[:cap(t.raw)], data); err != nil {
		return fmt.Errorf("%w: %w", facts.ErrFrame, err)
	}
	data = t.raw
	bad := false
	next := func() int64 {
		n, size := binary.Uvarint(data)
		if size <= 0 {
			bad = true
			return 0
		}
		data = data[size:]
		return int64(n)
	}
	t.entries, t.sizes, t.tags = t.entries[:0], t.sizes[:0], t.tags[:0]
	last, total := int64(0), 0
	for n := next(); n > 0 && !bad; n-- {
		var e entry
		last += next()
		e.tid = last
		data = data[copy(e.id[:], data):]
		e.name = next()
		first := len(t.tags)
		for tags := next(); tags > 0 && !bad; tags-- {
			t.tags = append(t.tags, next())
		}
		e.tags = t.tags[first:len(t.tags):len(t.tags)]
		size := int(next())
		if size < 0 || size > len(data) {
			return facts.ErrFrame
		}
		t.entries, t.sizes = append(t.entries, e), append(t.sizes, size)
		total += size + 1
	}
	if bad || total != len(data) {
		return facts.ErrFrame
	}
	t.all = data
	return nil
}

// needle is a text that is looked for.
type needle struct {
	text          string
	lower         []byte // nil when no preview can have it
	lo, hi, whole []byte // of ids; nil when it is no prefix of one
	names         map[int64]bool
}

func newNeedle(text string) *needle {
	n := &needle{text: text, names: map[int64]bool{}}
	if !strings.Contains(text, "\n") { // a preview is one line
		n.lower = []byte(facts.Lower(text))
	}
	if prefix := strings.ToLower(text); len(prefix) <= 32 && strings.Trim(prefix, "0123456789abcdef") == "" {
		n.lo, n.hi, n.whole = idRange(prefix)
	}
	return n
}

// idRange is the first and the last id that begin with some digits, and the one that they are when they were meant
// without its zeros.
func idRange(prefix string) (lo, hi, whole []byte) {
	lo, _ = hex.DecodeString(prefix + strings.Repeat("0", 32-len(prefix)))
	hi, _ = hex.DecodeString(prefix + strings.Repeat("f", 32-len(prefix)))
	whole, _ = hex.DecodeString(strings.Repeat("0", 32-len(prefix)) + prefix)
	return lo, hi, whole
}

// in appends the traces of a row that have it.
func (n *needle) in(t *texts, tids []int64, name func(id int64) string) []int64 {
	const far = 1 << 62
	from, next := 0, far // beginning of this preview; where the text is next
	find := func() {
		next = far
		if i := bytes.Index(t.all[from:], n.lower); i >= 0 {
			next = from + i
		}
	}
	if n.lower != nil {
		find()
	}
	for i := range t.entries {
		e := &t.entries[i]
		end := from + t.sizes[i]
		has := next < end // it has no line end, so it ends here, too
		if has || !has && n.other(e, name) {
			tids = append(tids, e.tid)
		}
		if from = end + 1; has {
			find()
		}
	}
	return tids
}

// other looks for it in id, name and tags.
func (n *needle) other(e *entry, name func(id int64) string) bool {
	if n.lo != nil && (bytes.Compare(e.id[:], n.lo) >= 0 && bytes.Compare(e.id[:], n.hi) <= 0 || bytes.Equal(e.id[:], n.whole)) {
		return true
	}
	if n.named(e.name, name) {
		return true
	}
	return slices.ContainsFunc(e.tags, func(tag int64) bool { return n.named(tag, name) })
}

func (n *needle) named(id int64, name func(id int64) string) bool {
	has, known := n.names[id]
	if !known {
		has = facts.ContainsFold(name(id), n.text)
		n.names[id] = has
	}
	return has
}

// search reads the candidates for a text that start before a minute, newest first, and whole minutes until it has looked
// at so many traces or found so many.
func search(ctx context.Context, c *conn, n *needle, before int64, look, find int, name func(id int64) string) (candidates, error) {
	found := candidates{oldest: before}
	var bad error
	var t texts
	err := c.query(ctx, "SELECT id, data FROM texts WHERE id < ? ORDER BY id DESC", []driver.Value{textID(before, 0)},
		func(row []driver.Value) bool {
			minute := integer(row[0]) >> 24
			if minute != found.oldest && (found.looked >= look || len(found.tids) >= find) {
				found.more = true
				return false
			}
			found.oldest = minute
			if bad = t.read(blob(row[1])); bad != nil {
				return false
			}
			found.looked += len(t.entries)
			found.tids = n.in(&t, found.tids, name)
			return true
		})
	slices.Sort(found.tids)
	found.tids = slices.Compact(found.tids)
	return found, cmp.Or(err, bad)
}

// forgetText removes a trace from texts. It was noted at a start of one of its spans.
func (w *writer) forgetText(st *state) error {
	type row struct {
		id      int64
		entries []entry
	}
	var rows []row
	var bad error
	var t texts
	from, to := textID(minuteOf(st.Start), 0), textID(minuteOf(st.Fin)+1, 0)
	err := w.c.query(context.Background(), "SELECT id, data FROM texts WHERE id >= ? AND id < ?", []driver.Value{from, to},
		func(v []driver.Value) bool {
			if bad = t.read(blob(v[1])); bad != nil {
				return false
			}
			i := slices.IndexFunc(t.entries, func(e entry) bool { return e.tid == st.tid })
			if i < 0 {
				return true
			}
			at := 0
			for i := range t.entries {
				t.entries[i].preview = string(t.all[at : at+t.sizes[i]])
				at += t.sizes[i] + 1
			}
			rows = append(rows, row{integer(v[0]), slices.Delete(slices.Clone(t.entries), i, i+1)})
			t.tags = nil // they have them now
			return true
		})
	if err := cmp.Or(err, bad); err != nil {
		return err
	}
	for _, r := range rows {
		if _, err := w.c.exec("DELETE FROM texts WHERE id = ?", r.id); err != nil {
			return err
		}
		if len(r.entries) == 0 {
			continue
		}
		if err := w.writeEntries(r.id, r.entries); err != nil {
			return err
		}
	}
	return nil
}

// text looks at what was noted for a text, some minutes at a time, and of that at what the facets of the filter leave.
func (l *lister) text(ctx context.Context, c *conn, f *file, plan *plan, from *place) error {
	before := maxMinute
	if from != nil {
		before = minuteOf(from.key) + 1
	}
	var bad error
	name := func(id int64) string {
		s, err := f.names.get(ctx, c, id)
		bad = cmp.Or(bad, err)
		return s
	}
	n := newNeedle(l.f.Text)
	for look := 2000; ; look = 16_000 {
		found, err := search(ctx, c, n, before, look, max(manyPosts/4, 1), name)
		if err := cmp.Or(err, bad); err != nil {
			return err
		}
		if err := found.narrow(ctx, c, plan.posts, before); err != nil {
			return err
		}
		more, err := l.among(ctx, c, f, plan, &found, from)
		if err != nil || !more {
			return err
		}
		from, before = &place{found.oldest * int64(time.Minute), 0}, found.oldest
	}
}
