package jobs

// J1 is source → map → filter → batch of 1000 → sink.
var J1 = &Job{Name: "J1", Items: 1_000_000, Base: "loop", plain: j1Loop}

func init() {
	J1.Register("loop", j1Loop)
	J1.Register("loop-funcs", func(n int) Result { return j1Funcs(n, NewItem, Scale, Even, (*Result).AddBatch) })
	for _, depth := range depths {
		J1.Register(chanName(depth), func(n int) Result { return j1Chan(n, depth) })
	}
	J1.Register("chunk256", j1Chunk256)
	J1.Register("spsc", j1SPSC)
	J1.Register("chunk", j1Chunk)
	J1.Register("swap-link", j1SwapLink)
}

func j1Loop(n int) Result {
	var seen Result
	batch := make([]Item, 0, batchItems)
	for i := range n {
		item := NewItem(i)
		item.A = item.ID*3 + 1
		if item.ID%2 != 0 {
			continue
		}
		if batch = append(batch, item); len(batch) == batchItems {
			seen.AddBatch(batch)
			batch = batch[:0]
		}
	}
	seen.AddBatch(batch)
	return seen
}

// j1Funcs is not inlined, so that the functions it is given stay unknown to the compiler.
//
//go:noinline
func j1Funcs(n int, source func(int) Item, apply func(Item) Item, keep func(Item) bool, sink func(*Result, []Item)) Result {
	var seen Result
	batch := make([]Item, 0, batchItems)
	for i := range n {
		item := apply(source(i))
		if !keep(item) {
			continue
		}
		if batch = append(batch, item); len(batch) == batchItems {
			sink(&seen, batch)
			batch = batch[:0]
		}
	}
	sink(&seen, batch)
	return seen
}

func j1Chan(n, depth int) Result {
	items := make(chan Item, depth)
	go func() {
		defer close(items)
		for i := range n {
			items <- NewItem(i)
		}
	}()
	return tailChan(items, depth)
}

// tailChan is the chain of J1 and J4 behind their sources: map, filter, batch and sink, a goroutine each but for the
// sink, which is the caller.
func tailChan(items <-chan Item, depth int) Result {
	mapped, kept, batches := make(chan Item, depth), make(chan Item, depth), make(chan []Item, depth)
	go func() {
		defer close(mapped)
		for item := range items {
			item.A = item.ID*3 + 1
			mapped <- item
		}
	}()
	go func() {
		defer close(kept)
		for item := range mapped {
			if item.ID%2 == 0 {
				kept <- item
			}
		}
	}()
	go func() {
		defer close(batches)
		batch := make([]Item, 0, batchItems)
		for item := range kept {
			if batch = append(batch, item); len(batch) == batchItems {
				batches <- batch
				batch = make([]Item, 0, batchItems) // the sink owns the other one
			}
		}
		batches <- batch
	}()
	var seen Result
	for batch := range batches {
		seen.AddBatch(batch)
	}
	return seen
}
