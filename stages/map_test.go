package stages_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/stages"
)

func TestOperatorsOnItems(t *testing.T) {
	odd := errors.New("odd")
	for _, test := range []struct {
		name   string
		stage  pipeline.Stage[int, int]
		want   string
		ledger pipeline.Ledger
	}{
		{"Filter", stages.Filter(func(i int) bool { return i%2 == 0 }), "[0 2 4]", pipeline.Ledger{Delivered: 3, Filtered: 2}},
		{"Retain", stages.Retain(func(i *int) bool { *i *= 2; return *i > 4 }), "[6 8]", pipeline.Ledger{Delivered: 2, Filtered: 3}},
		{"Map", stages.Map(func(i int) int { return -i }), "[0 -1 -2 -3 -4]", pipeline.Ledger{Delivered: 5}},
		{"Apply", stages.Apply(func(i *int) { *i++ }), "[1 2 3 4 5]", pipeline.Ledger{Delivered: 5}},
		{"Tap", stages.Tap(func(int) {}), "[0 1 2 3 4]", pipeline.Ledger{Delivered: 5}},
		{"TryMap", stages.TryMap(func(_ context.Context, i int) (int, error) {
			if i%2 == 1 {
				return 0, odd
			}
			return i, nil
		}), "[0 2 4]", pipeline.Ledger{Delivered: 3, Failed: 2}},
		{"FlatMap", stages.FlatMap(func(i int, emit func(int)) {
			for range i {
				emit(i)
			}
		}), "[1 2 2 3 3 3 4 4 4 4]", pipeline.Ledger{Made: 6, Delivered: 10, Filtered: 1}},
		{"a panic", stages.Tap(func(i int) {
			if i == 2 {
				panic("two")
			}
		}), "[0 1 3 4]", pipeline.Ledger{Delivered: 4, Failed: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := through(t, test.stage, upTo(5))
			test.ledger.Accepted = 5
			if got := fmt.Sprint(o.got); got != test.want || o.ledger != test.ledger {
				t.Errorf("made %v, ledger %+v, want %v, %+v", got, o.ledger, test.want, test.ledger)
			}
			if (o.err != nil) != (test.ledger.Failed > 0) {
				t.Errorf("Run returned %v", o.err)
			}
		})
	}
}

func TestOperatorsWithoutAFunction(t *testing.T) {
	wrong(t, stages.Filter[int](nil), "the function keep is nil")
	wrong(t, stages.Retain[int](nil), "the function keep is nil")
	wrong(t, stages.Map[int, int](nil), "the function f is nil")
	wrong(t, stages.TryMap[int, int](nil), "the function f is nil")
	wrong(t, stages.Apply[int](nil), "the function change is nil")
	wrong(t, stages.FlatMap[int, int](nil), "the function f is nil")
	wrong(t, stages.Tap[int](nil), "the function look is nil")
}
