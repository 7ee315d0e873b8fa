package jobs

import "sync"

// lanes is the number of lanes of J5.
const lanes = 4

// J5 is source → 4 lanes by key → map in each lane → merge → sink.
var J5 = &Job{Name: "J5", Items: 500_000, Base: "chan64", plain: j5Loop}

func init() {
	J5.Register("loop", j5Loop)
	for _, depth := range depths {
		J5.Register(chanName(depth), func(n int) Result { return j5Chan(n, depth) })
	}
	J5.Register("chunk", j5Chunk)
	J5.Register("swap-link", j5SwapLink)
}

func j5Loop(n int) Result {
	var seen [lanes]Result
	for i := range n {
		item := NewItem(i)
		lane := &seen[Lane(item)]
		item.A = item.ID*3 + 1
		lane.Add(item)
	}
	var merged Result
	for _, lane := range seen {
		merged.Items += lane.Items
		merged.Sum += lane.Sum
	}
	return merged
}

// j5Chan routes in the source's goroutine and merges in the channel that all lanes send to.
func j5Chan(n, depth int) Result {
	var in [lanes]chan Item
	merged := make(chan Item, depth)
	var group sync.WaitGroup
	for lane := range lanes {
		in[lane] = make(chan Item, depth)
		group.Go(func() {
			for item := range in[lane] {
				item.A = item.ID*3 + 1
				merged <- item
			}
		})
	}
	go func() {
		for i := range n {
			item := NewItem(i)
			in[Lane(item)] <- item
		}
		for lane := range lanes {
			close(in[lane])
		}
		group.Wait()
		close(merged)
	}()
	var seen Result
	for item := range merged {
		seen.Add(item)
	}
	return seen
}
