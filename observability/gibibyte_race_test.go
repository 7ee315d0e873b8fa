//go:build race

package observability_test

// gibibyte is less than it should be, since the race detector touches what is allocated.
const gibibyte = 64 << 20
