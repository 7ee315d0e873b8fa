package ingest

import (
	"log/slog"
	"sync"
	"time"
)

// quiet logs one line of a kind in ten seconds, with how many it left out: a full disk would fill it with nothing else.
type quiet struct {
	log  *slog.Logger
	mu   sync.Mutex
	said map[string]*saying
}

type saying struct {
	at   time.Time
	more int
}

const silence = 10 * time.Second

func (q *quiet) error(message string, args ...any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.said == nil {
		q.said = map[string]*saying{}
	}
	s := q.said[message]
	if s == nil {
		s = new(saying)
		q.said[message] = s
	}
	now := time.Now()
	if !s.at.IsZero() && now.Sub(s.at) < silence {
		s.more++
		return
	}
	if s.more > 0 {
		args = append(args, "left_out", s.more)
	}
	s.at, s.more = now, 0
	q.log.Error(message, args...)
}
