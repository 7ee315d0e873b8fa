package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/tailrace-go/tailrace/connectors/otlp/intake"
	"github.com/tailrace-go/tailrace/server/store"
)

// ErrConfig is matched by every error that says a setting is wrong.
var ErrConfig = errors.New("ingest: configuration")

// Config holds the settings of a [Server]. Its zero value works but for Store.
type Config struct {
	Store  store.Store      // required
	Log    *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // nil: time.Now
	Limits intake.Limits    // of one request

	// MaxBytes bounds requests that have arrived and are not stored yet, counted as their bytes on the wire and twice
	// those in plain (the body, and the spans made of it); 0 means 64 MiB. A request that exceeds it alone has it alone.
	MaxBytes int
	// MaxReading bounds the bodies that are arriving, in bytes that did arrive; 0 means 48 MiB. Those that take longer
	// than SlowAfter have a quarter of it between them.
	MaxReading int
	MaxWait    time.Duration // for room, before the answer is 503; 0 means 1 s
	Timeout    time.Duration // from a body's arrival to its commit, before the answer is 503; 0 means 8 s
	RetryAfter time.Duration // what a 503 says; 0 means 1 s

	// A body has Patience and a second for every MinRate bytes to arrive in, and never pauses for longer than Patience;
	// else the answer is 408.
	Patience  time.Duration // 0 means 5 s
	MinRate   int           // bytes a second; 0 means 32 KiB
	SlowAfter time.Duration // 0 means 2 s

	Decoders  int // bodies that are unpacked and decoded at once; 0 means GOMAXPROCS
	Appenders int // batches that wait for their commit at once, which the store may join; 0 means 64

	DrainTimeout time.Duration // at the end of Run, for what has arrived; 0 means 10 s
}

func (c Config) withDefaults() (Config, error) {
	if c.Store == nil {
		return c, fmt.Errorf("%w: Config.Store is missing", ErrConfig)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	for _, f := range []struct {
		name  string
		value *int
		unset int
	}{
		{"MaxBytes", &c.MaxBytes, 64 << 20},
		{"MaxReading", &c.MaxReading, 48 << 20},
		{"MinRate", &c.MinRate, 32 << 10},
		{"Decoders", &c.Decoders, runtime.GOMAXPROCS(0)},
		{"Appenders", &c.Appenders, 64},
	} {
		if *f.value < 0 {
			return c, fmt.Errorf("%w: Config.%s is %d", ErrConfig, f.name, *f.value)
		}
		*f.value = cmp.Or(*f.value, f.unset)
	}
	for _, f := range []struct {
		name  string
		value *time.Duration
		unset time.Duration
	}{
		{"MaxWait", &c.MaxWait, time.Second},
		{"Timeout", &c.Timeout, 8 * time.Second},
		{"RetryAfter", &c.RetryAfter, time.Second},
		{"Patience", &c.Patience, 5 * time.Second},
		{"SlowAfter", &c.SlowAfter, 2 * time.Second},
		{"DrainTimeout", &c.DrainTimeout, 10 * time.Second},
	} {
		if *f.value < 0 {
			return c, fmt.Errorf("%w: Config.%s is %v", ErrConfig, f.name, *f.value)
		}
		*f.value = cmp.Or(*f.value, f.unset)
	}
	if _, _, err := intake.WireLimit("", c.Limits); err != nil {
		return c, fmt.Errorf("%w: Config.Limits: %w", ErrConfig, err)
	}
	return c, nil
}
