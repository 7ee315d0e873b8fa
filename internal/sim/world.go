package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// world is what one run of a schedule takes place in, and what was seen there. All of it is made
// inside of the run's bubble.
type world struct {
	s         *Schedule
	collector *sinktest.Collector
	began     time.Time
	healed    atomic.Bool
	closedAt  time.Time // of a schedule with a spool: when the first process had ended
	undone    bool      // what that had settled stayed in its spool, since the disk failed to the end
	dials     atomic.Int64
	marks     [len(states)]atomic.Int64 // how often each state was reached
	news      chan state                // states as they are reached

	mu         sync.Mutex
	violations []error
	bodies     map[string]int // number of a body, by Idempotency-Key
	sightings  []sighting     // of requests, by their number less 1
	probes     int
	lost       map[int]loss     // items, by what OnLoss was told
	unnamed    map[string]int64 // items of losses that were told without them, by reason
	lines      int64            // items that the log says are lost

	pushed []atomic.Uint32 // by item: what became of its push
}

// What became of a push.
const (
	untried uint32 = iota
	pushing
	accepted
	refused
)

// loss is what OnLoss said of an item.
type loss struct{ stage, reason string }

// sighting is what was drawn for a request.
type sighting struct {
	body  int // 0: a probe
	fault Fault
	means meaning
	ill   bool // a fault was drawn
}

// state is one that a Close can come in: FAULTS.md, section 3.5.
type state int

const (
	idle state = iota
	halfFull
	compressing
	connecting
	halfSent
	awaiting
	retrying
	blocked
	spooling
)

var states = [...]string{
	"idle", "batch half full", "compressing", "connecting", "body half sent", "waiting for the answer",
	"in a retry sleep", "blocked on a full link", "writing the spool",
}

// collectorHost is where the collector is reached.
const collectorHost = "127.0.0.1:1"

// fakeToken is no token of anybody's.
const fakeToken = "sim_fake-token-0000"

// maxRequests is the limit of steps: a client that asks so often in one run never ends.
const maxRequests = 20_000

func newWorld(s *Schedule) (*world, error) {
	for _, f := range s.Faults {
		if err := f.check(); err != nil {
			return nil, err
		}
	}
	c, err := sinktest.New(sinktest.Config{Token: fakeToken, MaxRequests: maxRequests, Host: collectorHost})
	if err != nil {
		return nil, err
	}
	w := &world{
		s: s, collector: c, began: time.Now(), news: make(chan state, 64),
		bodies: map[string]int{}, lost: map[int]loss{}, unnamed: map[string]int64{},
		pushed: make([]atomic.Uint32, s.Items),
	}
	c.OnRequest(w.judgeRequest)
	return w, nil
}

// violate notes a promise that was broken.
func (w *world) violate(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.violations) < 20 {
		w.violations = append(w.violations, fmt.Errorf(format, args...))
	}
}

// reached notes that the run is in a state.
func (w *world) reached(in state) {
	w.marks[in].Add(1)
	select {
	case w.news <- in:
	default:
	}
}

// emptyBatch is the length of a probe.
var emptyBatch = strconv.Itoa(len(span.V1.AppendClose(span.V1.AppendOpen(nil))))

// judgeRequest decides about a request. Calls come one at a time.
func (w *world) judgeRequest(r sinktest.Request) sinktest.Fault {
	w.mu.Lock()
	seen := sighting{means: again}
	switch {
	case r.Header.Get("Content-Encoding") == "" && r.Header.Get("Content-Length") == emptyBatch:
		w.probes++
		seen.fault, seen.ill = w.faultFor("probe", w.probes, 1)
	default:
		seen.body = w.bodyOf(r.Key)
		seen.fault, seen.ill = w.faultFor("body", seen.body, r.Attempt)
	}
	var fault sinktest.Fault
	if w.healed.Load() {
		seen.fault, seen.ill = Fault{}, false
	}
	if seen.ill {
		kind := requestFaults[seen.fault.Kind]
		seen.means, fault = kind.means, kind.make(seen.fault)
	}
	for len(w.sightings) < r.N {
		w.sightings = append(w.sightings, sighting{})
	}
	w.sightings[r.N-1] = seen
	w.mu.Unlock()
	switch {
	case seen.body == 0:
	case seen.fault.Kind == "slow read":
		w.reached(halfSent)
	case seen.fault.Kind == "slow", seen.fault.Kind == "answer late", seen.fault.Kind == "silence":
		w.reached(awaiting)
	case seen.ill && seen.means == again:
		w.reached(retrying)
	}
	return fault
}

// bodyOf numbers the bodies as they come. The halves of one that was cut have its number.
func (w *world) bodyOf(key string) int {
	key, _, _ = strings.Cut(key, ".")
	n, ok := w.bodies[key]
	if !ok {
		n = len(w.bodies) + 1
		w.bodies[key] = n
	}
	return n
}

// lose is for OnLoss.
func (w *world) lose(stage, reason string, item any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch item := item.(type) {
	case *span.Span:
		w.loseOne(stage, reason, item.ID)
	case pipeline.Batch[*span.Span]:
		for _, s := range item {
			w.loseOne(stage, reason, s.ID)
		}
	case *pipeline.Body:
		plain, err := plainOf(item)
		if err != nil {
			w.violations = append(w.violations, fmt.Errorf("OnLoss was given a body that cannot be read: %w", err))
			return
		}
		for _, p := range item.Parts {
			w.loseOne(stage, reason, idIn(plain[p.From:p.To]))
		}
	case pipeline.Unknown:
		w.unnamed[reason] += item.Items
	default:
		w.violations = append(w.violations, fmt.Errorf("OnLoss was given a %T", item))
	}
}

func (w *world) loseOne(stage, reason string, id span.ID) {
	n, err := numberOf(string(id))
	if err != nil || n >= w.s.Items {
		w.violations = append(w.violations, fmt.Errorf("OnLoss was told of the item %q", id))
		return
	}
	if before, twice := w.lost[n]; twice && w.s.Spool == nil { // a process that has ended may have forgotten it
		w.violations = append(w.violations, fmt.Errorf("item %d is lost twice: %s by %s, %s by %s", n, before.reason, before.stage, reason, stage))
	}
	w.lost[n] = loss{stage, reason}
}

// plainOf is a body as it was before it was compressed, which one that a spool has kept does not bring along.
func plainOf(body *pipeline.Body) ([]byte, error) {
	if body.Plain != nil {
		return body.Plain, nil
	}
	d, err := stages.NewDecompressor(stages.DecompressConfig{}) // of this run: no coder may leave its bubble
	if err != nil {
		return nil, err
	}
	return d.Append(nil, body.Data, body.ContentEncoding)
}

// idIn finds the id in an encoded span.
func idIn(record []byte) span.ID {
	const key = `"spanId":"`
	_, rest, _ := bytes.Cut(record, []byte(key))
	id, _, _ := bytes.Cut(rest, []byte{'"'})
	return span.ID(id)
}

// numberOf is the number of an item, from 0.
func numberOf(id string) (int, error) {
	n, err := strconv.ParseUint(id, 16, 32)
	if err == nil && n == 0 {
		err = errors.New("it is 0")
	}
	return int(n) - 1, err
}

// push hands over one item and notes what came of it.
func (w *world) push(ctx context.Context, r rig, n int) {
	w.pushed[n].Store(pushing)
	if w.s.Patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, w.s.Patience)
		defer cancel()
	}
	var err error
	if w.s.Overflow == string(observability.OverflowBlock) {
		waits := time.AfterFunc(time.Millisecond, func() { w.reached(blocked) })
		defer waits.Stop()
	}
	if n%7 == 3 {
		err = r.try(spanOf(n))
	} else {
		err = r.push(ctx, spanOf(n))
	}
	switch {
	case err == nil:
		w.pushed[n].Store(accepted)
	case errors.Is(err, pipeline.ErrClosed), errors.Is(err, pipeline.ErrFull), errors.Is(err, context.DeadlineExceeded):
		w.pushed[n].Store(refused)
	default:
		w.pushed[n].Store(refused)
		w.violate("push of item %d: %w", n, err)
	}
}

// heal ends all faults: none begins after it.
func (w *world) heal() {
	w.healed.Store(true)
	w.collector.Up()
}

// since is the time since the start, for messages.
func (w *world) since() time.Duration { return time.Since(w.began) }

// maxItems is how many items a schedule may have.
const maxItems = 1000

// spans are the items of all runs. A span that is frozen is never written to.
var spans = sync.OnceValue(func() (all [maxItems]*span.Span) {
	for i := range all {
		var text strings.Builder
		for x := uint64(i)*2654435761 + 1; text.Len() < 100+i%200; x = x*6364136223846793005 + 1442695040888963407 {
			text.WriteByte('a' + byte(x>>56)%26) // which no compression makes much smaller
		}
		s := &span.Span{
			TraceID: "0af7651916cd43dd8448eb211c80319c", ID: span.ID(fmt.Sprintf("%016x", i+1)), ParentID: "00f067aa0ba902b7",
			Name: "search", Type: span.TypeToolCall,
			Start: time.Unix(946_684_800, 0), End: time.Unix(946_684_801, 0),
			Input: span.Value(`"` + text.String() + `"`),
		}
		s.Freeze()
		all[i] = s
	}
	return all
})

func spanOf(n int) *span.Span { return spans()[n] }
