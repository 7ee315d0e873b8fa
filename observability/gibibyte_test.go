//go:build !race

package observability_test

// gibibyte is the size of an attribute that no program should have. Its memory is never touched, so there has to be none.
const gibibyte = 1 << 30
