//go:build tailrace_nostats

package pipeline

// statsOn: see switches.go.
const statsOn = false
