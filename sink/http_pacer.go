package sink

import "time"

// pacer finds out how many requests at once an endpoint is best asked with. It is no lock's owner:
// the crew's guards it.
//
// What an endpoint cannot work on waits there, so that more requests than it has room for make
// each of them slower and nothing faster. With n requests at once, of which each takes l where it
// would take b alone, n·(1-b/l) of them only wait (TCP Vegas). The number grows while these are
// few, and when they are many a trial shows whether half as many requests are answered faster: if
// so, the number becomes what the two latencies say that the endpoint works on; if not, the
// endpoint has become slow by itself, and the number stays. An endpoint that says it is asked too
// much is asked a quarter less.
type pacer struct {
	limit, max int
	fixed      bool

	epoch    int           // of the limit: a request of an earlier one says nothing about it
	inFlight int           // requests
	base     time.Duration // mean latency while few wait, 0 if unknown
	fast     bool          // doubling: nothing is known of a limit
	ceiling  int           // the endpoint said that this was too much; 0 if it did not
	windows  int           // since the last trial, or the last word of the endpoint

	// The window: what is measured since the last decision.
	samples int
	sum     time.Duration // of latencies
	load    int           // sum of the requests in flight as each began
	wanted  int           // samples that ended while others waited to be sent

	// A trial, and what it is compared with.
	trial       bool
	before      time.Duration
	limitBefore int
}

const (
	minWindow = 8  // samples, for a decision of any worth
	trialGap  = 50 // windows after which what is known is put to the test
)

// try is a request on its way.
type try struct {
	began time.Time
	epoch int
	load  int // requests in flight, itself included
}

func (p *pacer) init(limit, most int) {
	p.limit, p.max = limit, most
	p.fixed = limit == most
	p.restart()
}

func (p *pacer) begin(now time.Time) try {
	p.inFlight++
	return try{began: now, epoch: p.epoch, load: p.inFlight}
}

// over notes the end of a request that says nothing about the number.
func (p *pacer) over() { p.inFlight-- }

// pushedBack notes that the endpoint is asked too much, or that it did not answer in time.
func (p *pacer) pushedBack(t try) {
	p.inFlight--
	if p.fixed || t.epoch != p.epoch || t.load > p.limit {
		return // what was sent together is refused together: once is enough
	}
	p.ceiling, p.windows = p.limit, 0
	p.fast, p.trial = false, false
	p.set(p.limit * 3 / 4)
}

// restart begins anew with what the limit is now, since the endpoint was away: it may be another.
func (p *pacer) restart() {
	p.fast, p.trial, p.base, p.ceiling = !p.fixed, false, 0, 0
	p.windows = trialGap - 10 // the first trial comes soon: the number may be too large by itself
	p.epoch++
	p.set(p.limit)
}

// answered notes an acceptance. wanted says that all senders were busy and more bodies waited.
func (p *pacer) answered(t try, latency time.Duration, wanted bool) {
	p.inFlight--
	if p.fixed || t.epoch != p.epoch {
		return
	}
	p.samples++
	p.sum += latency
	p.load += t.load
	if wanted {
		p.wanted++
	}
	need := max(p.limit, minWindow)
	if p.fast {
		need = p.limit
	}
	if p.samples >= need {
		p.decide()
	}
}

// decide ends a window.
func (p *pacer) decide() {
	mean := max(p.sum/time.Duration(p.samples), 1)
	load := float64(p.load) / float64(p.samples)
	saturated := 2*p.wanted > p.samples
	if p.trial {
		p.judge(mean)
		return
	}
	if p.windows++; p.windows >= trialGap {
		p.ceiling = 0
	}
	if p.base == 0 || mean < p.base {
		p.base = mean
	}
	waiting := load * (1 - float64(p.base)/float64(mean))
	switch {
	case waiting > max(2, 0.3*load), p.windows >= trialGap && saturated && p.limit > 1:
		p.test(mean)
	case waiting >= max(0.6, 0.15*load):
		if p.fast {
			p.fast = false
			p.set(p.works(p.limit, mean))
		}
		p.clear()
	case saturated && p.fast:
		p.set(p.allowed(2 * p.limit))
	case saturated:
		p.set(p.allowed(p.limit + max(1, p.limit/16)))
	default:
		p.clear()
	}
}

// test begins a trial with half as many requests.
func (p *pacer) test(mean time.Duration) {
	p.trial, p.before, p.limitBefore = true, mean, p.limit
	p.fast, p.windows = false, 0
	p.set(p.limit / 2)
}

// judge ends a trial.
func (p *pacer) judge(mean time.Duration) {
	p.trial, p.base = false, mean
	switch ratio := float64(mean) / float64(p.before); {
	case p.limit > 1 && ratio < 1.2*float64(p.limit)/float64(p.limitBefore): // so some still wait
		p.test(mean)
	case ratio < 0.85:
		p.set(p.works(p.limitBefore, p.before))
	default:
		p.set(p.limitBefore)
	}
}

// works is how many requests the endpoint works on at once, and one more to keep it busy, when so
// many have this latency.
func (p *pacer) works(limit int, latency time.Duration) int {
	return p.allowed(int(float64(limit)*float64(p.base)/float64(latency)+0.5) + 1)
}

// allowed is limit, or less if the endpoint said so.
func (p *pacer) allowed(limit int) int {
	if p.ceiling > 0 {
		limit = min(limit, max(p.ceiling-1, p.limit))
	}
	return limit
}

// set begins a window with this limit.
func (p *pacer) set(limit int) {
	limit = min(max(limit, 1), p.max)
	if limit != p.limit {
		p.limit = limit
		p.epoch++
	}
	p.clear()
}

func (p *pacer) clear() { p.samples, p.sum, p.load, p.wanted = 0, 0, 0, 0 }
