package pipeline_test

import (
	"context"
	"errors"
	"expvar"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// numbers is a source of 1 to n.
func numbers(n int) pipeline.Source[int] {
	return pipeline.SourceFunc[int](func(ctx context.Context, out *pipeline.Outlet[int]) error {
		for i := range n {
			if err := out.Send(i + 1); err != nil {
				return err
			}
		}
		return nil
	})
}

// printed is a sink that prints each item.
func printed[T any]() pipeline.Sink[T] {
	return pipeline.FuseSink(func(in *pipeline.In[T]) func(*T) {
		return func(item *T) {
			fmt.Println(*item)
			in.Delivered(item)
		}
	})
}

// run runs p and prints what went wrong.
func run(p *pipeline.Pipeline) {
	if err := p.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
}

// A stage of your own is one function. Its local variables are its state.
func ExampleActor() {
	changes := func(ctx context.Context, in *pipeline.Inlet[string], out *pipeline.Outlet[string]) error {
		last := ""
		for item := range in.All() {
			if item == last {
				in.Filtered(item) // an actor says what became of what it does not send
				continue
			}
			last = item
			if err := out.Send(item); err != nil {
				return err
			}
		}
		return in.Err()
	}

	p := pipeline.New(pipeline.Config{})
	words := pipeline.From(p, pipeline.SourceFunc[string](func(ctx context.Context, out *pipeline.Outlet[string]) error {
		for _, word := range strings.Fields("plan plan search search search answer") {
			if err := out.Send(word); err != nil {
				return err
			}
		}
		return nil
	}))
	pipeline.To(pipeline.Via(words, pipeline.Actor(changes)), printed[string]())
	run(p)
	fmt.Println(p.Ledger().Filtered, "filtered")
	// Output:
	// plan
	// search
	// answer
	// 3 filtered
}

// An actor that holds items sends them when a mark meets it, which is also how a drain empties it,
// and can wait for an item or a time.
func ExampleInlet_OnMark() {
	pairs := func(_ context.Context, in *pipeline.Inlet[int], out *pipeline.Outlet[pipeline.Batch[int]]) error {
		var held pipeline.Batch[int]
		send := func() error {
			if len(held) == 0 {
				return nil
			}
			full := held
			held = nil // the receiver owns it now
			return out.Send(full)
		}
		in.OnMark(send)
		for {
			item, err := in.RecvUntil(time.Now().Add(time.Minute))
			switch {
			case errors.Is(err, pipeline.ErrDue):
				err = send()
			case errors.Is(err, io.EOF):
				return nil
			case err == nil:
				if held = append(held, item); len(held) == 2 {
					err = send()
				}
			}
			if err != nil {
				return err
			}
		}
	}

	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(5)), pipeline.Actor(pairs)), printed[pipeline.Batch[int]]())
	run(p)
	// Output:
	// [1 2]
	// [3 4]
	// [5]
}

func ExampleOperator() {
	repeat := pipeline.Operator(func(n int, emit func(string)) {
		for range n - 1 {
			emit(strings.Repeat("*", n))
		}
	})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(3)), repeat), printed[string]())
	run(p)
	l := p.Ledger()
	fmt.Println(l.Accepted, "accepted,", l.Made, "made,", l.Filtered, "filtered,", l.Delivered, "delivered")
	// Output:
	// **
	// ***
	// ***
	// 3 accepted, 1 made, 1 filtered, 3 delivered
}

// Fuse makes an operator that costs a call or two: it works on items where they lie.
func ExampleFuse() {
	square := pipeline.Fuse(func(_ *pipeline.In[int], out *pipeline.Out[int]) func(*int) {
		return func(item *int) {
			*item *= *item
			out.Push(item)
		}
	})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(3)), square.Named("square").InPlace()), printed[int]())
	run(p)
	fmt.Println(p.Stats().Stage("square").Out, "squares")
	// Output:
	// 1
	// 4
	// 9
	// 3 squares
}

// An operator that holds items says so, and pushes them when a mark meets it.
func ExampleIn_Hold() {
	sums := pipeline.Fuse(func(in *pipeline.In[int], out *pipeline.Out[pipeline.Batch[int]]) func(*int) {
		held := new(pipeline.Batch[int])
		in.OnMark(func() {
			if len(*held) > 0 {
				out.Push(held)
				*held = nil
			}
		})
		return func(item *int) {
			if *item > 3 {
				in.Stop() // it wants no more
				in.Filtered(item)
				return
			}
			*held = append(*held, *item)
			in.Hold(item)
		}
	})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(100)), sums), printed[pipeline.Batch[int]]())
	run(p)
	// Output:
	// [1 2 3]
}

// A sink may run helpers; it says what became of each item.
func ExampleSinkActor() {
	upload := func(ctx context.Context, in *pipeline.Inlet[int]) error {
		work := make(chan int)
		for range 2 {
			if err := pipeline.Go(ctx, "sender", func(context.Context) error {
				for item := range work {
					if item == 2 {
						in.Failed(item, pipeline.WithReason(pipeline.ReasonRejected, errors.New("no twos")))
						continue
					}
					in.Delivered(item)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		defer close(work)
		for item := range in.All() {
			select {
			case work <- item:
			case <-ctx.Done():
				in.Abandoned(item)
			}
		}
		return in.Err()
	}
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, numbers(3)), pipeline.SinkActor(upload).Named("upload"), pipeline.OnError(pipeline.Skip))
	err := p.Run(context.Background())
	var loss *pipeline.LossError
	if errors.As(err, &loss) {
		for _, l := range loss.Losses {
			fmt.Println(l)
		}
	}
	// Output:
	// upload: 1 failed: rejected (no twos)
}

// A stage that has a word of its own for what goes wrong leaves one that is there already.
func ExampleHasReason() {
	for _, err := range []error{errors.New("no JSON"), pipeline.WithReason("no_op", errors.New("never sampled"))} {
		if !pipeline.HasReason(err) {
			err = pipeline.WithReason(pipeline.ReasonEncode, err)
		}
		fmt.Println(err, pipeline.HasReason(err))
	}
	// Output:
	// no JSON true
	// never sampled true
}

// Workers share the items of a stage; Ordered keeps their order all the same.
func ExampleWorkers() {
	double := pipeline.Operator(func(n int, emit func(int)) { emit(2 * n) })
	p := pipeline.New(pipeline.Config{})
	doubled := pipeline.Via(pipeline.From(p, numbers(3)), double,
		pipeline.Workers(4), pipeline.Ordered(), pipeline.Queue(16), pipeline.Name("double"))
	pipeline.To(doubled, printed[int](), pipeline.Async())
	run(p)
	// Output:
	// 2
	// 4
	// 6
}

// Fork gives each branch every item, Partition each item to one, and Merge makes one flow of them.
func ExampleFork() {
	p := pipeline.New(pipeline.Config{})
	branches := pipeline.Fork(pipeline.From(p, numbers(4)), 2, pipeline.Clone(func(n int) int { return n }))
	lanes := pipeline.Partition(branches[0], 2, func(n int) int { return n })
	all := pipeline.Merge(lanes[0], lanes[1], branches[1])
	got := slices.Sorted(pipeline.Collect(context.Background(), all))
	fmt.Println(got, p.Err())
	fmt.Println(p.Ledger().Made, "made")
	// Output:
	// [1 1 2 2 3 3 4 4] <nil>
	// 4 made
}

// Flush sees everything through that was accepted before it, without stopping anything.
func ExamplePipeline_Flush() {
	entry := pipeline.NewEntry[string](pipeline.EntryConfig{Queue: 100, Overflow: pipeline.DropOldest})
	p := pipeline.New(pipeline.Config{DrainTimeout: time.Second})
	pipeline.To(pipeline.From(p, inbox{entry}), printed[string]())
	done := make(chan error)
	go func() { done <- p.Run(context.Background()) }()

	ctx := context.Background()
	if err := entry.Push(ctx, "first"); err != nil {
		fmt.Println(err)
	}
	if err := p.Flush(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println("flushed;", entry.Waiting(), "wait")
	if err := entry.TryPush("second"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(p.Shutdown(ctx), <-done)
	fmt.Println(entry.Push(ctx, "third"))
	// Output:
	// first
	// flushed; 0 wait
	// second
	// <nil> <nil>
	// pipeline: closed
}

// inbox is a source that others push items to: it shows the engine its entry, and forwards it.
type inbox struct{ entry *pipeline.Entry[string] }

func (b inbox) Entry() *pipeline.Entry[string] { return b.entry }

func (b inbox) Feed(_ context.Context, out *pipeline.Outlet[string]) error {
	return out.Forward(b.entry)
}

// Items that fail may be tried again, and handed to a flow of dead letters in the end.
func ExampleToDeadLetters() {
	p := pipeline.New(pipeline.Config{})
	letters := pipeline.NewDeadLetters[int](p)
	odd := pipeline.Fuse(func(in *pipeline.In[int], out *pipeline.Out[int]) func(*int) {
		return func(item *int) {
			if *item%2 == 0 {
				in.Failed(item, errors.New("even"))
				return
			}
			out.Push(item)
		}
	})
	retry := pipeline.Retry(pipeline.RetryConfig{Attempts: 1, Min: time.Millisecond, Then: pipeline.ToDeadLetters(letters)})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(2)), odd, pipeline.OnError(retry), pipeline.Name("odd")), printed[int]())
	pipeline.To(letters.Flow(), pipeline.FuseSink(func(in *pipeline.In[pipeline.DeadLetter[int]]) func(*pipeline.DeadLetter[int]) {
		return func(letter *pipeline.DeadLetter[int]) {
			fmt.Println("dead:", letter.Item, letter.Stage, letter.Err)
			in.Delivered(letter)
		}
	}))
	err := p.Run(context.Background())
	fmt.Println(err)
	// Unordered output:
	// 1
	// dead: 2 odd even
	// pipeline: lost 1 of 2 items; odd: 1 failed: retries_exhausted (even)
}

// A sink that keeps a connection returns an error when it breaks. Restart has it called again, and
// gives it the item that was not acknowledged; one that breaks each connection is given up.
func ExampleRestart() {
	p := pipeline.New(pipeline.Config{})
	letters := pipeline.NewDeadLetters[string](p)
	connections := 0
	connected := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[string]) error {
		connections++
		for line := range in.All() {
			if line == "bomb" || line == "b" && connections == 1 {
				return errors.New("connection reset")
			}
			fmt.Println("connection", connections, "took", line)
			in.Delivered(line)
		}
		return in.Err()
	}).Named("store")
	lines := pipeline.From(p, pipeline.SourceFunc[string](func(_ context.Context, out *pipeline.Outlet[string]) error {
		for _, line := range []string{"a", "b", "bomb", "c"} {
			if err := out.Send(line); err != nil {
				return err
			}
		}
		return nil
	}))
	pipeline.To(lines, connected, pipeline.OnError(pipeline.Restart(pipeline.RestartConfig{
		Min:   time.Millisecond,
		Tries: 2, // connections that one line may cost
		Item:  pipeline.ToDeadLetters(letters),
	})))
	pipeline.To(letters.Flow(), pipeline.FuseSink(func(in *pipeline.In[pipeline.DeadLetter[string]]) func(*pipeline.DeadLetter[string]) {
		return func(letter *pipeline.DeadLetter[string]) {
			fmt.Println("dead:", letter.Item)
			in.Delivered(letter)
		}
	}))
	fmt.Println(p.Run(context.Background()))
	fmt.Println(p.Stats().Stage("store").Restarts, "restarts, the last after:", p.Stats().Stage("store").LastError)
	// Unordered output:
	// connection 1 took a
	// connection 2 took b
	// dead: bomb
	// connection 4 took c
	// pipeline: lost 1 of 4 items; store: 1 failed: error (connection reset)
	// 3 restarts, the last after: connection reset
}

// OnLoss hands over what is lost, and a panic costs one item.
func ExampleConfig() {
	p := pipeline.New(pipeline.Config{
		Name:   "careful",
		OnLoss: func(stage, reason string, item any) { fmt.Println("lost:", stage, reason, item) },
	})
	fragile := pipeline.Operator(func(n int, emit func(int)) {
		if n == 2 {
			panic("two")
		}
		emit(n)
	})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(3)), fragile, pipeline.Name("fragile")), printed[int]())
	err := p.Run(context.Background())
	var failure *pipeline.PanicError
	fmt.Println(errors.As(err, &failure), failure.Stage, failure.Value)
	// Output:
	// 1
	// lost: fragile stage_panic 2
	// 3
	// true fragile two
}

// ChanActor is for those who want plain channels.
func ExampleChanActor() {
	add := pipeline.ChanActor(func(_ context.Context, in <-chan int, out chan<- int) error {
		sum := 0
		for n := range in {
			sum += n
			out <- sum
		}
		return nil
	})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(3)), add), printed[int]())
	run(p)
	// Output:
	// 1
	// 3
	// 6
}

// Pull is the cheapest source: the loop is the engine's, and items stay where they are.
func ExampleOutlet_Pull() {
	n := 0
	count := pipeline.SourceFunc[int](func(ctx context.Context, out *pipeline.Outlet[int]) error {
		return out.Pull(ctx, func(_ context.Context, item *int) error {
			if n++; n > 2 {
				return io.EOF
			}
			*item = n
			return nil
		})
	})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, count), printed[int]())
	run(p)
	// Output:
	// 1
	// 2
}

// A source that waits for something of its own lets marks pass, and ends, by Attend.
func ExampleOutlet_Attend() {
	lines := make(chan string, 2)
	lines <- "from a channel"
	close(lines)
	receive := pipeline.SourceFunc[string](func(ctx context.Context, out *pipeline.Outlet[string]) error {
		for {
			select {
			case line, open := <-lines:
				if !open {
					return nil
				}
				if err := out.SendAt(&line); err != nil {
					return err
				}
			case <-out.Attention():
				if err := out.Attend(); err != nil {
					return err
				}
			}
		}
	})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, receive), printed[string]())
	run(p)
	// Output:
	// from a channel
}

// Stats can be published with expvar.
func ExamplePipeline_Stats() {
	p := pipeline.New(pipeline.Config{Name: "numbers"})
	pipeline.To(pipeline.From(p, numbers(10), pipeline.Name("count")), printed[int]())
	expvar.Publish("numbers", expvar.Func(func() any { return p.Stats() }))
	s := p.Stats()
	fmt.Println(s.Name, s.Stage("count").Kind, s.Ledger.Balance(), s.Ledger.Lost())
	// Output:
	// numbers source 0 0
}

// What is wrong with a graph is said by Run, with the name of the stage.
func ExampleBadStage() {
	every := func(n int) pipeline.Stage[int, int] {
		if n < 1 {
			return pipeline.BadStage[int, int]("every", fmt.Errorf("n is %d", n))
		}
		return pipeline.Operator(func(i int, emit func(int)) {
			if i%n == 0 {
				emit(i)
			}
		})
	}
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(1)), every(0)), pipeline.BadSink[int]("store", errors.New("no disk")))
	run(p)
	// Output:
	// pipeline: configuration: stage "every": n is 0
	// pipeline: configuration: stage "store": no disk
}

// A byte budget bounds what is in flight; items say their size.
func ExampleErrTooLarge() {
	p := pipeline.New(pipeline.Config{MaxBytes: 100, MaxItemBytes: 10})
	texts := pipeline.From(p, pipeline.SourceFunc[text](func(_ context.Context, out *pipeline.Outlet[text]) error {
		if err := out.Send("short"); err != nil {
			return err
		}
		return out.Send(text(strings.Repeat("long ", 100)))
	}), pipeline.Name("texts"))
	pipeline.To(texts, printed[text](), pipeline.Reserve(50))
	run(p)
	// Output:
	// short
	// pipeline: stage "texts": pipeline: item larger than MaxBytes leaves room for: it has 500 bytes, Config.MaxBytes leaves 50
}

type text string

// Size tells the byte budget what to charge.
func (t text) Size() int { return len(t) }

// A body is cut between the parts of which it was made.
func ExampleBody() {
	b := &pipeline.Body{
		Data:  []byte("[1,22]"),
		Plain: []byte("[1,22]"),
		Parts: []pipeline.Part{{From: 1, To: 2}, {From: 3, To: 5}},
	}
	for _, part := range b.Parts {
		fmt.Printf("%s ", b.Plain[part.From:part.To])
	}
	fmt.Println(b.Items(), "items")
	b.OnFree(func(*pipeline.Body) { fmt.Println("free") })
	b.Free()
	// Output:
	// 1 22 2 items
	// free
}
