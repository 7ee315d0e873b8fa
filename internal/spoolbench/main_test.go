package main

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/internal/faults"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(dirVariable) != "" { // the process that is measured
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// TestBacklog sends 64 MiB, or TAILRACE_BACKLOG bytes, and holds ten times the limits.
func TestBacklog(t *testing.T) {
	total := int64(64 << 20)
	if n, err := strconv.ParseInt(os.Getenv("TAILRACE_BACKLOG"), 10, 64); err == nil {
		total = n
	}
	r, err := measure(total, 256<<10)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(r)
	if r.Delivered != int64(r.Entries)*spansEach || r.Left != 0 {
		t.Errorf("of %d entries: %v", r.Entries, r)
	}
	if r.Open > time.Second || r.First > 2*time.Second || r.RSS > 10*64<<20 {
		t.Errorf("more than ten times 100 ms to open, 200 ms to the first send, 64 MiB of memory: %v", r)
	}
	faults.Happened(t, "S-10", "%s", fmt.Sprintf("all of %d MiB delivered, nothing left on disk, within ten times the limits", total>>20))
}
