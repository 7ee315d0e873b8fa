package sink

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestGoodNewsReachesWhoIsNotInTheQueue holds that a body is tried at once after a Wake, and after the end of a pause,
// also if it was on its way back into the queue when that came.
func TestGoodNewsReachesWhoIsNotInTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, err := HTTPConfig{Endpoint: "http://localhost", Probe: []byte("{}"), ProbeType: "application/json"}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		for range 20 { // the pause is drawn, and may be short
			g, body := &gate{}, &turn{}
			g.init(cfg)
			began := time.Now()
			enter := func(want pass) {
				if got, err := g.enter(t.Context(), body); err != nil || got != want {
					t.Fatalf("it may do %v, want %v, error %v", got, want, err)
				}
			}
			enter(passBody)
			g.report(body, outcome{class: held, err: errors.New("401")})
			g.hasten()
			enter(passProbe)
			g.report(&turn{probe: true, empty: true, epoch: body.epoch, began: body.began}, outcome{class: accepted})
			enter(passBody)
			if took := time.Since(began); took != 0 {
				t.Fatalf("it waited for %v", took)
			}
		}
	})
}
