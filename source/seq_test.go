package source_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
)

func TestSeqAndSlice(t *testing.T) {
	for name, from := range map[string]pipeline.Source[int]{
		"Seq":             source.Seq(slices.Values([]int{1, 2, 3})),
		"Seq of map keys": source.Seq(maps.Keys(map[int]bool{6: true})),
		"Slice":           source.Slice(1, 2, 3),
		"Slice of none":   source.Slice[int](),
	} {
		got, p, err := drained(t, from)
		want := map[string]string{"Seq": "[1 2 3]", "Slice": "[1 2 3]", "Seq of map keys": "[6]", "Slice of none": "[]"}[name]
		if err != nil || fmt.Sprint(got) != want || p.Ledger().Accepted != int64(len(got)) {
			t.Errorf("%s: got %v, want %v, error %v", name, got, want, err)
		}
	}
}

func TestSeqEndsWithTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := false
	endless := func(yield func(int) bool) {
		defer func() { ended = true }()
		for i := 0; yield(i); i++ {
			if i == 100 {
				cancel()
			}
		}
	}
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Seq(endless)), sink.Discard[int](), pipeline.Async())
	if err := p.Run(ctx); err != nil || !ended {
		t.Errorf("Run returned %v, the sequence has ended: %v", err, ended)
	}
	if l := p.Ledger(); l.Refused != 1 || l.Delivered < 100 {
		t.Errorf("ledger %+v, want the item that came too late to be refused", l)
	}
	pipelinetest.CheckLedger(t, p)
}

func TestSliceEndsWithTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Slice(make([]int, 1_000_000)...)), sink.Discard[int]())
	if err := p.Run(ctx); err != nil {
		t.Errorf("Run returned %v", err)
	}
	pipelinetest.CheckLedger(t, p)
}

func TestSeqThatPanics(t *testing.T) {
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Seq(func(yield func(int) bool) {
		yield(1)
		panic("no more")
	})), sink.Discard[int]())
	var panicked *pipeline.PanicError
	if err := p.Run(t.Context()); !errors.As(err, &panicked) || panicked.Stage != "sequence" {
		t.Errorf("Run returned %v, want a PanicError of stage sequence", err)
	}
	if l := p.Ledger(); l.Delivered != 1 {
		t.Errorf("ledger %+v", l)
	}
	pipelinetest.CheckLedger(t, p)
}

func TestPullEnds(t *testing.T) {
	broken := errors.New("the disk is broken")
	for _, test := range []struct {
		end, want error
	}{{io.EOF, nil}, {broken, broken}, {pipeline.ErrClosed, nil}} {
		n := 0
		got, _, err := drained(t, source.Pull(func(_ context.Context, item *int) error {
			if *item = n; n == 3 {
				return test.end
			}
			n++
			return nil
		}))
		if fmt.Sprint(got) != "[0 1 2]" || !errors.Is(err, test.want) {
			t.Errorf("Pull that ends with %v: got %v, error %v", test.end, got, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.From(p, source.Pull(func(ctx context.Context, _ *int) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	})), sink.Discard[int]())
	if err := p.Run(ctx); err != nil || p.Ledger().Accepted != 0 {
		t.Errorf("Pull that waits for the end of the run: error %v, ledger %+v", err, p.Ledger())
	}
	pipelinetest.CheckLedger(t, p)
}
