package stages_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// sized is an item that says how large it is.
type sized int

func (s sized) Size() int {
	if s < 0 {
		panic("an item of negative size")
	}
	return int(s)
}

func TestBatchEndsAtTheFirstLimit(t *testing.T) {
	for _, test := range []struct {
		name  string
		cfg   stages.BatchConfig
		items []sized
		want  string
	}{
		{"nothing", stages.BatchConfig{}, nil, "[]"},
		{"fewer than MaxItems", stages.BatchConfig{MaxItems: 4}, []sized{1, 2, 3}, "[[1 2 3]]"},
		{"the number of items", stages.BatchConfig{MaxItems: 2}, []sized{1, 2, 3}, "[[1 2] [3]]"},
		{"batches of one", stages.BatchConfig{MaxItems: 1}, []sized{1, 2, 3}, "[[1] [2] [3]]"},
		{"the default number of items", stages.BatchConfig{}, []sized{1, 2, 3}, "[[1 2 3]]"},
		{"as many items as there can be", stages.BatchConfig{MaxItems: math.MaxInt}, []sized{1, 2, 3}, "[[1 2 3]]"},
		{"bytes that fit exactly", stages.BatchConfig{MaxBytes: 6}, []sized{1, 2, 3, 4}, "[[1 2 3] [4]]"},
		{"bytes that would be too many", stages.BatchConfig{MaxBytes: 5}, []sized{1, 2, 3, 4}, "[[1 2] [3] [4]]"},
		{"an item larger than MaxBytes", stages.BatchConfig{MaxBytes: 5}, []sized{1, 9, 2}, "[[1] [9] [2]]"},
		{"an item larger than anything", stages.BatchConfig{MaxBytes: 5}, []sized{1, math.MaxInt, 2}, fmt.Sprintf("[[1] [%d] [2]]", math.MaxInt)},
		{"items before bytes", stages.BatchConfig{MaxItems: 2, MaxBytes: 100}, []sized{1, 2, 3}, "[[1 2] [3]]"},
		{"items without bytes", stages.BatchConfig{MaxBytes: 1}, []sized{0, 0, 1, 0}, "[[0 0 1] [0]]"},
	} {
		for _, wait := range []time.Duration{0, time.Hour} {
			t.Run(fmt.Sprintf("%s, MaxWait %v", test.name, wait), func(t *testing.T) {
				test.cfg.MaxWait = wait
				o := through(t, stages.Batch[sized](test.cfg), test.items)
				if got := fmt.Sprint(o.got); got != test.want || o.err != nil {
					t.Errorf("Batch(%+v) of %v made %v, want %v, error %v", test.cfg, test.items, got, test.want, o.err)
				}
			})
		}
	}
}

func TestBatchSettings(t *testing.T) {
	type fits struct{ *sized }
	for _, test := range []struct {
		name  string
		stage func(*pipeline.Pipeline)
		want  string
	}{
		{"negative items", batchOf[int](stages.BatchConfig{MaxItems: -1}), "BatchConfig.MaxItems is negative: -1"},
		{"negative bytes", batchOf[sized](stages.BatchConfig{MaxBytes: -2}), "BatchConfig.MaxBytes is negative: -2"},
		{"negative wait", batchOf[int](stages.BatchConfig{MaxWait: -time.Second}), "BatchConfig.MaxWait is negative: -1s"},
		{"bytes of items without size", batchOf[int](stages.BatchConfig{MaxBytes: 1}), "int has neither Size() int nor Charge() int"},
		{"bytes of items with a size from within", batchOf[fits](stages.BatchConfig{MaxBytes: 1}), ""},
		{"bytes of interfaces", batchOf[any](stages.BatchConfig{MaxBytes: 1}), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := pipeline.New(pipeline.Config{})
			test.stage(p)
			err := p.Run(t.Context())
			if test.want == "" {
				if err != nil {
					t.Errorf("Run returned %v", err)
				}
				return
			}
			if !errors.Is(err, pipeline.ErrConfig) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), `"batch"`) {
				t.Errorf("Run returned %v, want an ErrConfig of stage \"batch\" with %q", err, test.want)
			}
		})
	}
}

func batchOf[T any](cfg stages.BatchConfig) func(*pipeline.Pipeline) {
	return func(p *pipeline.Pipeline) {
		flow := pipeline.Via(pipeline.From(p, source.Slice[T]()), stages.Batch[T](cfg))
		pipeline.To(flow, sink.Discard[pipeline.Batch[T]]())
	}
}

// live is a pipeline of an emitter and a batch that runs in a bubble.
type live struct {
	t       *testing.T
	p       *pipeline.Pipeline
	emitter *source.Emitter[sized]
	mu      sync.Mutex // fake time wakes a test and a stage in no order
	got     []pipeline.Batch[sized]
	cancel  context.CancelFunc
	done    chan error
}

func startBatch(t *testing.T, cfg stages.BatchConfig, opts ...pipeline.Option) *live {
	l := &live{t: t, p: pipeline.New(pipeline.Config{}), emitter: source.NewEmitter[sized](source.EmitterConfig{}), done: make(chan error, 1)}
	flow := pipeline.Via(pipeline.From(l.p, l.emitter), stages.Batch[sized](cfg), opts...)
	pipeline.To(flow, sink.Each(func(b pipeline.Batch[sized]) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.got = append(l.got, b)
	}), pipeline.Async())
	ctx, cancel := context.WithCancel(t.Context())
	l.cancel = cancel
	go func() { l.done <- l.p.Run(ctx) }()
	return l
}

func (l *live) emit(items ...sized) {
	l.t.Helper()
	for _, item := range items {
		if err := l.emitter.Emit(l.t.Context(), item); err != nil {
			l.t.Fatalf("Emit(%d): %v", item, err)
		}
	}
}

// expect checks what the sink has so far, and that the ledger adds up with what the batch holds.
func (l *live) expect(want string, held int64) {
	l.t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if got := fmt.Sprint(l.got); got != want {
		l.t.Errorf("emitted %v, want %v", got, want)
	}
	if ledger := l.p.Ledger(); ledger.Balance() != 0 || ledger.InFlight != held {
		l.t.Errorf("ledger %+v, balance %d, want %d in flight", ledger, ledger.Balance(), held)
	}
}

func (l *live) end() {
	l.t.Helper()
	l.cancel()
	if err := <-l.done; err != nil {
		l.t.Errorf("Run returned %v", err)
	}
	pipelinetest.CheckLedger(l.t, l.p)
}

func TestBatchMaxWaitIsTheAgeOfTheOldestItem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startBatch(t, stages.BatchConfig{MaxWait: time.Second})
		time.Sleep(time.Minute) // an empty batch is never due
		l.emit(1)
		time.Sleep(600 * time.Millisecond)
		l.emit(2)
		time.Sleep(400*time.Millisecond - 1)
		l.expect("[]", 2)
		time.Sleep(time.Nanosecond)
		l.expect("[[1 2]]", 0)
		time.Sleep(time.Minute)
		l.emit(3)
		time.Sleep(time.Second)
		l.expect("[[1 2] [3]]", 0)
		l.end()
	})
}

func TestBatchThatIsFullDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startBatch(t, stages.BatchConfig{MaxItems: 2, MaxWait: time.Second})
		l.emit(1, 2)
		l.expect("[[1 2]]", 0)
		time.Sleep(600 * time.Millisecond)
		l.emit(3)
		time.Sleep(time.Second - 1) // the wait of the batch before does not count
		l.expect("[[1 2]]", 1)
		time.Sleep(time.Nanosecond)
		l.expect("[[1 2] [3]]", 0)
		l.end()
	})
}

func TestBatchMaxBytesStartsAnotherWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := startBatch(t, stages.BatchConfig{MaxBytes: 10, MaxWait: time.Second})
		l.emit(6)
		time.Sleep(900 * time.Millisecond)
		l.emit(5) // does not fit
		l.expect("[[6]]", 1)
		time.Sleep(999 * time.Millisecond)
		l.expect("[[6]]", 1)
		time.Sleep(time.Millisecond)
		l.expect("[[6] [5]]", 0)
		l.end()
	})
}

func TestFlushAndDrainEmptyBatches(t *testing.T) {
	for name, opts := range map[string][]pipeline.Option{"fused": nil, "async": {pipeline.Async()}, "workers": {pipeline.Workers(3)}} {
		for _, wait := range []time.Duration{0, time.Hour} {
			t.Run(fmt.Sprintf("%s, MaxWait %v", name, wait), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					l := startBatch(t, stages.BatchConfig{MaxItems: 100, MaxWait: wait}, opts...)
					if err := l.p.Flush(t.Context()); err != nil {
						t.Errorf("Flush of nothing: %v", err)
					}
					l.expect("[]", 0)
					l.emit(1)
					if err := l.p.Flush(t.Context()); err != nil {
						t.Errorf("Flush: %v", err)
					}
					l.expect("[[1]]", 0)
					l.emit(2)
					l.expect("[[1]]", 1)
					l.end()
					l.expect("[[1] [2]]", 0)
				})
			})
		}
	}
}

func TestBatchBehindADeadlineIsAbandoned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pipeline.New(pipeline.Config{DrainTimeout: time.Second})
		emitter := source.NewEmitter[int](source.EmitterConfig{})
		flow := pipeline.Via(pipeline.From(p, emitter), stages.Batch[int](stages.BatchConfig{MaxItems: 3, MaxWait: time.Minute}))
		pipeline.To(flow, sink.Func(func(ctx context.Context, _ pipeline.Batch[int]) error {
			<-ctx.Done()
			return ctx.Err()
		}), pipeline.Async(), pipeline.Queue(1))
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 20 {
			if err := emitter.Emit(ctx, i); err != nil {
				t.Fatal(err)
			}
		}
		time.AfterFunc(time.Second, cancel)
		err := p.Run(ctx)
		var lost *pipeline.LossError
		if !errors.As(err, &lost) || lost.Ledger.Lost() != 20 || lost.Ledger.Abandoned < 14 {
			t.Errorf("Run returned %v, want a LossError about 20 items, most of them abandoned", err)
		}
		pipelinetest.CheckLedger(t, p)
	})
}

func TestBatchPanicInSizeFailsOneItem(t *testing.T) {
	o := through(t, stages.Batch[sized](stages.BatchConfig{MaxBytes: 5}), []sized{1, 2, -1, 2, 3})
	if got := fmt.Sprint(o.got); got != "[[1 2 2] [3]]" {
		t.Errorf("made %v", got)
	}
	if want := []loss{{"batch", pipeline.ReasonStagePanic, sized(-1)}}; !reflect.DeepEqual(o.losses, want) {
		t.Errorf("lost %v, want %v", o.losses, want)
	}
}

func TestBatchPanicBelowCostsOneBatch(t *testing.T) {
	for name, cfg := range map[string]stages.BatchConfig{
		"complete by items": {MaxItems: 2},
		"complete by bytes": {MaxBytes: 2},
		"cut by bytes":      {MaxBytes: 3}, // the item that finds no room is at hand while the batch goes down
	} {
		t.Run(name, func(t *testing.T) {
			p := pipeline.New(pipeline.Config{})
			size := 1
			if cfg.MaxBytes == 3 {
				size = 2
			}
			items := slices.Repeat([]sized{sized(size)}, 12)
			batches := pipeline.Via(pipeline.From(p, source.Slice(items...)), stages.Batch[sized](cfg))
			n := 0
			flow := pipeline.Via(batches, stages.Tap(func(pipeline.Batch[sized]) {
				if n++; n == 2 {
					panic("the second batch")
				}
			}))
			pipeline.To(flow, sink.Discard[pipeline.Batch[sized]]())
			err := p.Run(t.Context())
			var panicked *pipeline.PanicError
			if !errors.As(err, &panicked) || panicked.Stage != "tap" {
				t.Errorf("Run returned %v, want a PanicError of tap", err)
			}
			want := int64(12 / n)
			if l := p.Ledger(); l.Failed != want || l.Delivered != 12-want {
				t.Errorf("ledger %+v, want %d failed", l, want)
			}
			pipelinetest.CheckLedger(t, p)
		})
	}
}

func TestBatchWeighsItsItems(t *testing.T) {
	o := through(t, stages.Batch[pipeline.Batch[int]](stages.BatchConfig{MaxItems: 2}), []pipeline.Batch[int]{{1, 2}, {3}, {4, 5, 6}})
	if o.ledger.Accepted != 6 || o.ledger.Delivered != 6 || fmt.Sprint(o.got) != "[[[1 2] [3]] [[4 5 6]]]" {
		t.Errorf("made %v, ledger %+v", o.got, o.ledger)
	}
}

func TestBatchUnderABudgetGivesItsBytesBack(t *testing.T) {
	for _, wait := range []time.Duration{0, time.Hour} {
		p := pipeline.New(pipeline.Config{MaxBytes: 10, MaxItemBytes: 9})
		flow := pipeline.Via(pipeline.From(p, source.Slice[sized](3, 3, 3, 3, 3, 9, 1)), stages.Batch[sized](stages.BatchConfig{MaxWait: wait}))
		pipeline.To(flow, sink.Discard[pipeline.Batch[sized]]())
		if err := p.Run(t.Context()); err != nil {
			t.Errorf("MaxWait %v: Run returned %v", wait, err)
		}
		if bytes := p.Stats().Bytes; bytes != 0 {
			t.Errorf("MaxWait %v: %d bytes are still charged", wait, bytes)
		}
		pipelinetest.CheckLedger(t, p)
	}
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte("abc"), 2, 0, false)
	f.Add([]byte{200, 1, 1, 200}, 3, 150, true)
	f.Fuzz(func(t *testing.T, data []byte, maxItems, maxBytes int, timed bool) {
		cfg := stages.BatchConfig{MaxItems: max(maxItems, 0), MaxBytes: max(maxBytes, 0)}
		if timed {
			cfg.MaxWait = time.Hour
		}
		var items []sized
		for _, b := range data {
			items = append(items, sized(b))
		}
		o := through(t, stages.Batch[sized](cfg), items)
		if got := slices.Concat(o.got...); !slices.Equal(got, items) {
			t.Errorf("%+v made %v of %v", cfg, o.got, items)
		}
		for _, batch := range o.got {
			switch {
			case len(batch) == 0, cfg.MaxItems > 0 && len(batch) > cfg.MaxItems:
				t.Errorf("%+v made a batch of %d items", cfg, len(batch))
			case cfg.MaxBytes > 0 && len(batch) > 1 && batch.Size() > cfg.MaxBytes:
				t.Errorf("%+v made a batch of %d bytes: %v", cfg, batch.Size(), batch)
			}
		}
	})
}

func BenchmarkBatch(b *testing.B) {
	for _, n := range []int{16, 512} {
		for _, wait := range []time.Duration{0, time.Second} {
			b.Run(fmt.Sprintf("maxItems=%d/maxWait=%v", n, wait), func(b *testing.B) {
				p := pipeline.New(pipeline.Config{})
				flow := pipeline.From(p, source.Seq(func(yield func(int) bool) {
					for b.Loop() {
						if !yield(1) {
							return
						}
					}
				}))
				pipeline.To(pipeline.Via(flow, stages.Batch[int](stages.BatchConfig{MaxItems: n, MaxWait: wait})), sink.Discard[pipeline.Batch[int]]())
				b.ReportAllocs()
				if err := p.Run(b.Context()); err != nil {
					b.Error(err)
				}
			})
		}
	}
}
