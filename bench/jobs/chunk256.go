package jobs

const (
	chunkItems = 256 // in a vector
	chunkDepth = 4   // of a channel, in vectors
)

// makeChunks is the source of chunk256: full vectors but for the last one, each of them new.
func makeChunks(n int) <-chan []Item {
	out := make(chan []Item, chunkDepth)
	go func() {
		defer close(out)
		for from := 0; from < n; from += chunkItems {
			vector := make([]Item, 0, chunkItems)
			for i := from; i < min(from+chunkItems, n); i++ {
				vector = append(vector, NewItem(i))
			}
			out <- vector
		}
	}()
	return out
}

// editChunks is a stage of chunk256: edit returns what is left of the vector it is given, which may be the vector.
func editChunks(in <-chan []Item, edit func([]Item) []Item) <-chan []Item {
	out := make(chan []Item, chunkDepth)
	go func() {
		defer close(out)
		for vector := range in {
			out <- edit(vector)
		}
	}()
	return out
}

func scaleAll(vector []Item) []Item {
	for i := range vector {
		vector[i].A = vector[i].ID*3 + 1
	}
	return vector
}

func keepEven(vector []Item) []Item {
	kept := vector[:0]
	for i := range vector {
		if vector[i].ID%2 == 0 {
			kept = append(kept, vector[i])
		}
	}
	return kept
}

func incrementAll(vector []Item) []Item {
	for i := range vector {
		vector[i].A++
	}
	return vector
}

func j1Chunk256(n int) Result {
	kept := editChunks(editChunks(makeChunks(n), scaleAll), keepEven)
	batches := make(chan []Item, chunkDepth)
	go func() {
		defer close(batches)
		batch := make([]Item, 0, batchItems)
		for vector := range kept {
			for _, item := range vector {
				if batch = append(batch, item); len(batch) == batchItems {
					batches <- batch
					batch = make([]Item, 0, batchItems) // the sink owns the other one
				}
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

func j2Chunk256(n int) Result {
	vectors := makeChunks(n)
	for range increments {
		vectors = editChunks(vectors, incrementAll)
	}
	var seen Result
	for vector := range vectors {
		seen.AddBatch(vector)
	}
	return seen
}
