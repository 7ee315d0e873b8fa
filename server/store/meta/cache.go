package meta

import (
	"context"
	"sync"
	"time"
)

// CacheFor is how long a Cache answers from memory. What another process changes is seen after it at the latest, what
// this one changes at once.
const CacheFor = time.Second

// Cache answers what every request asks from memory, in bounded room. Only what was found is kept, so that something new
// is there at once. Its methods may be called by many goroutines at once; what they return belongs to all callers and is
// not to be changed.
type Cache struct {
	db       *DB
	tokens   memory[[32]byte, Token]
	projects memory[string, Project]
	sessions memory[[32]byte, Login]
}

// Login is who a session belongs to.
type Login struct {
	User  User
	Roles map[string]Role // by project
}

// NewCache makes an empty cache before a file.
func NewCache(d *DB) *Cache { return &Cache{db: d} }

// Token is DB.Token.
func (c *Cache) Token(ctx context.Context, secret string) (Token, error) {
	hash, err := parseSecret(tokenPrefix, secret)
	if err != nil {
		return Token{}, err
	}
	t, err := c.tokens.get(c.db, [32]byte(hash), func() (Token, error) { return c.db.Token(ctx, secret) })
	if err == nil && !t.Expires.IsZero() && !c.db.now().Before(t.Expires) {
		return Token{}, ErrSecret
	}
	return t, err
}

// Project is DB.Project.
func (c *Cache) Project(ctx context.Context, idOrName string) (Project, error) {
	return c.projects.get(c.db, idOrName, func() (Project, error) { return c.db.Project(ctx, idOrName) })
}

// Session is DB.Session with the user's roles.
func (c *Cache) Session(ctx context.Context, secret string) (Login, error) {
	hash, err := parseSecret(sessionPrefix, secret)
	if err != nil {
		return Login{}, err
	}
	return c.sessions.get(c.db, [32]byte(hash), func() (l Login, err error) {
		if l.User, err = c.db.Session(ctx, secret); err != nil {
			return Login{}, err
		}
		l.Roles, err = c.db.Roles(ctx, l.User.ID)
		return l, err
	})
}

// remembered bounds each memory. A full one is emptied: a second later it would be of no use anyway.
const remembered = 10_000

type memory[K comparable, V any] struct {
	mu  sync.RWMutex
	all map[K]memo[V]
}

// memo is something that was true at a time and after a number of changes.
type memo[V any] struct {
	value   V
	at      time.Time
	changes uint64
}

func (m *memory[K, V]) get(d *DB, key K, ask func() (V, error)) (V, error) {
	now, changes := d.now(), d.changes.Load() // before the question: the answer may be older than its end
	m.mu.RLock()
	known, ok := m.all[key]
	m.mu.RUnlock()
	if age := now.Sub(known.at); ok && known.changes == changes && 0 <= age && age < CacheFor {
		return known.value, nil
	}
	value, err := ask()
	if err != nil {
		return value, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil || len(m.all) >= remembered {
		m.all = map[K]memo[V]{}
	}
	m.all[key] = memo[V]{value, now, changes}
	return value, nil
}
