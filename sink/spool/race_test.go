//go:build race

package spool_test

const raced = true
