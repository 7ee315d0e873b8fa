package serve

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// certificate is a pair of files that may be replaced while the server runs.
type certificate struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	looked time.Time
	state  [2]fileState
	now    *tls.Certificate
}

// fileState is what changes with a file.
type fileState struct {
	modified time.Time
	size     int64
}

// lookEvery bounds how often handshakes look at the files.
const lookEvery = time.Second

func loadCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: log, looked: time.Now()}
	var err error
	if c.state, err = c.look(); err == nil {
		err = c.load()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: Config.TLSCert and Config.TLSKey: %w", ErrConfig, err)
	}
	return c, nil
}

func (c *certificate) look() (state [2]fileState, err error) {
	for i, path := range []string{c.cert, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return state, err
		}
		state[i] = fileState{info.ModTime(), info.Size()}
	}
	return state, nil
}

func (c *certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return err
	}
	c.now = &pair
	return nil
}

// get is for tls.Config.GetCertificate. Files that cannot be read, or do not belong together since only one of them is
// replaced yet, leave the last good pair in use; it looks again when they change once more.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.looked) >= lookEvery {
		c.looked = now
		state, err := c.look()
		if err == nil && state != c.state {
			c.state = state
			if err = c.load(); err == nil {
				c.log.Info("the certificate was read again", "file", c.cert)
			}
		}
		if err != nil {
			c.log.Warn("the certificate could not be read again: the last one stays", "error", err)
		}
	}
	return c.now, nil
}

func (c *certificate) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}
