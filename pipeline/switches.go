//go:build !tailrace_nostats

package pipeline

// statsOn compiles the clock readings and histograms of Stats in. It is a constant so that a
// second binary, built with the tag tailrace_nostats, tells what they cost: bench/overhead.
const statsOn = true
