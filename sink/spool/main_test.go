package spool_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	if dir := os.Getenv(syncingDir); dir != "" {
		syncing(dir)
		return
	}
	goleak.VerifyTestMain(m)
}
