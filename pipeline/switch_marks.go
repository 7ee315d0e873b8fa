//go:build !tailrace_nomarks

package pipeline

// marksOn compiles in the looks at each item whether a mark has come, which also find out that
// the run is to end. See statsOn for why it is a constant, and what it is for.
const marksOn = true
