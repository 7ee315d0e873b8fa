package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func seq(n int) Source[int] {
	return SourceFunc[int](func(ctx context.Context, out *Outlet[int]) error {
		for i := range n {
			if err := out.Send(i); err != nil {
				return err
			}
		}
		return nil
	})
}

func filter[T any](keep func(T) bool) Stage[T, T] {
	return Fuse(func(in *In[T], out *Out[T]) func(*T) {
		return func(p *T) {
			if keep(*p) {
				out.Push(p)
			} else {
				in.Filtered(p)
			}
		}
	})
}

func mapTo[A, B any](f func(A) B) Stage[A, B] {
	return Fuse(func(in *In[A], out *Out[B]) func(*A) {
		b := new(B)
		return func(p *A) { *b = f(*p); out.Push(b) }
	})
}

func batchOf[T any](n int) Stage[T, Batch[T]] {
	return Fuse(func(in *In[T], out *Out[Batch[T]]) func(*T) {
		var b Batch[T]
		flush := func() {
			if len(b) > 0 {
				full := b
				b = nil
				out.Push(&full)
			}
		}
		in.OnMark(flush)
		return func(p *T) {
			b = append(b, *p)
			in.Hold(p)
			if len(b) == n {
				flush()
			}
		}
	})
}

func into[T any](got *[]T) Sink[T] {
	return FuseSink(func(in *In[T]) func(*T) {
		return func(p *T) { *got = append(*got, *p); in.Delivered(p) }
	})
}

func check(t *testing.T, p *Pipeline) {
	t.Helper()
	l := p.Ledger()
	if l.Balance() != 0 || l.InFlight != 0 {
		t.Errorf("ledger %+v balance %d\n%v", l, l.Balance(), p.Stats())
	}
	for _, s := range p.Stats().Losses {
		if s.Reason == ReasonUndeclared {
			t.Errorf("undeclared: %v", s)
		}
	}
}

func TestSmokeFused(t *testing.T) {
	p := New(Config{})
	var got []Batch[int]
	f := From(p, seq(1000))
	f = Via(f, mapTo(func(i int) int { return i * 3 }))
	f = Via(f, filter(func(i int) bool { return i%2 == 0 }))
	To(Via(f, batchOf[int](100)), into(&got))
	if err := p.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	check(t, p)
	if n := len(slices.Concat(got...)); n != 500 {
		t.Fatal(n)
	}
}

func TestSmokeGraphs(t *testing.T) {
	for _, variant := range []string{"async", "workers", "ordered", "fork", "partition", "actor", "chanactor"} {
		for n := range 40 {
			n *= 37
			t.Run(fmt.Sprint(variant, n), func(t *testing.T) {
				p := New(Config{})
				var got []int
				f := From(p, seq(n))
				want := n
				double := mapTo(func(i int) int { return i * 2 })
				switch variant {
				case "async":
					f = Via(Via(f, double, Async()), double, Async())
				case "workers":
					f = Via(f, double, Workers(4))
				case "ordered":
					f = Via(f, double, Workers(4), Ordered())
				case "fork":
					b := Fork(f, 3)
					f = Merge(Via(b[0], double), b[1], Via(b[2], double, Workers(2)))
					want = 3 * n
				case "partition":
					b := Partition(f, 3, func(i int) int { return i })
					f = Merge(Via(b[0], double), b[1], b[2])
				case "actor":
					f = Via(f, Actor(func(ctx context.Context, in *Inlet[int], out *Outlet[int]) error {
						for i := range in.All() {
							if err := out.Send(i); err != nil {
								return err
							}
						}
						return in.Err()
					}))
				case "chanactor":
					f = Via(f, ChanActor(func(ctx context.Context, in <-chan int, out chan<- int) error {
						for i := range in {
							out <- i
						}
						return nil
					}))
				}
				To(f, into(&got))
				if err := p.Run(context.Background()); err != nil {
					t.Fatal(err)
				}
				check(t, p)
				if len(got) != want {
					t.Fatal(len(got), want)
				}
				if variant == "ordered" && !slices.IsSorted(got) {
					t.Fatal("not sorted")
				}
			})
		}
	}
}

func TestSmokePanicsAndFlush(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(Config{})
		e := NewEntry[int](EntryConfig{Queue: 10})
		var got []Batch[int]
		f := From(p, entrySource{e})
		f = Via(f, mapTo(func(i int) int {
			if i == 3 {
				panic("three")
			}
			return i
		}))
		f = Via(f, mapTo(func(i int) int {
			if i == 5 {
				panic("five")
			}
			return i
		}), Async())
		To(Via(f, batchOf[int](100)), into(&got))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		for i := range 8 {
			if err := e.Push(ctx, i); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if l := p.Ledger(); l.Balance() != 0 || l.InFlight != 6 || l.Failed != 2 {
			t.Fatal(l, p.Stats())
		}
		if err := p.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		if l := p.Ledger(); l.Balance() != 0 || l.InFlight != 0 || l.Delivered != 6 {
			t.Fatal(l, p.Stats())
		}
		e.Push(ctx, 9)
		time.Sleep(time.Second)
		cancel()
		err := <-done
		var pe *PanicError
		var le *LossError
		if !errors.As(err, &pe) || !errors.As(err, &le) || le.Ledger.Failed != 2 {
			t.Fatal(err)
		}
		check(t, p)
		if err := e.Push(context.Background(), 1); err != ErrClosed {
			t.Fatal(err)
		}
	})
}

type entrySource struct{ e *Entry[int] }

func (s entrySource) Entry() *Entry[int] { return s.e }
func (s entrySource) Feed(ctx context.Context, out *Outlet[int]) error {
	return out.Forward(s.e)
}
