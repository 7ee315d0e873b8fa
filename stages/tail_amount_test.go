//go:build !race

package stages_test

// openTraces is how many traces a test of memory opens.
const openTraces = 100_000
