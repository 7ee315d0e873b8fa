package live

import (
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
)

// Report is what stats.json says.
type Report struct {
	Pipelines []Picture `json:"pipelines"` // in the order in which Handler was given them
}

// Picture is one pipeline: its Stats without the texts of errors, and what follows from them.
type Picture struct {
	pipeline.Stats

	Balance    int64               `json:"balance"` // of the ledger: 0 if it adds up
	AtRest     bool                `json:"at_rest"` // nothing moved lately, so that anything but 0 is a bug
	Bottleneck pipeline.Bottleneck `json:"bottleneck"`
	Stages     []Stage             `json:"stages"` // in place of those of Stats
}

// Stage is the account of one stage since the run began, and lately.
type Stage struct {
	pipeline.StageStats

	Lately Pace `json:"lately"`
}

// Pace is what a stage did for a while. Busy, Blocked and Idle are shares of the time of its goroutines, from 0 to 1.
type Pace struct {
	Over    time.Duration `json:"over_ns"` // the while; 0 before the run and after it, as is all else then
	InRate  float64       `json:"in_per_second"`
	OutRate float64       `json:"out_per_second"` // with what it has delivered
	Busy    float64       `json:"busy"`
	Blocked float64       `json:"blocked"`
	Idle    float64       `json:"idle"`
}

// pictureOf compares the Stats of now with earlier ones.
func pictureOf(now, before pipeline.Stats) Picture {
	over := now.Elapsed - before.Elapsed
	if now.State == pipeline.StateEnded {
		over = 0
	}
	p := Picture{
		Stats: now, Balance: now.Ledger.Balance(), Bottleneck: now.Bottleneck(before), Stages: []Stage{},
		AtRest: now.State == pipeline.StateNew || now.State == pipeline.StateEnded || over >= apart && now.Ledger == before.Ledger,
	}
	p.Stats.Stages = nil
	for i, st := range now.Stages {
		var was pipeline.StageStats
		if i < len(before.Stages) {
			was = before.Stages[i]
		}
		st.LastError = "" // it may quote an item
		p.Stages = append(p.Stages, Stage{StageStats: st, Lately: paceOf(st, was, over)})
	}
	p.Losses = []pipeline.Loss{}
	for _, l := range now.Losses {
		l.Err = nil // as above
		p.Losses = append(p.Losses, l)
	}
	return p
}

func paceOf(now, was pipeline.StageStats, over time.Duration) Pace {
	seconds := over.Seconds()
	if seconds <= 0 {
		return Pace{}
	}
	pace := Pace{
		Over:    over,
		InRate:  float64(now.In-was.In) / seconds,
		OutRate: float64(now.Out+now.Delivered-was.Out-was.Delivered) / seconds,
	}
	// Each is read on its own, so a difference may be some nanoseconds below zero.
	busy, blocked, idle := max(now.Busy-was.Busy, 0), max(now.Blocked-was.Blocked, 0), max(now.Idle-was.Idle, 0)
	if whole := float64(busy + blocked + idle); whole > 0 {
		pace.Busy, pace.Blocked, pace.Idle = float64(busy)/whole, float64(blocked)/whole, float64(idle)/whole
	}
	return pace
}
