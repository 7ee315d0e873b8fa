package hub

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/tailrace-go/tailrace/server/store"
)

func changes(n int) []store.Change { return make([]store.Change, n) }

func TestSlowReaderIsResetAndGoesOn(t *testing.T) {
	h := New(100)
	s := h.Subscribe(0, "")
	for range 3 {
		h.Commit(changes(store.RingSize / 2))
	}
	e, err := s.Next(context.Background())
	if err != nil || !e.Reset || e.Commit != 103 {
		t.Errorf("event %+v, %v; want a reset to 103", e, err)
	}
	h.Commit(changes(1))
	if e, err := s.Next(context.Background()); err != nil || e.Reset || e.Commit != 104 {
		t.Errorf("event %+v, %v; want 104", e, err)
	}
	if len(h.events) > 3 {
		t.Errorf("%d commits are kept", len(h.events))
	}
}

func TestOneHugeCommitIsKept(t *testing.T) {
	h := New(0)
	s := h.Subscribe(0, "")
	h.Commit(changes(1))
	h.Commit(changes(3 * store.RingSize))
	s2 := h.Subscribe(1, "")
	if e, err := s.Next(context.Background()); err != nil || !e.Reset {
		t.Errorf("event %+v, %v; want a reset", e, err)
	}
	if e, err := s2.Next(context.Background()); err != nil || len(e.Traces) != 3*store.RingSize {
		t.Errorf("event of %d changes, %v", len(e.Traces), err)
	}
}

func TestNextWaitsAndEndsWithTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(7)
		s := h.Subscribe(0, "")
		got := make(chan error)
		next := func() {
			_, err := s.Next(t.Context())
			got <- err
		}
		go next()
		synctest.Wait()
		select {
		case err := <-got:
			t.Fatalf("Next returned before a commit: %v", err)
		default:
		}
		h.Commit(changes(1))
		if err := <-got; err != nil {
			t.Errorf("after a commit: %v", err)
		}
		go next()
		synctest.Wait()
		h.Close()
		if err := <-got; !errors.Is(err, store.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	})
}

func TestCommitFromTheFutureIsReset(t *testing.T) {
	h := New(5)
	if e, err := h.Subscribe(9, "").Next(context.Background()); err != nil || !e.Reset {
		t.Errorf("event %+v, %v; want a reset", e, err)
	}
}
