package observability_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
	"github.com/tailrace-go/tailrace/span"
)

// A stopState is what an exporter is doing when its Shutdown comes.
type stopState struct {
	id, name string
	settle   func(x *stopping) // draws the settings, before the exporter is made
	enter    func(x *stopping) // brings it into the state
	left     bool              // a Shutdown that is cut short has to leave something
}

// A stopWay is how the Shutdown comes, and what the exporter must then say.
type stopWay struct {
	id, name string
	callers  func(rng *rand.Rand) []time.Duration // their deadlines; negative is a context that has ended
	pushers  int                                  // goroutines that export meanwhile
	happened string
}

// generous is longer than anything here takes.
const generous = 24 * time.Hour

var stopWays = []stopWay{
	{
		id: "time", name: "deadline generous",
		callers:  func(*rand.Rand) []time.Duration { return []time.Duration{generous} },
		happened: "every span delivered, or spooled where there is a spool; Shutdown returned nil",
	},
	{
		id: "cut", name: "cancelled, or deadline in the middle",
		callers:  func(rng *rand.Rand) []time.Duration { return []time.Duration{cutAfter(rng)} },
		happened: "returned by the deadline; every span delivered or in the *LossError as abandoned, or spooled where there is a spool; none in two",
	},
	{
		id: "twice", name: "several at the same time",
		callers: func(rng *rand.Rand) []time.Duration {
			all := []time.Duration{generous, generous}
			if rng.IntN(2) == 0 {
				all = append(all, cutAfter(rng))
			}
			return all
		},
		happened: "all callers got the same result, by the first deadline; every span delivered or abandoned, or spooled where there is a spool; none in two",
	},
	{
		id: "producers", name: "racing 1,000 producers", pushers: 1000,
		callers: func(rng *rand.Rand) []time.Duration {
			if rng.IntN(2) == 0 {
				return []time.Duration{generous}
			}
			return []time.Duration{cutAfter(rng)}
		},
		happened: "Export gave nil or ErrClosed; every span that it took is delivered or abandoned, or spooled where there is a spool; none in two",
	},
}

// cutAfter draws a deadline that comes before the work is done, or has passed already.
func cutAfter(rng *rand.Rand) time.Duration {
	if rng.IntN(3) == 0 {
		return -1
	}
	return time.Duration(1+rng.IntN(900)) * time.Millisecond
}

var stopStates = []stopState{
	{id: "idle", name: "idle", enter: func(x *stopping) {
		if x.rng.IntN(2) == 0 {
			x.some(x.rng.IntN(3*x.cfg.MaxBatchSize), 40)
			if err := x.Flush(x.Context()); err != nil {
				x.Error(err)
			}
		}
		x.rest()
	}},
	{id: "half", name: "batch half full", enter: func(x *stopping) {
		if x.rng.IntN(2) == 0 {
			x.some(x.cfg.MaxBatchSize, 40) // one that is full, before
			x.rest()
		}
		x.answersAfter(x.drawn(0, 5*time.Second))
		x.some(1+x.rng.IntN(x.cfg.MaxBatchSize-1), 40)
		x.rest()
	}},
	{
		id: "compressing", name: "compressing",
		settle: func(x *stopping) {
			x.cfg.Compression = []observability.CloudCompression{observability.CompressGzip, observability.CompressZstd}[x.rng.IntN(2)]
		},
		enter: func(x *stopping) {
			// No fake time passes while a compression runs: this is where it is caught by looking.
			x.answersAfter(x.drawn(0, 5*time.Second))
			for range 20 {
				x.some(x.cfg.MaxBatchSize, 1000)
				for range 50 {
					if x.Stats().Pipeline.Stage("compress").Held > 0 {
						return
					}
					runtime.Gosched()
				}
			}
		},
	},
	{id: "connecting", name: "connecting", left: true, enter: func(x *stopping) {
		takes := x.drawn(3*time.Second, 9*time.Second)
		x.c.OnDial(func(ctx context.Context, _ int) error {
			select {
			case <-time.After(takes):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		x.full(40)
		time.Sleep(x.drawn(0, 2*time.Second))
		synctest.Wait()
	}},
	{
		id: "sending", name: "body half sent", left: true,
		settle: func(x *stopping) { x.cfg.Timeout = time.Hour },
		enter: func(x *stopping) {
			every := x.drawn(500*time.Millisecond, 2*time.Second)
			x.c.Set(sinktest.SlowRead(200+x.rng.IntN(300), every))
			x.full(100_000 / x.cfg.MaxBatchSize)
			time.Sleep(x.drawn(0, 3*every))
			synctest.Wait()
		},
	},
	{id: "waiting", name: "waiting for the answer", left: true, enter: func(x *stopping) {
		takes := x.drawn(3*time.Second, 9*time.Second)
		if x.rng.IntN(3) == 0 {
			lost := sinktest.Chain(sinktest.Delay(takes), sinktest.AnswerLost())
			x.c.Script(lost)
			x.c.Script(lost)
		}
		x.answersAfter(takes)
		x.full(40)
		time.Sleep(x.drawn(0, 2*time.Second))
		synctest.Wait()
	}},
	{id: "retrying", name: "in a retry sleep", left: true, enter: func(x *stopping) {
		switch n := x.rng.IntN(7); n {
		case 0:
			x.c.Down()
		default:
			x.c.Set([]sinktest.Fault{
				sinktest.RetryAfter("30"), sinktest.Status(429, "Retry-After", "7"), sinktest.Status(503), sinktest.ResetMidBody(),
				sinktest.Status(401), sinktest.Redirect(307, "http://"+otherHost+"/"),
			}[n-1])
		}
		x.full(40)
		time.Sleep(x.drawn(time.Second, 2*time.Minute))
		synctest.Wait()
		heals := time.Duration(0)
		if x.rng.IntN(2) == 0 {
			heals = x.drawn(time.Second, time.Minute)
		}
		x.ends = append(x.ends, func(hurried bool) {
			if hurried {
				return // it stays as it is
			}
			x.producers.Go(func() {
				time.Sleep(heals)
				x.c.Heal()
				x.c.Up()
			})
		})
	}},
	{
		id: "blocked", name: "blocked on a full link", left: true,
		settle: func(x *stopping) {
			x.cfg.Overflow, x.cfg.Queue = observability.OverflowBlock, x.cfg.MaxBatchSize+x.rng.IntN(20)
			x.cfg.Senders, x.cfg.MaxSenders = 1, 1 // so that the order can be seen
		},
		enter: func(x *stopping) {
			x.answersAfter(x.drawn(time.Second, 5*time.Second))
			for range 10 {
				x.producers.Go(func() {
					for range 100 {
						if x.try(40) != nil {
							return
						}
					}
				})
			}
			time.Sleep(x.drawn(0, 20*time.Second))
			synctest.Wait()
		},
	},
	{
		id: "spooling", name: "writing the spool",
		settle: func(x *stopping) {
			x.spool()
			takes := x.drawn(time.Millisecond, 3*time.Millisecond)
			x.disk.OnOp(func(op crashfs.Op) error {
				if op.Kind == crashfs.Write {
					time.Sleep(takes)
				}
				return nil
			})
			x.slack = 100 * time.Millisecond // a write is not cut
		},
		enter: func(x *stopping) {
			x.answersAfter(x.drawn(0, 5*time.Second))
			x.some(x.cfg.MaxBatchSize, 40)
			time.Sleep(x.drawn(0, 3*time.Millisecond))
		},
	},
}

// TestShutdownInEachState plays each state with each way that Shutdown can come, with settings,
// faults and instants that are drawn, 20 times (5 beside producers, where a run is as long as ten of the
// others), or as often as TAILRACE_SHUTDOWN_RUNS says:
//
//	TAILRACE_SHUTDOWN_RUNS=1000 go test -race -run TestShutdownInEachState -timeout 2h ./observability
//
// Whatever was going on, Shutdown returns by its deadline, in fake time to the nanosecond; each span
// that Export took is delivered once, or is in the *LossError once, or, in the runs that are drawn to
// have a spool, on disk, from where another exporter delivers it; nothing is called delivered that the
// collector does not have; and nothing is sent afterwards. The fifth way, a signal to a process, is in
// TestShutdownOnSignalInEachState.
func TestShutdownInEachState(t *testing.T) {
	runs, few := 20, 5
	if text := os.Getenv("TAILRACE_SHUTDOWN_RUNS"); text != "" {
		var err error
		if runs, err = strconv.Atoi(text); err != nil {
			t.Fatalf("TAILRACE_SHUTDOWN_RUNS: %v", err)
		}
		few = runs
	}
	for _, state := range stopStates {
		for _, way := range stopWays {
			t.Run(state.name+", "+way.name, func(t *testing.T) {
				t.Parallel()
				id := "shutdown." + state.id + "." + way.id
				seed := fnv.New64a()
				_, _ = seed.Write([]byte(id))
				runs := runs
				if way.pushers > 0 {
					runs = few
				}
				for run := range runs {
					rng := rand.New(rand.NewPCG(seed.Sum64(), uint64(run)))
					synctest.Test(t, func(t *testing.T) { shutdown(t, state, way, rng) })
					if t.Failed() {
						t.Fatalf("this was run %d", run)
					}
				}
				faults.Happened(t, id, "%s", way.happened)
			})
		}
	}
}

// stopping is one run of a cell.
type stopping struct {
	*rig
	rng       *rand.Rand
	cfg       observability.CloudExporterConfig
	producers sync.WaitGroup
	disk      *crashfs.Disk        // nil without a spool
	slack     time.Duration        // that Shutdown may take beyond its deadline
	ends      []func(hurried bool) // what happens as Shutdown is called, hurried if it is to be cut short

	mu       sync.Mutex
	next     int
	accepted map[span.ID]bool
	refused  map[span.ID]bool
	lost     map[span.ID]string // by reason
}

func shutdown(t *testing.T, state stopState, way stopWay, rng *rand.Rand) {
	x := &stopping{rng: rng, accepted: map[span.ID]bool{}, refused: map[span.ID]bool{}, lost: map[span.ID]string{}}
	x.cfg = observability.CloudExporterConfig{
		MaxBatchSize: 5 + rng.IntN(20), MaxBatchWait: generous, Senders: 1 + rng.IntN(4), MaxElapsed: -1, OnLoss: x.lose,
		Compression: []observability.CloudCompression{"", observability.CompressGzip, observability.CompressZstd, observability.CompressNone}[rng.IntN(4)],
	}
	x.cfg.MaxSenders = x.cfg.Senders
	if way.pushers > 0 {
		x.cfg.MaxBatchSize += 100
	}
	if rng.IntN(2) == 0 {
		x.spool()
	}
	if state.settle != nil {
		state.settle(x)
	}
	c := sinktest.StartPipe(t, sinktest.Config{Token: fakeToken, AcceptEncoding: []string{"", "gzip", "zstd"}[rng.IntN(3)]})
	x.rig = start(t, c, x.cfg)
	state.enter(x)

	deadlines := way.callers(rng)
	deadline := slices.Min(deadlines)
	for _, end := range x.ends {
		end(deadline < generous)
	}
	for range way.pushers {
		x.producers.Go(func() { _ = x.try(40) })
	}
	for range rng.IntN(2 * (way.pushers + 1)) {
		runtime.Gosched()
	}
	began := time.Now()
	results := make([]error, len(deadlines))
	var callers sync.WaitGroup
	for i, d := range deadlines {
		callers.Go(func() {
			ctx, cancel := ended, context.CancelFunc(func() {})
			if d >= 0 {
				ctx, cancel = context.WithTimeout(context.Background(), d)
			}
			defer cancel()
			results[i] = x.Shutdown(ctx)
		})
	}
	callers.Wait()
	took := time.Since(began)
	x.producers.Wait()
	if took > max(deadline, 0)+x.slack {
		t.Errorf("Shutdown took %v of %v", took, deadline)
	}
	for _, result := range results {
		if !same(result, results[0]) {
			t.Errorf("one caller got %v, another %v", results[0], result)
		}
	}
	x.judge(results[0], deadline < generous, state.left)
}

// spool has x keep on disk what its endpoint does not have yet.
func (x *stopping) spool() {
	if x.disk == nil {
		x.disk = crashfs.New()
		x.cfg.Spool = observability.CloudSpool{Dir: "/spool", FS: x.disk.Start(), SyncEach: x.rng.IntN(2) == 0}
	}
}

// same reports whether two errors are the very same one, or both nil.
func same(a, b error) bool {
	return errors.Is(a, b) && errors.Is(b, a)
}

// ended is a context that has ended.
var ended = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// judge holds what is true after every Shutdown. hurried is one that had not the time for everything.
func (x *stopping) judge(result error, hurried, left bool) {
	synctest.Wait()
	requests := x.c.Ledger().Requests
	got := x.Stats().Ledger
	want := pipeline.Ledger{
		Accepted: int64(len(x.accepted)), Refused: int64(len(x.refused)),
		Delivered: int64(len(x.accepted) - len(x.lost)), Abandoned: int64(len(x.lost)),
	}
	if x.disk != nil {
		want.Spooled = onDisk(x.T, x.cfg.Spool)
		want.Delivered -= want.Spooled
		if len(x.lost) > 0 {
			x.Errorf("%d spans are lost beside a spool", len(x.lost))
		}
	}
	x.account(want)
	stored := map[span.ID]bool{}
	for _, record := range x.c.Records() {
		id := span.ID(record.SpanID)
		if !x.accepted[id] || stored[id] {
			x.Errorf("span %s is stored, accepted %v, stored before %v", id, x.accepted[id], stored[id])
		}
		stored[id] = true
	}
	for id := range x.accepted {
		if x.lost[id] == "" && !stored[id] && x.disk == nil {
			x.Errorf("span %s is neither stored nor lost", id)
		}
	}
	if int(got.Delivered) > len(stored) {
		x.Errorf("%d are called delivered, %d are stored", got.Delivered, len(stored))
	}
	both := 0 // of unknown outcome: abandoned, and stored all the same
	for id, reason := range x.lost {
		if !x.accepted[id] || reason != pipeline.ReasonCancelled {
			x.Errorf("span %s is lost, for %s; it was accepted: %v", id, reason, x.accepted[id])
		}
		if stored[id] {
			both++
		}
	}
	if most := x.cfg.MaxSenders * x.cfg.MaxBatchSize; both > most {
		x.Errorf("%d spans are stored and called abandoned, of at most %d on their way", both, most)
	}
	unheard := 0
	for _, request := range x.c.Requests() {
		if request.Status == 0 {
			unheard++
		}
	}
	if repeated := x.c.Ledger().Repeated; repeated > unheard*x.cfg.MaxBatchSize {
		x.Errorf("%d spans came twice, after %d lost answers", repeated, unheard)
	}
	switch {
	case len(x.lost) == 0 && result != nil, !hurried && result != nil:
		x.Errorf("Shutdown returned %v; %+v", result, got)
	case len(x.lost) == 0:
	default:
		loss := lossOf(x.T, result).Ledger
		if loss.Refused = got.Refused; loss != got {
			x.Errorf("the loss is %+v, the ledger %+v", loss, got)
		}
		if len(x.log.lines("lost=", pipeline.ReasonCancelled)) == 0 {
			x.Errorf("no line tells of the loss: %s", x.log)
		}
	}
	if hurried && left && len(x.lost) == 0 && got.Spooled == 0 {
		x.Error("nothing was left to abandon, so the state was another one")
	}

	for _, deadline := range []time.Duration{0, generous} {
		if again := x.shutdown(deadline); !same(again, result) {
			x.Errorf("another Shutdown returned %v, the first %v", again, result)
		}
	}
	for name, err := range map[string]error{"Export": x.Export(x.Context(), numbered(0)), "TryExport": x.TryExport(numbered(0))} {
		if !errors.Is(err, pipeline.ErrClosed) {
			x.Errorf("%s after Shutdown: %v", name, err)
		}
	}
	time.Sleep(time.Hour)
	if again := x.c.Ledger().Requests; again != requests {
		x.Errorf("%d requests after Shutdown", again-requests)
	}
	if x.disk != nil {
		x.recover()
	}
}

// recover has another exporter send what is spooled: then everything has arrived.
func (x *stopping) recover() {
	x.c.Heal()
	x.c.Up()
	x.disk.OnOp(nil)
	cfg := x.cfg
	cfg.OnLoss = nil
	r := start(x.T, x.c, cfg)
	r.stop()
	stored := map[span.ID]bool{}
	for _, record := range x.c.Records() {
		stored[span.ID(record.SpanID)] = true
	}
	for id := range x.accepted {
		if !stored[id] {
			x.Errorf("span %s was spooled, and did not arrive", id)
		}
	}
	if len(stored) != len(x.accepted) {
		x.Errorf("%d spans have arrived, %d were accepted", len(stored), len(x.accepted))
	}
}

// try exports one span more.
func (x *stopping) try(bytes int) error {
	x.mu.Lock()
	i := x.next
	x.next++
	x.mu.Unlock()
	s := sized(i, bytes)
	if bytes > 100 {
		s = fresh(i, bytes)
	}
	err := x.Export(x.Context(), s)
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case err == nil:
		x.accepted[s.ID] = true
	case errors.Is(err, pipeline.ErrClosed):
		x.refused[s.ID] = true
	default:
		x.Errorf("Export: %v", err)
	}
	return err
}

// some exports so many spans.
func (x *stopping) some(spans, bytes int) {
	for range spans {
		if err := x.try(bytes); err != nil {
			x.Error(err)
		}
	}
}

// full exports enough for two requests of each sender, and a half.
func (x *stopping) full(bytes int) {
	x.some(x.cfg.MaxBatchSize*(1+x.rng.IntN(2*x.cfg.Senders))+x.rng.IntN(x.cfg.MaxBatchSize), bytes)
}

func (x *stopping) answersAfter(d time.Duration) { x.c.Set(sinktest.Delay(d)) }

// drawn is a time from least up to most.
func (x *stopping) drawn(least, most time.Duration) time.Duration {
	return least + time.Duration(x.rng.Int64N(int64(most-least)))
}

// rest waits until nothing moves.
func (x *stopping) rest() {
	time.Sleep(x.drawn(0, time.Minute))
	synctest.Wait()
}

// lose is told of losses, and notes each span by its id.
func (x *stopping) lose(_, reason string, item any) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range idsOf(item) {
		if x.lost[id] != "" {
			x.Errorf("span %s is lost for %s, and was for %s", id, reason, x.lost[id])
		}
		x.lost[id] = reason
	}
}

// idsOf are the ids of the spans in what OnLoss is given.
func idsOf(item any) (ids []span.ID) {
	switch item := item.(type) {
	case *span.Span:
		ids = append(ids, item.ID)
	case pipeline.Batch[*span.Span]:
		for _, s := range item {
			ids = append(ids, s.ID)
		}
	case *pipeline.Body:
		for _, part := range item.Parts {
			_, id, _ := strings.Cut(string(item.Plain[part.From:part.To]), `"spanId":"`)
			id, _, _ = strings.Cut(id, `"`)
			ids = append(ids, span.ID(id))
		}
	default:
		panic(fmt.Sprintf("a loss of type %T", item))
	}
	return ids
}
