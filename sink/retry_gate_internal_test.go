package sink

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestGoodNewsReachesWhoIsNotInTheQueue holds that a body is tried at once after the end of a pause, or after Wake, also
// if it was on its way back into the queue when that came.
func TestGoodNewsReachesWhoIsNotInTheQueue(t *testing.T) {
	for name, news := range map[string]func(*gate, *turn){
		"a probe that is accepted": func(g *gate, probe *turn) { g.report(probe, outcome{class: accepted}) },
		"Wake, and then a body that is accepted": func(g *gate, probe *turn) {
			g.hasten()
			g.leave(probe)
			other := &turn{}
			if pass, err := g.enter(t.Context(), other); err != nil || pass != passProbe {
				t.Fatalf("the next one may do %v, %v", pass, err)
			}
			g.report(&turn{probe: true, empty: true, epoch: other.epoch, began: other.began}, outcome{class: accepted})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg, err := HTTPConfig{Endpoint: "http://localhost", Probe: []byte("{}"), ProbeType: "application/json"}.withDefaults()
				if err != nil {
					t.Fatal(err)
				}
				g := &gate{}
				g.init(cfg)
				body := &turn{}
				if pass, err := g.enter(t.Context(), body); err != nil || pass != passBody {
					t.Fatalf("the first may do %v, %v", pass, err)
				}
				g.report(body, outcome{class: held, err: errors.New("401")})
				if pass, err := g.enter(t.Context(), body); err != nil || pass != passProbe {
					t.Fatalf("in the pause it may do %v, %v", pass, err)
				}
				news(g, &turn{probe: true, empty: true, epoch: body.epoch, began: body.began})
				began := time.Now()
				if pass, err := g.enter(t.Context(), body); err != nil || pass != passBody {
					t.Fatalf("after it, it may do %v, %v", pass, err)
				}
				if took := time.Since(began); took != 0 {
					t.Errorf("it waited for %v", took)
				}
			})
		})
	}
}
