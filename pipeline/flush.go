package pipeline

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// marker numbers marks and knows which have reached every sink.
type marker struct {
	p    *Pipeline
	mu   sync.Mutex
	last uint64
	news chan struct{} // closed and replaced when a sink has shown a mark, if somebody waits
	num  atomic.Uint64 // last, for sources
	wait int
	done bool
	emit uint64 // the mark that was sent because the byte budget had no room
	// again says that somebody asked for such a mark before the run, or while one was on its way:
	// what it waits for may have come in behind it.
	again bool
	// severed says that a stage has ended before those above it, so that marks end there too: what is on
	// its way to that stage is settled when all above it have put it into its link.
	severed atomic.Bool
}

func (m *marker) init(p *Pipeline) { m.p, m.news = p, make(chan struct{}) }

// terminal is where marks end: in a sink.
type terminal struct {
	stage *stage
	shown atomic.Uint64
}

// show implements exit: the sink has done all that came before mark num.
func (t *terminal) show(num uint64) {
	t.shown.Store(max(num, t.shown.Load())) // a mark that was overtaken is covered by the later one
	t.stage.p.marks.progress()
}

// progress lets those who wait for a mark look again.
func (m *marker) progress() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.wait > 0 {
		close(m.news)
		m.news = make(chan struct{})
	}
	if m.emit != 0 && m.reached() >= m.emit {
		m.emit = 0
	}
	if m.emit == 0 && m.again && !m.done {
		m.again = false
		m.emit = m.send()
	}
}

// reached is the highest mark that every sink has shown, and, where the way to the sinks is severed,
// every stage.
func (m *marker) reached() uint64 {
	all := noMark
	for _, t := range m.p.terminals {
		all = min(all, t.shown.Load())
	}
	if m.severed.Load() {
		for _, seg := range m.p.segments {
			all = min(all, seg.shown.Load())
		}
	}
	return all
}

// send lets a new mark enter at all sources, under the lock.
func (m *marker) send() uint64 {
	m.last++
	num := m.last
	m.num.Store(num)
	for _, s := range m.p.stages {
		if s.entry != nil {
			s.entry.enter(num)
		}
	}
	m.p.tellSources(attnMark)
	return num
}

// emitAll makes every batch emit, because there is no room for more bytes. A call while one such
// mark is on its way has another follow it.
func (m *marker) emitAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.done:
	case m.emit == 0 && m.p.isBuilt():
		m.emit = m.send()
	default:
		m.again = true
	}
}

func (m *marker) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done = true
	close(m.news)
	m.news = make(chan struct{})
}

// Flush returns nil when everything accepted before the call was delivered, or is otherwise
// accounted for, without stopping anything: batches that wait for more items are sent as they
// are. If ctx ends first it returns an error that wraps ctx's and names the stages that hold the
// flush up. Before Run it waits for Run; after the run it returns nil.
func (p *Pipeline) Flush(ctx context.Context) error {
	select {
	case <-p.built:
	case <-p.over:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("pipeline: flush before Run: %w", context.Cause(ctx))
	}
	m := &p.marks
	m.mu.Lock()
	num := m.send()
	m.wait++
	defer func() {
		m.mu.Lock()
		m.wait--
		m.mu.Unlock()
	}()
	// Sinks that were given up have shown every mark, while a stage above may still hold what they
	// never saw: then it is the end of the run that accounts for it.
	for !m.done && (m.reached() < num || p.aborted()) {
		news := m.news
		m.mu.Unlock()
		select {
		case <-news:
		case <-ctx.Done():
			return fmt.Errorf("pipeline: flush waits for %s: %w", p.holders(num), context.Cause(ctx))
		}
		m.mu.Lock()
	}
	m.mu.Unlock()
	return nil
}

// holders names the stages that have not passed mark num on although all above them have.
func (p *Pipeline) holders(num uint64) string {
	var sources, stages []string
	for _, seg := range p.segments {
		if seg.shown.Load() >= num {
			continue
		}
		if seg.stage.sources {
			sources = append(sources, fmt.Sprintf("source %q", seg.stage.name))
		} else {
			stages = append(stages, fmt.Sprintf("stage %q", seg.stage.name))
		}
	}
	if len(sources) > 0 {
		return strings.Join(sources, ", ")
	}
	if len(stages) > 0 {
		return stages[0]
	}
	return "nothing"
}
