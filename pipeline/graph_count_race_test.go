//go:build race

package pipeline_test

// graphs is how many random graphs a run of the tests draws. The race detector makes each some ten
// times as dear.
const graphs = 1_000
