package live

import (
	"sync"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

const (
	window = 5 * time.Second        // what was lately is about so long ago
	apart  = 250 * time.Millisecond // pictures that are kept
)

// Source is what there is to see: a [pipeline.Pipeline], or [Func].
type Source interface{ Stats() pipeline.Stats }

// Func is a function that is a [Source], for what has a pipeline within:
//
//	live.Handler(live.Func(func() pipeline.Stats { return exporter.Stats().Pipeline }))
type Func func() pipeline.Stats

// Stats calls f.
func (f Func) Stats() pipeline.Stats { return f() }

// view is one pipeline and the pictures that were taken of it when somebody asked, the oldest first. Those but the first
// are younger than the window and stand apart, so there are few.
type view struct {
	source Source

	mu   sync.Mutex
	kept []pipeline.Stats
}

// look takes a picture, and compares it with the youngest one that is as old as the window, or else with the oldest.
func (v *view) look() Picture {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.source.Stats()
	if n := len(v.kept); n > 0 && now.Elapsed < v.kept[n-1].Elapsed {
		v.kept = nil // another run: a Func may have a new pipeline
	}
	for len(v.kept) > 1 && now.Elapsed-v.kept[1].Elapsed >= window {
		v.kept = v.kept[1:]
	}
	var before pipeline.Stats
	if len(v.kept) > 0 && now.Elapsed-v.kept[0].Elapsed >= apart {
		before = v.kept[0] // else too little time has passed since the first look
	}
	if n := len(v.kept); n == 0 || now.Elapsed-v.kept[n-1].Elapsed >= apart {
		v.kept = append(v.kept, now)
	}
	return pictureOf(now, before)
}
