//go:build !tailrace_nostats

package pipeline

// statsOn compiles the counters, clock readings and histograms of Stats in. It is a constant so
// that a second binary, built with the tag tailrace_nostats, tells what they cost: see
// bench/overhead. Such a binary is for that alone: its ledger stays at zero.
const statsOn = true
