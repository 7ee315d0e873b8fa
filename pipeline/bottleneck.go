package pipeline

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Bottleneck says what sets the pace of a pipeline. Its String is a sentence.
type Bottleneck struct {
	Limit   Limit         `json:"limit"`
	Stage   string        `json:"stage"`   // which stage or source that is; "" for LimitNone
	Blocked []string      `json:"blocked"` // the stages that wait for room because of it, in the order of the graph
	Waiting int64         `json:"waiting"` // items that wait in its link, or at its entry
	Stalled bool          `json:"stalled"` // it is done with no item of that time
	Over    time.Duration `json:"over_ns"` // the time that was looked at
}

// Limit is what the pace of a pipeline depends on.
type Limit string

// The limits.
const (
	LimitStage  Limit = "stage"  // one stage is slower than what comes to it
	LimitSource Limit = "source" // no stage is: items come no faster
	LimitNone   Limit = "none"   // no item moved, and no stage is at work
)

// A stage is blocked if its goroutines waited for room in this part of the time; one that rested for less than
// the other cannot keep up, even while its link still has room.
const (
	blockedPart = 0.1
	restingPart = 0.05
	fullPart    = 0.9 // of the byte budget, from which on entries are taken to wait for it
)

// Bottleneck says what set the pace between an earlier picture of the same pipeline and s; the zero Stats stand
// for the beginning of the run. A stage is the bottleneck that others, or the producers at an entry, wait for while it
// is itself at work: of several, the one that rests least. Where no one waits yet, it is a stage that has not rested and
// for which items are waiting. Of stages that share a goroutine it is the lowest that is at work in both pictures.
//
// Pictures some seconds apart tell what limits a pipeline now.
func (s Stats) Bottleneck(since Stats) Bottleneck {
	b := Bottleneck{Limit: LimitNone, Blocked: []string{}, Over: s.Elapsed - since.Elapsed}
	if s.State != StateRunning && s.State != StateDraining {
		return b
	}
	groups := groupsOf(s, since)
	var slow *group
	for _, g := range groups {
		if g.isSlow() && (slow == nil || g.before(slow)) {
			slow = g
		}
	}
	switch {
	case slow != nil:
		b.Limit, b.Stage, b.Waiting, b.Stalled = LimitStage, slow.at, slow.head().Queued, slow.stalled
		above := map[*group]bool{}
		slow.mark(above)
		for _, g := range groups {
			if g.blocked >= blockedPart && above[g] {
				b.Blocked = append(b.Blocked, g.head().Name)
			}
		}
	case moved(groups):
		b.Limit, b.Stage = LimitSource, busiestSource(groups)
	}
	return b
}

// group is the stages that share a goroutine, or the goroutines of Workers.
type group struct {
	members []StageStats // the head first
	above   []*group
	at      string // the member that is at work
	both    bool   // which was so in the earlier picture, too
	moved   int64  // items that came into the head
	stalled bool   // at is done with none

	busy, blocked, idle float64 // parts of the time of its goroutines
	ran                 bool    // they had time at all
	awaited             bool    // somebody waits for room above
}

func (g *group) head() StageStats { return g.members[0] }

func groupsOf(s, since Stats) []*group {
	before := map[string]StageStats{}
	for _, st := range since.Stages {
		before[st.Name] = st
	}
	of := map[string]*group{}
	var all []*group
	for _, st := range s.Stages { // those above come first: a graph is built downwards
		if st.Fused && len(st.From) > 0 && of[st.From[0]] != nil {
			g := of[st.From[0]]
			g.members = append(g.members, st)
			of[st.Name] = g
			continue
		}
		g := &group{members: []StageStats{st}}
		of[st.Name] = g
		all = append(all, g)
	}
	for _, g := range all {
		for _, name := range g.head().From {
			if above := of[name]; above != nil {
				g.above = append(g.above, above)
			}
		}
		g.measure(before)
	}
	for _, g := range all {
		g.awaited = s.isFull(g.head()) || slices.ContainsFunc(g.above, func(above *group) bool { return above.blocked >= blockedPart })
	}
	return all
}

// measure fills in what the group did since the earlier picture.
func (g *group) measure(before map[string]StageStats) {
	head := g.head()
	was := before[head.Name]
	// Each is read on its own, so a difference may be some nanoseconds below zero.
	busy, blocked, idle := max(head.Busy-was.Busy, 0), max(head.Blocked-was.Blocked, 0), max(head.Idle-was.Idle, 0)
	if whole := float64(busy + blocked + idle); whole > 0 {
		g.busy, g.blocked, g.idle, g.ran = float64(busy)/whole, float64(blocked)/whole, float64(idle)/whole, true
	}
	g.moved = head.In - was.In
	at := head
	for _, m := range g.members {
		if m.Working > 0 {
			at = m
		}
	}
	was = before[at.Name]
	g.at, g.both, g.stalled = at.Name, at.Working > 0 && was.Working > 0, at.done() == was.done()
}

// done is how many items the stage is done with.
func (st StageStats) done() int64 {
	return st.Out + st.Delivered + st.Filtered + st.Dropped + st.Failed + st.Abandoned + st.Spooled
}

// isFull reports whether producers find no room at the entry of a source.
func (s Stats) isFull(st StageStats) bool {
	if st.Kind != "source" || st.Queued == 0 {
		return false
	}
	return st.Room == 0 || s.MaxBytes > 0 && float64(s.Bytes) >= fullPart*float64(s.MaxBytes)
}

// isSlow reports whether the group is slower than what comes to it.
func (g *group) isSlow() bool {
	head := g.head()
	switch {
	case !g.ran || g.busy == 0 || g.blocked > g.busy:
		return false
	case g.awaited:
		return g.idle < 0.5 // else it is fast enough, and what comes to it comes in bursts
	case g.blocked >= blockedPart || g.idle >= restingPart:
		return false
	case head.Queued > 0:
		return true
	case head.Kind == "source" && g.at == head.Name: // its own function may only wait for what it is to send
		return false
	}
	return g.both
}

// before orders those that are slow: by how much others wait for them, how little they rest, how much waits.
func (g *group) before(other *group) bool {
	if g.awaited != other.awaited {
		return g.awaited
	}
	return cmp.Or(cmp.Compare(other.busy, g.busy), cmp.Compare(other.head().Queued, g.head().Queued)) < 0
}

// mark adds the groups whose items come to g.
func (g *group) mark(above map[*group]bool) {
	for _, other := range g.above {
		if !above[other] {
			above[other] = true
			other.mark(above)
		}
	}
}

func moved(groups []*group) bool {
	return slices.ContainsFunc(groups, func(g *group) bool { return g.moved > 0 })
}

// busiestSource names the source from which most came.
func busiestSource(groups []*group) string {
	var most *group
	for _, g := range groups {
		if g.head().Kind == "source" && (most == nil || g.moved > most.moved) {
			most = g
		}
	}
	if most == nil {
		return ""
	}
	return most.head().Name
}

// String says it in a sentence without a full stop.
func (b Bottleneck) String() string {
	switch b.Limit {
	case LimitSource:
		return fmt.Sprintf("no stage is the bottleneck: the source %q sends no faster", b.Stage)
	case LimitStage:
	default:
		return "no stage is at work"
	}
	text := fmt.Sprintf("stage %q is the bottleneck", b.Stage)
	var why []string
	if len(b.Blocked) > 0 {
		why = append(why, quoted(b.Blocked)+" "+plural(len(b.Blocked), "waits", "wait")+" for it")
	}
	if b.Waiting > 0 {
		why = append(why, fmt.Sprintf("%d %s before it", b.Waiting, plural(int(b.Waiting), "item waits", "items wait")))
	}
	if b.Stalled {
		why = append(why, fmt.Sprintf("it has finished none in %v", b.Over.Round(100*time.Millisecond)))
	}
	if len(why) == 0 {
		why = append(why, "it never rests")
	}
	return text + ": " + strings.Join(why, ", ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// quoted lists names, or how many there are.
func quoted(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%q and %d more", names[0], len(names)-1)
	}
	text := ""
	for i, name := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			text += " and "
		default:
			text += ", "
		}
		text += fmt.Sprintf("%q", name)
	}
	return text
}

// MarshalJSON adds the sentence of String, as text.
func (b Bottleneck) MarshalJSON() ([]byte, error) {
	type plain Bottleneck
	return json.Marshal(struct {
		plain
		Text string `json:"text"`
	}{plain(b), b.String()})
}
