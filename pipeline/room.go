package pipeline

// Budget is how many bytes may be in flight in the whole run: Config.MaxBytes less what stages
// reserve, 0 if nothing bounds them. A stage that holds items for long, such as a sink that tries
// again, takes no more while it holds a good part of that, so that the rest stays where the
// overflow policies can choose from it.
func (in *Inlet[T]) Budget() int {
	if b := in.seg.p.budget; b != nil {
		return int(b.limit.Load())
	}
	return 0
}

// Queued is how many items wait in the link to be taken, as in StageStats. Helpers may ask too.
func (in *Inlet[T]) Queued() int64 {
	return in.reader.link.depth() + in.reader.link.waiting()
}
