package jobs

// increments is the number of stages of J2.
const increments = 10

// J2 is source → ten stages → sink.
var J2 = &Job{Name: "J2", Items: 1_000_000, Base: "loop", plain: j2Loop}

func init() {
	byValue := make([]func(Item) Item, increments)
	inPlace := make([]func(*Item), increments)
	for i := range increments {
		byValue[i], inPlace[i] = Increment, IncrementInPlace
	}
	J2.Register("loop", j2Loop)
	J2.Register("loop-funcs", func(n int) Result { return j2Funcs(n, NewItem, byValue) })
	J2.Register("loop-funcs-inplace", func(n int) Result { return j2FuncsInPlace(n, NewItem, inPlace) })
	for _, depth := range depths {
		J2.Register(chanName(depth), func(n int) Result { return j2Chan(n, depth) })
	}
	J2.Register("chunk256", j2Chunk256)
	J2.Register("spsc", j2SPSC)
	J2.Register("chunk", j2Chunk)
	J2.Register("swap-link", j2SwapLink)
}

func j2Loop(n int) Result {
	var seen Result
	for i := range n {
		item := NewItem(i)
		item = Increment(item)
		item = Increment(item)
		item = Increment(item)
		item = Increment(item)
		item = Increment(item)
		item = Increment(item)
		item = Increment(item)
		item = Increment(item)
		item = Increment(item)
		item = Increment(item)
		seen.Add(item)
	}
	return seen
}

// j2Funcs is not inlined, so that the functions it is given stay unknown to the compiler.
//
//go:noinline
func j2Funcs(n int, source func(int) Item, stages []func(Item) Item) Result {
	var seen Result
	for i := range n {
		item := source(i)
		for _, apply := range stages {
			item = apply(item)
		}
		seen.Add(item)
	}
	return seen
}

// j2FuncsInPlace is j2Funcs for stages that change the item where it is.
//
//go:noinline
func j2FuncsInPlace(n int, source func(int) Item, stages []func(*Item)) Result {
	var seen Result
	var item Item
	for i := range n {
		item = source(i)
		for _, apply := range stages {
			apply(&item)
		}
		seen.Add(item)
	}
	return seen
}

func j2Chan(n, depth int) Result {
	first := make(chan Item, depth)
	go func() {
		defer close(first)
		for i := range n {
			first <- NewItem(i)
		}
	}()
	var seen Result
	for item := range incrementChans(first, depth, increments) {
		seen.Add(item)
	}
	return seen
}

// incrementChans appends so many stages, a goroutine each, to the line that ends in from, and returns its new end.
func incrementChans(from <-chan Item, depth, stages int) <-chan Item {
	for range stages {
		in, out := from, make(chan Item, depth)
		go func() {
			defer close(out)
			for item := range in {
				item.A++
				out <- item
			}
		}()
		from = out
	}
	return from
}
