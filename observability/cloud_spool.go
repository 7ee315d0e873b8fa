package observability

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/stages"
)

// CloudSpool says where a [CloudExporter] keeps batches until the endpoint has them. Its zero value
// is no spool: what cannot be sent is in memory alone.
//
// With Dir each batch is on disk before it is sent, and counts as spooled until the endpoint has
// taken it: Flush does not wait for that, Shutdown calls it no loss, and the next exporter with the
// same Dir sends it. Up to 100 ms of spooled data can be lost on power failure, none on a process
// crash; with SyncEach, none on either. Spans that are not in a batch yet are in memory: until
// MaxBatchSize or MaxBatchWait, or until Flush.
//
// While the disk fails, or is full, batches are sent from memory as without a spool, and it is used
// again as soon as it works.
type CloudSpool struct {
	Dir      string        // is made, with mode 0700, if it is not there; one exporter at a time can have it
	MaxBytes int64         // of batches there; 0 means 1 GiB
	MaxAge   time.Duration // after which a batch has failed, as spool_expired; 0 means no limit
	// Overflow says what goes when there are MaxBytes: OverflowDropOldest, which "" means, or
	// OverflowDropNewest. The spans are counted as dropped, with the reason spool_full.
	Overflow CloudOverflow

	SyncEach bool // each batch outlives a power failure too, for two syncs of the disk

	// Optional has the exporter go on in memory, and say so once in its log, when Dir cannot be used
	// at the start. Otherwise that is an error.
	Optional bool

	// FS replaces the file system, for tests; nil means that of the machine.
	FS spool.FS
}

// check says what is wrong, and names the field below CloudExporterConfig.
func (s CloudSpool) check(c *CloudExporterConfig) error {
	switch {
	case s.Dir == "" && s != CloudSpool{}:
		return fmt.Errorf("Spool.Dir is empty, and another field of Spool is set")
	case s.MaxBytes < 0:
		return fmt.Errorf("Spool.MaxBytes is negative: %d", s.MaxBytes)
	case s.MaxAge < 0:
		return fmt.Errorf("Spool.MaxAge is negative: %v", s.MaxAge)
	case s.Overflow != "" && s.Overflow != OverflowDropOldest && s.Overflow != OverflowDropNewest:
		return fmt.Errorf("Spool.Overflow is %q, not drop-oldest or drop-newest", string(s.Overflow))
	case s.Dir != "" && s.MaxBytes > 0 && s.MaxBytes < 2*int64(c.MaxBatchBytes):
		return fmt.Errorf("Spool.MaxBytes of %d is less than two batches of MaxBatchBytes, %d", s.MaxBytes, c.MaxBatchBytes)
	}
	return nil
}

// openSpool opens the directory, if there is to be one.
func (e *CloudExporter) openSpool() error {
	cfg := e.cfg.Spool
	if cfg.Dir == "" {
		return nil
	}
	mode := spool.SyncInterval
	if cfg.SyncEach {
		mode = spool.SyncEach
	}
	dir, err := spool.Open(spool.Config{Dir: cfg.Dir, Sync: mode, FS: cfg.FS})
	switch {
	case err == nil:
		e.spool = dir
	case cfg.Optional:
		e.log.line(slog.LevelWarn, "cloud exporter: there is no spool; spans are in memory alone", slog.String("error", err.Error()))
	default:
		return fmt.Errorf("%w: CloudExporterConfig.Spool.Dir: %w", pipeline.ErrConfig, err)
	}
	return nil
}

// closeSpool lets another exporter have the directory, unless the run has left somebody there, which only
// the end of the process ends.
func (e *CloudExporter) closeSpool() {
	if e.spool == nil {
		return
	}
	if stuck := new(pipeline.StuckError); errors.As(e.runErr, &stuck) {
		e.log.line(slog.LevelWarn, "cloud exporter: the disk does not answer; the spool stays locked until the process ends")
		return
	}
	if err := e.spool.Release(); err != nil { // the run has synced, as far as it had time
		e.log.line(slog.LevelWarn, "cloud exporter: the spool was not closed cleanly", slog.String("error", err.Error()))
	}
}

// spoolConfig is the spool's part of the sender's configuration.
func (e *CloudExporter) spoolConfig() sink.SpoolConfig {
	if e.spool == nil {
		return sink.SpoolConfig{}
	}
	cfg := sink.SpoolConfig{Store: e.spool, MaxBytes: e.cfg.Spool.MaxBytes, MaxAge: e.cfg.Spool.MaxAge, OnEvent: e.log.spool}
	if e.cfg.Spool.Overflow == OverflowDropNewest {
		cfg.Overflow = pipeline.DropNewest
	}
	return cfg
}

// spool is for [sink.SpoolConfig.OnEvent]. What is dropped is among the losses.
func (l *cloudLog) spool(e sink.SpoolEvent) {
	switch e.Kind {
	case sink.SpoolFound:
		l.line(slog.LevelInfo, "cloud exporter: the spool has spans of an earlier run", slog.Int64("spans", e.Items), slog.Int("batches", e.Entries))
	case sink.SpoolDegraded:
		l.line(slog.LevelWarn, "cloud exporter: the spool fails; until it works again, what it does not take is in memory alone", slog.String("error", describe(e.Err)))
	case sink.SpoolResumed:
		l.line(slog.LevelInfo, "cloud exporter: the spool works again")
	case sink.SpoolDamaged:
		l.line(slog.LevelWarn, "cloud exporter: a batch in the spool was damaged, and is in quarantine if it is still there", slog.Int64("spans", e.Items), slog.String("error", describe(e.Err)))
	}
}

// decompress is for [sink.HTTPConfig.Decompress].
func decompress(encoding string, data []byte, most int) ([]byte, error) {
	d, err := stages.NewDecompressor(stages.DecompressConfig{MaxBytes: most})
	if err != nil {
		return nil, err
	}
	return d.Append(nil, data, encoding)
}
