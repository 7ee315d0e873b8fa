//go:build !race

package pipeline_test

// graphs is how many random graphs a run of the tests draws.
const graphs = 10_000
