//go:build race

package main

const slower = 3 // the race detector has the processor work so much more
