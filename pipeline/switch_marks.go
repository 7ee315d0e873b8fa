//go:build !tailrace_nomarks

package pipeline

// marksOn compiles the checks for marks in. See statsOn for why it is a constant.
const marksOn = true
