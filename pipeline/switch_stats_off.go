//go:build tailrace_nostats

package pipeline

// statsOn: see switch_stats.go.
const statsOn = false
