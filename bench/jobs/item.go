package jobs

// Item is what flows: 64 bytes, passed by value.
type Item struct {
	ID               uint64 // position in the input, from 0
	Key              uint64 // ID spread over 64 bits; its top two choose the lane in J5
	A, B, C, D, E, F uint64
}

// batchItems is the size of a batch in J1 and J4, in items.
const batchItems = 1000

// workRounds of xorshift take about 0.8 µs on the machine where the jobs were defined.
const workRounds = 400

// NewItem makes the i-th item. It is not inlined, so that no implementation gets the source for free.
//
//go:noinline
func NewItem(i int) Item {
	id := uint64(i)
	return Item{ID: id, Key: id * 0x9E3779B97F4A7C15, A: id, B: id, C: id, D: id, E: id, F: id}
}

// Scale is the map of J1, J4 and J5.
func Scale(item Item) Item {
	item.A = item.ID*3 + 1
	return item
}

// Even is the filter of J1 and J4: half of the items stay.
func Even(item Item) bool { return item.ID%2 == 0 }

// Increment is each of the ten stages of J2 and the five of Idle.
func Increment(item Item) Item {
	item.A++
	return item
}

// Work is the stage of J3: 400 xorshift rounds over Key, left in A.
func Work(item Item) Item {
	x := item.Key
	for range workRounds {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	item.A = x
	return item
}

// Lane is the lane of an item in J5, 0 to 3.
func Lane(item Item) int { return int(item.Key >> 62) }

// ScaleInPlace is Scale for stages that change an item where it is.
func ScaleInPlace(item *Item) { item.A = item.ID*3 + 1 }

// IncrementInPlace is Increment for stages that change an item where it is.
func IncrementInPlace(item *Item) { item.A++ }
