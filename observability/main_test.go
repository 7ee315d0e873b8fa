package observability_test

import (
	"io"
	"log"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	log.SetOutput(io.Discard) // net/http complains there of bytes after an answer, which faults send
	goleak.VerifyTestMain(m)
}
