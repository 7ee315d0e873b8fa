//go:build race

package stages_test

// openTraces is fewer than it should be: the race detector makes each some ten times as dear.
const openTraces = 10_000
