package sqlite

// Small makes everything small that is divided for speed, so that little data goes every way, and returns what undoes it.
func Small() (undo func()) {
	old := []int{firstRows, manyPosts, maxStates, maxSpans, maxChunk, fewSpans}
	firstRows, manyPosts, maxStates, maxSpans, maxChunk, fewSpans = 2, 1, 1, 3, 300, 2
	return func() {
		firstRows, manyPosts, maxStates, maxSpans, maxChunk, fewSpans = old[0], old[1], old[2], old[3], old[4], old[5]
	}
}
