package pipeline

// Batch is several items that travel as one. In the ledger it weighs what it holds, so a batch
// of 1000 spans that is lost is a loss of 1000. Whoever receives a batch owns it.
type Batch[T any] []T

// Items is the number of items in the batch, or the sum of what they weigh.
func (b Batch[T]) Items() int {
	weigh := weigherOf[T]()
	if weigh == nil {
		return len(b)
	}
	sum := 0
	for i := range b {
		sum += weigh(&b[i])
	}
	return sum
}

// Size is the sum of what the items are charged for, in bytes; 0 if they have no size.
func (b Batch[T]) Size() int {
	charge := chargerOf[T]()
	if charge == nil {
		return 0
	}
	sum := 0
	for i := range b {
		sum += charge(&b[i])
	}
	return sum
}
