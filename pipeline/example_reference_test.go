package pipeline_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/stages"
)

// fields is a source of the words of a text.
func fields(text string) pipeline.Source[string] {
	return pipeline.SourceFunc[string](func(_ context.Context, out *pipeline.Outlet[string]) error {
		for word := range strings.FieldsSeq(text) {
			if err := out.Send(word); err != nil {
				return err
			}
		}
		return nil
	})
}

// refuse is a stage that fails the item bad.
func refuse(bad int) pipeline.Stage[int, int] {
	return pipeline.Fuse(func(in *pipeline.In[int], out *pipeline.Out[int]) func(*int) {
		return func(item *int) {
			if *item == bad {
				in.Failed(item, fmt.Errorf("%d is refused", bad))
				return
			}
			out.Push(item)
		}
	}).Named("refuse")
}

// discarded is a sink that is done with all it gets.
func discarded[T any]() pipeline.Sink[T] {
	return pipeline.FuseSink(func(in *pipeline.In[T]) func(*T) { return in.Delivered })
}

// A sub-pipeline is a plain function from one flow to another, and may be used in several places.
func ExampleFlow() {
	tidy := func(words pipeline.Flow[string]) pipeline.Flow[string] {
		trimmed := pipeline.Via(words, pipeline.Operator(func(word string, emit func(string)) {
			emit(strings.Trim(word, ".,"))
		}))
		return pipeline.Via(trimmed, pipeline.Operator(func(word string, emit func(string)) {
			emit(strings.ToLower(word))
		}))
	}
	p := pipeline.New(pipeline.Config{})
	pipeline.To(tidy(pipeline.From(p, fields("Plan, search. Answer."))), printed[string]())
	run(p)
	// Output:
	// plan
	// search
	// answer
}

// A function that builds stages takes options for whoever uses it, and adds its own before them:
// the last one given counts.
func ExampleOption() {
	square := func(f pipeline.Flow[int], opts ...pipeline.Option) pipeline.Flow[int] {
		stage := pipeline.Operator(func(n int, emit func(int)) { emit(n * n) })
		return pipeline.Via(f, stage, append([]pipeline.Option{pipeline.Name("square")}, opts...)...)
	}
	p := pipeline.New(pipeline.Config{})
	squares := square(pipeline.From(p, numbers(2)))
	pipeline.To(square(squares, pipeline.Name("again"), pipeline.Queue(8)), printed[int]())
	run(p)
	for _, s := range p.Stats().Stages {
		fmt.Println(s.Name, s.Fused)
	}
	// Output:
	// 1
	// 16
	// source false
	// square true
	// again false
	// sink true
}

// What becomes of dead letters is counted in a ledger of its own; the run has lost them all the same.
func ExampleDeadLetters() {
	p := pipeline.New(pipeline.Config{})
	letters := pipeline.NewDeadLetters[int](p)
	kept := pipeline.Via(pipeline.From(p, numbers(3)), refuse(2), pipeline.OnError(pipeline.ToDeadLetters(letters)))
	pipeline.To(kept, discarded[int]())
	pipeline.To(letters.Flow(), printed[pipeline.DeadLetter[int]]())

	err := p.Run(context.Background())
	fmt.Println(errors.As(err, new(*pipeline.LossError)), p.Ledger().Failed, "failed")
	fmt.Println(p.Stats().DeadLetters.Delivered, "dead letter delivered")
	// Output:
	// {2 refuse 2 is refused}
	// true 1 failed
	// 1 dead letter delivered
}

// The law of the ledger: what came in is in exactly one column.
func ExampleLedger() {
	p := pipeline.New(pipeline.Config{})
	evenTwice := pipeline.Operator(func(n int, emit func(int)) {
		if n%2 == 0 {
			emit(n)
			emit(n)
		}
	})
	pipeline.To(pipeline.Via(pipeline.Via(pipeline.From(p, numbers(4)), refuse(3)), evenTwice), discarded[int]())
	run(p)

	l := p.Ledger()
	fmt.Println("in: ", l.Accepted, "accepted +", l.Made, "made")
	fmt.Println("out:", l.Delivered, "delivered +", l.Filtered, "filtered +", l.Failed, "failed")
	fmt.Println("difference:", l.Balance(), "lost:", l.Lost())
	// Output:
	// pipeline: lost 1 of 6 items; refuse: 1 failed: error (3 is refused)
	// in:  4 accepted + 2 made
	// out: 4 delivered + 1 filtered + 1 failed
	// difference: 0 lost: 1
}

// A LossError has one Loss for each stage, column and reason: what a program looks at, or alarms on.
func ExampleLoss() {
	p := pipeline.New(pipeline.Config{})
	once := pipeline.Via(pipeline.From(p, numbers(5)), refuse(2))
	picky := pipeline.Operator(func(n int, emit func(int)) {
		if n > 3 {
			panic(fmt.Sprintf("%d is too large", n))
		}
		emit(n)
	})
	pipeline.To(pipeline.Via(once, picky, pipeline.Name("picky")), discarded[int]())

	var lost *pipeline.LossError
	if err := p.Run(context.Background()); errors.As(err, &lost) {
		worst := slices.MaxFunc(lost.Losses, func(a, b pipeline.Loss) int { return cmp.Compare(a.Items, b.Items) })
		fmt.Println(worst.Stage, worst.Column, worst.Reason, worst.Items)
		fmt.Println(errors.As(worst.Err, new(*pipeline.PanicError)))
	}
	// Output:
	// picky failed stage_panic 2
	// true
}

// The overflow policy says what a full entry does with one item more.
func ExampleOverflow() {
	for _, overflow := range []pipeline.Overflow{pipeline.Block, pipeline.DropNewest, pipeline.DropOldest} {
		entry := pipeline.NewEntry[string](pipeline.EntryConfig{Queue: 2, Overflow: overflow})
		p := pipeline.New(pipeline.Config{})
		texts := pipeline.From(p, inbox{entry})
		for _, text := range []string{"first", "second", "third"} {
			if err := entry.TryPush(text); err != nil { // Push would wait
				fmt.Println(overflow, "refused", text, errors.Is(err, pipeline.ErrFull))
			}
		}
		entry.Close()
		fmt.Println(overflow, "kept", slices.Collect(pipeline.Collect(context.Background(), texts)), p.Ledger().Dropped, "dropped")
	}
	// Output:
	// block refused third true
	// block kept [first second] 0 dropped
	// drop-newest kept [first second] 1 dropped
	// drop-oldest kept [second third] 1 dropped
}

// The same item fails under two policies: one goes on without it, the other ends the run. Both count
// it as failed.
func ExamplePolicy() {
	for _, policy := range []pipeline.Policy{pipeline.Skip, pipeline.FailRun} {
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.Via(pipeline.From(p, numbers(3)), refuse(2), pipeline.OnError(policy)), discarded[int]())
		err := p.Run(context.Background())
		fmt.Println(p.Ledger().Failed, "failed; the run too:", errors.As(err, new(*pipeline.StageError)))
	}
	// Output:
	// 1 failed; the run too: false
	// 1 failed; the run too: true
}

// A StageError says where the error came up that ended the run. It wraps the stage's own.
func ExampleStageError() {
	errDisk := errors.New("disk full")
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, numbers(3)), pipeline.SinkActor(func(context.Context, *pipeline.Inlet[int]) error {
		return errDisk
	}), pipeline.Name("store"))

	err := p.Run(context.Background())
	var failure *pipeline.StageError
	fmt.Println(errors.As(err, &failure), failure.Stage, errors.Is(err, errDisk))
	// Output:
	// true store true
}

// An actor that holds items and fails has lost them, though only it knew them: OnLoss gets their number.
func ExampleUnknown() {
	p := pipeline.New(pipeline.Config{OnLoss: func(stage, reason string, item any) {
		switch item := item.(type) {
		case pipeline.Unknown:
			fmt.Println(stage, reason, item.Items, "items")
		default:
			fmt.Println(stage, reason, item)
		}
	}})
	sum := func(_ context.Context, in *pipeline.Inlet[int], _ *pipeline.Outlet[int]) error {
		total := 0
		for item := range in.All() {
			total += item
		}
		return fmt.Errorf("%d is too much", total)
	}
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(3)), pipeline.Actor(sum), pipeline.Name("sum")), discarded[int]())
	fmt.Println(errors.As(p.Run(context.Background()), new(*pipeline.StageError)))
	// Output:
	// sum error 3 items
	// true
}

// Stats has the account of each stage, in the order in which the graph was built.
func ExampleStats() {
	p := pipeline.New(pipeline.Config{Name: "words"})
	long := pipeline.Operator(func(word string, emit func(string)) {
		if len(word) > 4 {
			emit(word)
		}
	})
	words := pipeline.From(p, fields("plan the search then answer"), pipeline.Name("read"))
	pipeline.To(pipeline.Via(words, long, pipeline.Name("long")), discarded[string](), pipeline.Name("write"))
	run(p)

	report := func(s pipeline.Stats) {
		for _, stage := range s.Stages {
			fmt.Printf("%s %-6s %-5s %d in, %d out, %d filtered, %d delivered\n",
				s.Name, stage.Kind, stage.Name, stage.In, stage.Out, stage.Filtered, stage.Delivered)
		}
	}
	report(p.Stats())
	// Output:
	// words source read  5 in, 5 out, 0 filtered, 0 delivered
	// words stage  long  5 in, 2 out, 3 filtered, 0 delivered
	// words sink   write 2 in, 0 out, 0 filtered, 2 delivered
}

// What a stage holds, and what waits before it, is counted apart.
func ExampleStageStats() {
	entered, release := make(chan struct{}, 9), make(chan struct{})
	slow := pipeline.Operator(func(n int, emit func(int)) {
		entered <- struct{}{}
		<-release
		emit(n)
	})
	p := pipeline.New(pipeline.Config{})
	slowed := pipeline.Via(pipeline.From(p, numbers(9)), slow, pipeline.Queue(4), pipeline.Name("slow"))
	pipeline.To(slowed, discarded[int](), pipeline.Async())
	done := make(chan error)
	go func() { done <- p.Run(context.Background()) }()

	<-entered
	account := func() pipeline.StageStats { return p.Stats().Stage("slow") }
	for account().Queued < 4 {
		time.Sleep(time.Millisecond)
	}
	fmt.Println(account().Held, "in hand,", account().Queued, "wait")
	close(release)
	fmt.Println(<-done, account().Out, "through")
	// Output:
	// 1 in hand, 4 wait
	// <nil> 9 through
}

// Two pictures tell what limits a pipeline between them. The beginning of the run is the first one here.
func ExampleBottleneck() {
	release := make(chan struct{})
	stalled := sink.Func(func(context.Context, int) error {
		<-release
		return nil
	})
	p := pipeline.New(pipeline.Config{})
	half := stages.Filter(func(n int) bool { return n%2 == 0 })
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(99), pipeline.Name("count")), half), stalled, pipeline.Queue(4), pipeline.Name("store"))
	done := make(chan error)
	go func() { done <- p.Run(context.Background()) }()

	var b pipeline.Bottleneck
	for b.Limit != pipeline.LimitStage || len(b.Blocked) == 0 || b.Waiting < 4 {
		time.Sleep(time.Millisecond)
		b = p.Stats().Bottleneck(pipeline.Stats{})
	}
	b.Over = time.Second // so that the output is the same each time
	fmt.Println(b)
	close(release)
	tell := func(err error, state pipeline.State, limit pipeline.Limit) { fmt.Println(err, state, limit) }
	tell(<-done, p.Stats().State, p.Stats().Bottleneck(pipeline.Stats{}).Limit)
	// Output:
	// stage "store" is the bottleneck: "count" waits for it, 4 items wait before it, it has finished none in 1s
	// <nil> ended none
}

// Quantiles tell what the mean hides: most batches are full here, and one is not.
func ExampleQuantiles() {
	fours := pipeline.Fuse(func(in *pipeline.In[int], out *pipeline.Out[pipeline.Batch[int]]) func(*int) {
		held := new(pipeline.Batch[int])
		push := func() {
			if len(*held) > 0 {
				out.Push(held)
				*held = nil
			}
		}
		in.OnMark(push)
		return func(item *int) {
			*held = append(*held, *item)
			in.Hold(item)
			if len(*held) == 4 {
				push()
			}
		}
	})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(42)), fours, pipeline.Name("fours")), discarded[pipeline.Batch[int]]())
	run(p)

	sizes := p.Stats().Stage("fours").Batch
	fmt.Println(sizes.Count, "batches, half of them of at least", sizes.P50, "items, the largest of", sizes.Max)
	// Output:
	// 11 batches, half of them of at least 4 items, the largest of 4
}

// A stage that does not look at its context cannot be stopped. Run gives up on it after Config.Grace
// and names it.
func ExampleStuckError() {
	ctx, end := context.WithCancel(context.Background())
	release, over := make(chan struct{}), make(chan struct{})
	deaf := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
		defer close(over)
		for item := range in.All() {
			end()     // the run is to end now,
			<-release // but this takes a while
			in.Delivered(item)
		}
		return in.Err()
	})
	p := pipeline.New(pipeline.Config{DrainTimeout: time.Millisecond, Grace: time.Millisecond})
	one := pipeline.SourceFunc[int](func(ctx context.Context, out *pipeline.Outlet[int]) error {
		defer func() { <-ctx.Done() }() // the drain, and with it its millisecond, begins when deaf is busy
		return out.Send(1)
	})
	pipeline.To(pipeline.From(p, one), deaf, pipeline.Name("deaf"))

	err := p.Run(ctx)
	var stuck *pipeline.StuckError
	fmt.Println(errors.As(err, &stuck), slices.Contains(stuck.Stages, "deaf"))
	close(release)
	<-over
	// Output:
	// true true
}

// countdown keeps its place outside of Feed, so that Feed may be called again.
type countdown struct{ left int }

// Resume says that it does.
func (c *countdown) Resume() {}

// Feed counts before it sends: if Send does not return, the item is accounted for.
func (c *countdown) Feed(_ context.Context, out *pipeline.Outlet[int]) error {
	for c.left > 0 {
		item := c.left
		c.left--
		if err := out.Send(item); err != nil {
			return err
		}
	}
	return nil
}

var _ pipeline.Resumable = (*countdown)(nil)

// An operator may end the goroutine that it shares with the source: runtime.Goexit is what t.FailNow
// calls. A source that is Resumable goes on with a new one, and only the item is lost.
func ExampleResumable() {
	exits := pipeline.Operator(func(n int, emit func(int)) {
		if n == 2 {
			runtime.Goexit()
		}
		emit(n)
	})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, &countdown{left: 3}), exits, pipeline.Name("exits")), printed[int]())
	run(p)
	// Output:
	// 3
	// 1
	// pipeline: stage "exits" called runtime.Goexit
	// pipeline: lost 1 of 3 items; exits: 1 failed: stage_panic (pipeline: stage "exits" called runtime.Goexit)
}

// A stage that knows its items to be only lent makes each of them in the same memory.
func ExampleStage_Borrowing() {
	fresh := 0
	report := pipeline.Fuse(func(_ *pipeline.In[int], out *pipeline.Out[[]byte]) func(*int) {
		var buf []byte
		return func(n *int) {
			if !out.Lent() || buf == nil {
				buf = make([]byte, 0, 64) // the last one belongs to somebody else now
				fresh++
			}
			buf = fmt.Appendf(buf[:0], "item %d", *n)
			out.Push(&buf)
		}
	})
	look := pipeline.FuseSink(func(in *pipeline.In[[]byte]) func(*[]byte) {
		return func(line *[]byte) {
			fmt.Printf("%s\n", *line)
			in.Delivered(line)
		}
	})
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, numbers(3)), report), look.Borrowing())
	run(p)
	fmt.Println("buffers:", fresh)
	// Output:
	// item 1
	// item 2
	// item 3
	// buffers: 1
}
