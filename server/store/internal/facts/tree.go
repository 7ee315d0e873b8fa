package facts

// Node is a span as a part of a tree.
type Node struct{ ID, Parent SpanID }

// Topmost chooses the n spans that are nearest to the top, level by level, in their given order within a level. Spans
// whose parent is missing are at the top, and so is the first of each cycle that nothing leads to.
func Topmost(nodes []Node, n int) map[SpanID]bool {
	children := make(map[SpanID][]SpanID, len(nodes))
	here := make(map[SpanID]bool, len(nodes))
	for _, node := range nodes {
		here[node.ID] = true
	}
	var level []SpanID
	for _, node := range nodes {
		if node.Parent == 0 || node.Parent == node.ID || !here[node.Parent] {
			level = append(level, node.ID)
		} else {
			children[node.Parent] = append(children[node.Parent], node.ID)
		}
	}
	keep := make(map[SpanID]bool, n)
	rest := nodes
	for len(keep) < n {
		var next []SpanID
		for _, id := range level {
			if keep[id] || len(keep) == n {
				continue
			}
			keep[id] = true
			next = append(next, children[id]...)
		}
		level = next
		for len(level) == 0 && len(rest) > 0 { // what is left hangs on cycles
			if !keep[rest[0].ID] {
				level = []SpanID{rest[0].ID}
			}
			rest = rest[1:]
		}
		if len(level) == 0 {
			break
		}
	}
	return keep
}
