package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// generous is the deadline of a Close that has time for everything.
const generous = time.Hour

// rand is a source of what a schedule draws, another one for each stream.
func (s *Schedule) rand(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(s.Seed, stream)) }

// upTo draws a duration from 1 ns to d. That hardly any two are equal keeps events apart.
func upTo(rng *rand.Rand, d time.Duration) time.Duration {
	return 1 + time.Duration(rng.Int64N(int64(max(d, 1))))
}

// oneIn is true once in n times.
func oneIn(rng *rand.Rand, n int) bool { return rng.IntN(n) == 0 }

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// draw makes the schedule of a seed.
func draw(mode string, seed uint64) *Schedule {
	s := &Schedule{Seed: seed, Mode: mode}
	rng := s.rand(uint64(len(mode)) + uint64(mode[len(mode)-1]))
	s.Chain = oneIn(rng, 3)
	s.Items, s.Producers = 5+rng.IntN(40), 1+rng.IntN(4)
	s.Every = pick(rng, 0, upTo(rng, 100*time.Millisecond), upTo(rng, 5*time.Second))
	s.BatchItems, s.BatchWait = 1+rng.IntN(12), upTo(rng, 6*time.Second)
	s.Queue = s.BatchItems + pick(rng, rng.IntN(20), 1000) // no less than a batch, which the exporter refuses
	s.MaxBytes = pick(rng, 1<<20, 2<<20)
	s.Overflow = pick(rng, "block", "block", "drop-newest", "drop-oldest")
	s.Senders = 1 + rng.IntN(3)
	s.MaxSenders = s.Senders + pick(rng, 0, rng.IntN(3))
	s.Timeout = time.Second + upTo(rng, 9*time.Second)
	s.Compression = pick(rng, "none", "none", "none", "none", "none", "none", "gzip", "zstd")
	s.Heal = 5*time.Second + upTo(rng, pick(rng, 10*time.Second, time.Minute, 3*time.Minute))
	if oneIn(rng, 8) {
		s.MaxRetries = 1 + rng.IntN(5)
	}
	if s.Overflow == "block" && oneIn(rng, 3) {
		s.Patience = upTo(rng, 20*time.Second)
	}
	for range rng.IntN(3) {
		s.Flushes = append(s.Flushes, upTo(rng, s.Heal))
	}
	if s.Chain {
		s.Workers = 1 + rng.IntN(3)
		s.NoProbe, s.Actor = oneIn(rng, 3), oneIn(rng, 3)
		s.MaxBytes = pick(rng, 0, s.MaxBytes)
		s.Filter = pick(rng, 0, 0, 2+rng.IntN(5))
	}
	if mode == "sim3" {
		s.drawDisk(rng)
	}
	s.drawFaults(rng)
	if mode == "sim2" {
		s.drawEnding(rng)
	}
	return s
}

// drawFaults makes a few faults, or an outage: many of one kind.
func (s *Schedule) drawFaults(rng *rand.Rand) {
	bodies := max(1, s.Items/s.BatchItems)
	switch rng.IntN(8) {
	case 0: // a busy endpoint, and nothing else
		for range 1 + rng.IntN(bodies+1) {
			s.Faults = append(s.Faults, Fault{On: "body", Kind: "throttled", At: 1 + rng.IntN(bodies), N: 1 + rng.IntN(4)})
		}
		return
	case 1: // all probes and bodies have the same fault
		f := s.drawRequestFault(rng)
		for on, n := range map[string]int{"body": bodies, "probe": 1} {
			f := f
			f.On = on
			for f.At = 1; f.At <= n; f.At++ {
				f.N = 1 + rng.IntN(6)
				s.Faults = append(s.Faults, f)
			}
		}
		slices.SortStableFunc(s.Faults, func(a, b Fault) int { return strings.Compare(a.On, b.On) }) // a map has no order
	}
	for range rng.IntN(7) {
		f := s.drawRequestFault(rng)
		f.On, f.At, f.Try, f.N = "body", 1+rng.IntN(bodies), 1+rng.IntN(3), 1+rng.IntN(3)
		if oneIn(rng, 4) {
			f.On, f.At, f.Try, f.N = "probe", 1+rng.IntN(10), 0, 1+rng.IntN(10)
		}
		s.Faults = append(s.Faults, f)
	}
	for range rng.IntN(3) {
		f := Fault{On: "dial", Kind: pick(rng, "refused", "black hole", "slow", "no such host", "cut while writing"), At: 1 + rng.IntN(6), N: 1 + rng.IntN(4)}
		switch f.Kind {
		case "slow":
			f.Wait = upTo(rng, 2*s.Timeout)
		case "cut while writing":
			f.Size = 1 + rng.IntN(4000)
		}
		s.Faults = append(s.Faults, f)
	}
	if oneIn(rng, 4) {
		s.Faults = append(s.Faults, Fault{On: "time", Kind: "down", When: upTo(rng, s.Heal), Wait: upTo(rng, s.Heal)})
	}
	if s.Chain {
		s.drawItemFaults(rng)
	}
}

func (s *Schedule) drawItemFaults(rng *rand.Rand) {
	for range rng.IntN(4) {
		f := Fault{On: "item", Kind: pick(rng, "panic", "goexit", "slow"), At: 1 + rng.IntN(s.Items)}
		if s.Actor { // its panic would end the run, as it should
			f.Kind = pick(rng, "fail", "slow")
		}
		if f.Kind == "slow" {
			f.Wait = upTo(rng, 3*time.Second)
		}
		s.Faults = append(s.Faults, f)
	}
	if oneIn(rng, 6) {
		s.Faults = append(s.Faults, Fault{On: "item", Kind: "slow", Wait: upTo(rng, 2*time.Second)}) // each body, while it is compressed
	}
}

// drawRequestFault makes a fault of a request; the caller says of which.
func (s *Schedule) drawRequestFault(rng *rand.Rand) Fault {
	kinds := []string{
		"status", "status", "status", "throttled", "retry-after", "redirect", "too large", "plain only",
		"captive portal", "quota", "reset before body", "reset in body", "reset after body", "closed in body",
		"answer lost", "answer lost", "answer late", "slow", "silence", "slow read", "endless body", "slow body", "huge header",
		"no HTTP", "short body", "refused for good", "refused for good", "partial success",
	}
	f := Fault{Kind: pick(rng, kinds...)}
	switch f.Kind {
	case "status":
		f.Code = pick(rng, mendable...)
	case "retry-after":
		f.Code = pick(rng, 429, 503, 500)
		f.Text = pick(rng, "1", "7", "29", "100000", "1e30", "-1", "", "soon", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 GMT")
	case "redirect":
		f.Code = pick(rng, 301, 302, 303, 307, 307, 308)
	case "refused for good":
		f.Code = pick(rng, permanent...)
	case "too large":
		f.Size = 500 + rng.IntN(4000)
	case "partial success":
		f.Size = 1 + rng.IntN(s.BatchItems)
	case "quota":
		f.Wait = time.Duration(1+rng.IntN(25)) * time.Second
	case "answer late", "slow":
		f.Wait = upTo(rng, 2*s.Timeout)
	case "slow read":
		f.Size, f.Wait = 50+rng.IntN(1000), upTo(rng, time.Second)
	case "endless body", "short body":
		f.Code = pick(rng, 200, 503)
	case "slow body":
		f.Code, f.Wait = pick(rng, 200, 503), upTo(rng, s.Timeout/2)
	}
	return f
}

// drawEnding makes a Close at a random instant of a state, and sees to it that the state comes.
func (s *Schedule) drawEnding(rng *rand.Rand) {
	in := state(rng.IntN(len(states)))
	c := &Ending{In: states[in], Deadline: pick(rng, -1, upTo(rng, 20*time.Second), upTo(rng, 2*time.Second), generous), Twice: oneIn(rng, 4)}
	body := func(f Fault) {
		f.On, f.At, f.N = "body", 1+rng.IntN(2), 1+rng.IntN(3)
		s.Faults = append([]Fault{f}, s.Faults...)
	}
	switch in {
	case idle:
		c.After = upTo(rng, 10*time.Second)
		if oneIn(rng, 3) {
			s.Items = 1
		}
	case halfFull:
		s.BatchItems, s.BatchWait = max(s.BatchItems, 2), s.BatchWait+time.Second
		s.Queue = max(s.Queue, s.BatchItems)
		c.After = upTo(rng, s.BatchWait/2)
	case compressing:
		s.Chain, s.Workers = true, max(s.Workers, 1)
		wait := upTo(rng, 5*time.Second)
		s.Faults = append([]Fault{{On: "item", Kind: "slow", Wait: wait}}, s.Faults...)
		c.After = upTo(rng, wait)
	case connecting:
		wait := upTo(rng, s.Timeout)
		s.Faults = append([]Fault{{On: "dial", Kind: "slow", At: 1, N: 1 + rng.IntN(3), Wait: wait}}, s.Faults...)
		c.After = upTo(rng, wait)
	case halfSent:
		body(Fault{Kind: "slow read", Size: 20 + rng.IntN(200), Wait: upTo(rng, time.Second)})
		c.After = upTo(rng, 3*time.Second)
	case awaiting:
		body(Fault{Kind: pick(rng, "slow", "answer late", "silence"), Wait: upTo(rng, 2*s.Timeout)})
		c.After = upTo(rng, s.Timeout)
	case retrying:
		body(Fault{Kind: pick(rng, "throttled", "reset after body", "status"), Code: 503})
		c.After = upTo(rng, 2*time.Second)
	case blocked:
		s.Overflow, s.Queue, s.Every, s.Patience = "block", s.BatchItems, 0, 0
		s.Items = 200 + rng.IntN(200)
		s.Senders, s.MaxSenders = 1, 1
		for at := range 3 {
			s.Faults = append([]Fault{{On: "body", Kind: "silence", At: at + 1, N: 1 + rng.IntN(3)}}, s.Faults...)
		}
		c.After = upTo(rng, 5*time.Second)
	case spooling:
		s.drawSpool(rng, "full", "no sync", "no open") // what cannot be removed would be there, though it is settled
		s.Spool.Slow = 10*time.Microsecond + upTo(rng, pick(rng, time.Millisecond, 50*time.Millisecond))
		c.After = upTo(rng, 10*s.Spool.Slow) // about as long as one or two files take
	}
	s.Close = c
}

// drawSpool gives the exporter a spool on a disk with faults of its own, of these kinds.
func (s *Schedule) drawSpool(rng *rand.Rand, faults ...string) {
	s.Chain, s.NoProbe, s.Actor, s.Filter, s.Workers = false, false, false, 0, 0
	s.MaxRetries, s.MaxBytes = 0, 2<<20
	s.Faults = slices.DeleteFunc(s.Faults, func(f Fault) bool { return f.On == "item" }) // of a Chain
	s.Spool = &Disk{Each: oneIn(rng, 2)}
	for range rng.IntN(3) {
		s.Faults = append(s.Faults, Fault{
			On: "disk", Kind: pick(rng, faults...),
			When: upTo(rng, s.Heal), Wait: upTo(rng, pick(rng, time.Second, 20*time.Second)),
		})
	}
}

// drawDisk gives the exporter a spool, and says when the machine stops.
func (s *Schedule) drawDisk(rng *rand.Rand) {
	s.drawSpool(rng, "full", "no sync", "no open", "no remove")
	s.Overflow, s.Patience, s.Flushes = "block", 0, nil
	s.Every = upTo(rng, pick(rng, 50*time.Millisecond, time.Second, 5*time.Second))
	s.Spool.Power = !oneIn(rng, 3)
	for range 1 + rng.IntN(3) {
		s.Spool.Crashes = append(s.Spool.Crashes, 1+rng.IntN(pick(rng, 30, 100, 300)))
	}
}
