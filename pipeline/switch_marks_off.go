//go:build tailrace_nomarks

package pipeline

// marksOn: see switch_marks.go.
const marksOn = false
