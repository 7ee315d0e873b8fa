package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strconv"
	"strings"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/internal/facts"
)

// maxBounded is how many rows a plan may have that sorts them all.
const maxBounded = 5000

// plan is how a filter is answered in one file: an index that drives, in the order of the list, and conditions that each
// of its rows is tested for. Facets drive by what was posted for them. A bounded plan drives by something else that has
// few rows, and sorts them.
//
// Everything that comes from a filter is an argument; the text is made of what stands here.
type plan struct {
	key     string // column of the sort key
	drive   string // traces, with an index, named t; or a list of tids before it
	where   []term // of the drive, then the others
	bounded bool
	posts   []pair // facets that candidates must have; empty: the index alone drives
	rare    bool   // few have them
}

// term is a condition and its arguments.
type term struct {
	text string
	args []driver.Value
}

var sortColumns = [...]struct{ column, index string }{
	store.SortStart:    {"start", "t_start"},
	store.SortDuration: {"dur", "t_dur"},
	store.SortTokens:   {"ttot", "t_tokens"},
	store.SortCost:     {"cost", "t_cost"},
}

// newPlan returns nil when the file cannot have a row.
func newPlan(ctx context.Context, c *conn, l *lister) (*plan, error) {
	sort := sortColumns[l.f.Sort]
	p := &plan{key: sort.column}
	facets, ok, err := facetIDs(ctx, c, l.f)
	if !ok || err != nil {
		return nil, err
	}
	failed := l.f.Status == store.StatusError || l.f.AnyError != nil && *l.f.AnyError
	if failed && l.f.Service != "" {
		k, err := idOf(ctx, c, keyFailed)
		if k == 0 || err != nil {
			return nil, err
		}
		facets[0].k = k // says all that the service says, and more
	}
	if err := p.conditions(ctx, c, l, facets); err != nil {
		return nil, err
	}
	if err := p.bound(ctx, c, l, facets); p.bounded || err != nil {
		return p, err
	}
	switch {
	case l.f.Sort != store.SortStart:
		p.byIndex(sort.index, "")
	case failed && len(facets) == 0 && l.f.Text == "":
		p.byIndex("t_error", "t.errors > 0")
	case (l.f.Status == store.StatusRunning || l.f.Status == store.StatusIncomplete) && len(facets) == 0:
		p.rare = true
		p.byIndex("t_open", "t.stat < 2")
	default:
		p.byIndex(sort.index, "")
		p.posts = facets
		if len(facets) > 0 && l.f.Text != "" {
			found, err := posted(ctx, c, facets[:1], maxMinute, manyPosts)
			if err != nil {
				return nil, err
			}
			p.rare = !found.more
		}
	}
	return p, nil
}

// facetIDs are the filter's facets, the service first; not ok when the file has never seen one of them.
func facetIDs(ctx context.Context, c *conn, f store.Filter) (pairs []pair, ok bool, err error) {
	facets := f.Facets
	if f.Service != "" {
		facets = append([]store.Facet{{Key: facts.KeyService, Value: f.Service}}, facets...)
	}
	for _, facet := range facets {
		k, err := idOf(ctx, c, facet.Key)
		if k == 0 || err != nil {
			return nil, false, err
		}
		v, err := idOf(ctx, c, facet.Value)
		if v == 0 || err != nil {
			return nil, false, err
		}
		pairs = append(pairs, pair{k, v})
	}
	return pairs, true, nil
}

func (p *plan) and(text string, args ...driver.Value) { p.where = append(p.where, term{text, args}) }

// conditions are tested on each row, whatever drives.
func (p *plan) conditions(ctx context.Context, c *conn, l *lister, facets []pair) error {
	f := l.f
	if l.floor != 0 {
		p.and("t.start >= ?", l.floor)
	}
	if !f.To.IsZero() {
		p.and("t.start < ?", f.To.UnixNano())
	}
	for _, v := range facets {
		p.and("instr(t.facets, ?) > 0", appendPair(nil, v))
	}
	if f.TraceID != "" {
		p.where = append(p.where, idTerm(f.TraceID))
	}
	quiet := l.now - int64(store.QuietAfter)
	switch f.Status {
	case store.StatusRunning:
		p.and("(t.stat = 1 OR t.stat = 0 AND t.seen > ?)", quiet)
	case store.StatusSuccess, store.StatusError:
		p.and("(t.stat = ? OR t.stat = 0 AND t.cover = ? AND t.seen <= ?)", int64(f.Status), int64(f.Status), quiet)
	case store.StatusIncomplete:
		p.and("t.stat = 0 AND t.cover = 0 AND t.seen <= ?", quiet)
	}
	if f.AnyError != nil {
		p.and("(t.errors > 0) = ?", boolean(*f.AnyError))
	}
	if f.MinDuration > 0 {
		p.and("t.dur >= ?", int64(f.MinDuration))
	}
	if f.MaxDuration != nil {
		p.and("t.dur <= ?", int64(*f.MaxDuration))
	}
	if f.Text != "" && !f.Content {
		return p.text(ctx, c, f.Text)
	}
	return nil
}

func boolean(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// idTerm finds ids that begin with these digits, and the one that they are when they were meant without its zeros.
func idTerm(prefix string) term {
	lo, hi, whole := idRange(prefix)
	return term{"(t.trace_id BETWEEN ? AND ? OR t.trace_id = ?)", []driver.Value{lo, hi, whole}}
}

// text looks for a text in name, preview and tags, and at the beginning of the id.
func (p *plan) text(ctx context.Context, c *conn, text string) error {
	like := "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
	t := term{`t.preview LIKE ? ESCAPE '\' OR (SELECT s FROM dict WHERE id = t.name) LIKE ? ESCAPE '\'`, []driver.Value{like, like}}
	tag, err := idOf(ctx, c, keyTag)
	if err != nil {
		return err
	}
	ids, err := distinct(ctx, c, tag, maxDict, func(name string) bool { return facts.ContainsFold(name, text) })
	if err != nil {
		return err
	}
	for _, v := range ids {
		t.text += " OR instr(t.facets, ?) > 0"
		t.args = append(t.args, appendPair(nil, pair{tag, v.id}))
		if len(t.args) > 200 {
			break // so many tags that have it in common make little of a filter
		}
	}
	if prefix := strings.ToLower(text); len(prefix) <= 32 && strings.Trim(prefix, "0123456789abcdef") == "" {
		id := idTerm(prefix)
		t.text += " OR " + id.text
		t.args = append(t.args, id.args...)
	}
	t.text = "(" + t.text + ")"
	p.where = append(p.where, t)
	return nil
}

// value is a value of a facet.
type value struct {
	id   int64
	name string
}

// distinct lists values of a facet, the later seen first, that keep approves: a step of the index for each. No trace
// may have it any more.
func distinct(ctx context.Context, c *conn, k int64, limit int, keep func(name string) bool) ([]value, error) {
	if k == 0 {
		return nil, nil
	}
	var values []value
	const query = `WITH RECURSIVE d(v) AS (SELECT max(v) FROM post WHERE k = ?1 UNION ALL
		SELECT (SELECT max(v) FROM post WHERE k = ?1 AND v < d.v) FROM d WHERE d.v IS NOT NULL)
		SELECT d.v, dict.s FROM d CROSS JOIN dict WHERE d.v IS NOT NULL AND dict.id = d.v LIMIT ?2`
	err := c.query(ctx, query, []driver.Value{k, int64(maxDict)}, func(row []driver.Value) bool {
		if v := (value{integer(row[0]), text(row[1])}); keep(v.name) {
			values = append(values, v)
		}
		return len(values) < limit
	})
	return values, err
}

// bound looks for a condition that few rows fulfil.
func (p *plan) bound(ctx context.Context, c *conn, l *lister, facets []pair) error {
	best := int64(maxBounded)
	if l.f.Sort == store.SortStart {
		best /= 5 // a driver that has the order finds most pages sooner
	}
	var first term
	try := func(drive string, t term) error {
		n, err := c.number("SELECT count(*) FROM (SELECT 1 FROM "+drive+" WHERE "+t.text+fmt.Sprintf(" LIMIT %d)", best), t.args...)
		if err != nil || n >= best {
			return err
		}
		best = n
		p.drive, p.bounded, first = drive, true, t
		return nil
	}
	if l.f.Sort != store.SortStart {
		for i := range facets { // the others are looked for among what the first has
			facets[0], facets[i] = facets[i], facets[0]
			c, err := posted(ctx, c, facets, maxMinute, int(best))
			if err != nil {
				return err
			}
			if n := int64(len(c.tids)); !c.more && n < best {
				best = n
				p.among(c.tids)
				p.bounded, first = true, p.where[0]
				p.where = p.where[1:]
				break
			}
		}
	}
	if len(l.f.TraceID) >= 4 {
		if err := try("traces t", idTerm(l.f.TraceID)); err != nil {
			return err
		}
	}
	if l.f.MinDuration > 0 || l.f.MaxDuration != nil {
		t := term{"t.spans > 0 AND t.dur >= ?", []driver.Value{int64(l.f.MinDuration)}}
		if l.f.MaxDuration != nil {
			t.text += " AND t.dur <= ?"
			t.args = append(t.args, int64(*l.f.MaxDuration))
		}
		if err := try("traces t INDEXED BY t_dur", t); err != nil {
			return err
		}
	}
	if l.f.Sort != store.SortStart && (l.floor != 0 || !l.f.To.IsZero()) {
		t := term{"t.spans > 0 AND t.start >= ?", []driver.Value{l.floor}}
		if !l.f.To.IsZero() {
			t.text += " AND t.start < ?"
			t.args = append(t.args, l.f.To.UnixNano())
		}
		if err := try("traces t INDEXED BY t_start", t); err != nil {
			return err
		}
	}
	if p.bounded {
		p.where = append([]term{first}, p.where...)
		p.and("t.spans > 0")
	}
	return nil
}

func (p *plan) byIndex(index, condition string) {
	p.drive = "traces t INDEXED BY " + index
	first := "t.spans > 0"
	if condition != "" {
		first += " AND " + condition
	}
	p.where = append([]term{{text: first}}, p.where...)
}

// among drives by a list of traces.
func (p *plan) among(tids []int64) {
	list := []byte{'['}
	for i, n := range tids {
		if i > 0 {
			list = append(list, ',')
		}
		list = strconv.AppendInt(list, n, 10)
	}
	p.drive = "json_each(?) j CROSS JOIN traces t"
	p.where = append([]term{{"t.tid = j.value AND t.spans > 0", []driver.Value{string(append(list, ']'))}}}, p.where...)
}

// candidates is the plan for some traces in place of its drive.
func (p *plan) candidates(tids []int64) *plan {
	q := &plan{key: p.key, where: p.where[1:], bounded: true}
	q.among(tids)
	return q
}

// boundary returns the place n rows of the drive further on, nil at the end of the file.
func (p *plan) boundary(ctx context.Context, c *conn, from *place, n int) (*place, error) {
	key, tid := "t."+p.key, "t.tid"
	where := p.where[0].text
	args := append([]driver.Value{}, p.where[0].args...)
	if from != nil {
		where += fmt.Sprintf(" AND (%s, %s) < (?, ?)", key, tid)
		args = append(args, from.key, from.tid)
	}
	query := fmt.Sprintf("SELECT %s, %s FROM %s WHERE %s ORDER BY %s DESC, %s DESC LIMIT 1 OFFSET %d", key, tid, p.drive, where, key, tid, n)
	var to *place
	err := c.query(ctx, query, args, func(row []driver.Value) bool {
		to = &place{integer(row[0]), integer(row[1])}
		return false
	})
	return to, err
}

// rows is the query for the rows behind from, up to and with to. Its first column is the sort key.
func (p *plan) rows(from, to *place, limit int) (string, []driver.Value) {
	key, tid := "t."+p.key, "t.tid"
	var text strings.Builder
	fmt.Fprintf(&text, "SELECT t.%s, %s FROM %s WHERE ", p.key, "t."+strings.ReplaceAll(traceColumns, ", ", ", t."), p.drive)
	var args []driver.Value
	for i, t := range p.where {
		if i > 0 {
			text.WriteString(" AND ")
		}
		text.WriteString(t.text)
		args = append(args, t.args...)
	}
	if from != nil {
		fmt.Fprintf(&text, " AND (%s, %s) < (?, ?)", key, tid)
		args = append(args, from.key, from.tid)
	}
	if to != nil {
		fmt.Fprintf(&text, " AND (%s, %s) >= (?, ?)", key, tid)
		args = append(args, to.key, to.tid)
	}
	fmt.Fprintf(&text, " ORDER BY %s DESC, %s DESC LIMIT %d", key, tid, limit)
	return text.String(), args
}
