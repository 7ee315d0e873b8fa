package jobs

import "sync"

// workers is the number of goroutines of J3's middle stage.
const workers = 4

// J3u and J3o are source → 4 workers → sink, unordered and in input order.
var (
	J3u = &Job{Name: "J3u", Items: 100_000, Base: "split", plain: j3Loop}
	J3o = &Job{Name: "J3o", Items: 100_000, Base: "chan64", plain: j3OrderedLoop}
)

func init() {
	J3u.Register("loop", j3Loop)
	J3u.Register("split", j3Split)
	J3o.Register("loop", j3OrderedLoop)
	for _, depth := range depths {
		J3u.Register(chanName(depth), func(n int) Result { return j3Chan(n, depth) })
		J3o.Register(chanName(depth), func(n int) Result { return j3OrderedChan(n, depth) })
	}
	J3o.Register("chan64-turns", func(n int) Result { return j3Turns(n, 64) })
}

func j3Loop(n int) Result {
	var seen Result
	for i := range n {
		seen.Add(Work(NewItem(i)))
	}
	return seen
}

func j3OrderedLoop(n int) Result {
	var seen Result
	for i := range n {
		seen.AddInOrder(Work(NewItem(i)))
	}
	return seen
}

// j3Split does each half on its own, with no hand-off: the floor for two cores.
func j3Split(n int) Result {
	var halves [2]Result
	var group sync.WaitGroup
	for half, from, to := 0, 0, n/2; half < 2; half, from, to = half+1, n/2, n {
		group.Go(func() {
			var seen Result // on this goroutine's stack: the two share no cache line
			for i := from; i < to; i++ {
				seen.Add(Work(NewItem(i)))
			}
			halves[half] = seen
		})
	}
	group.Wait()
	return Result{Items: halves[0].Items + halves[1].Items, Sum: halves[0].Sum + halves[1].Sum}
}

func j3Chan(n, depth int) Result {
	var seen Result
	for item := range workedChan(n, depth) {
		seen.Add(item)
	}
	return seen
}

// workedChan is the source and the workers of J3 and gives their results as they come.
func workedChan(n, depth int) <-chan Item {
	items, worked := make(chan Item, depth), make(chan Item, depth)
	go func() {
		defer close(items)
		for i := range n {
			items <- NewItem(i)
		}
	}()
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for item := range items {
				worked <- Work(item)
			}
		})
	}
	go func() {
		group.Wait()
		close(worked)
	}()
	return worked
}

// j3OrderedChan has one more stage than j3Chan, which holds back what came too early.
func j3OrderedChan(n, depth int) Result {
	ordered := make(chan Item, depth)
	go func() {
		defer close(ordered)
		early := map[uint64]Item{}
		var next uint64
		for item := range workedChan(n, depth) {
			early[item.ID] = item
			for ready, ok := early[next]; ok; ready, ok = early[next] {
				delete(early, next)
				ordered <- ready
				next++
			}
		}
	}()
	var seen Result
	for item := range ordered {
		seen.AddInOrder(item)
	}
	return seen
}

// j3Turns gives each worker a channel in and a channel out, and source and sink visit them in turn. It needs no buffer to
// restore the order, but one slow item stalls everyone: good when all items take the same time, as here.
func j3Turns(n, depth int) Result {
	var in, out [workers]chan Item
	for w := range workers {
		in[w], out[w] = make(chan Item, depth), make(chan Item, depth)
		go func() {
			defer close(out[w])
			for item := range in[w] {
				out[w] <- Work(item)
			}
		}()
	}
	go func() {
		for i := range n {
			in[i%workers] <- NewItem(i)
		}
		for w := range workers {
			close(in[w])
		}
	}()
	var seen Result
	for i := 0; ; i++ {
		item, ok := <-out[i%workers]
		if !ok {
			return seen
		}
		seen.AddInOrder(item)
	}
}
