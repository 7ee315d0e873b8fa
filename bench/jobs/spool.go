package jobs

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sync/errgroup"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/spool"
)

// A Store is open, in a directory of its own.
type Store struct {
	Put   func(i int, record []byte) error // returns when the record outlives a power failure
	Get   func(i int) ([]byte, error)
	Close func() error
}

// A StoreImpl is one way to store.
type StoreImpl struct {
	Name string
	Open func(dir string) (Store, error)
}

// An AppendJob stores records, each synced before its appender stores the next.
type AppendJob struct {
	Name      string
	Base      string // the implementation that ratios are taken against unless one is named
	Size      int    // bytes in a record
	Items     int    // records in a run
	Appenders int    // goroutines that store at once; of bbolt's, one has its turn at a time
	Impls     []StoreImpl
}

// Append are the jobs of a spool, by size of its batches.
var Append = []*AppendJob{
	{Name: "SpoolAppend/size=256KiB/appenders=1", Base: "bbolt", Size: 256 << 10, Items: 60, Appenders: 1, Impls: stores},
	{Name: "SpoolAppend/size=256KiB/appenders=4", Base: "bbolt", Size: 256 << 10, Items: 60, Appenders: 4, Impls: stores},
	{Name: "SpoolAppend/size=16KiB/appenders=1", Base: "bbolt", Size: 16 << 10, Items: 200, Appenders: 1, Impls: stores},
	{Name: "SpoolAppend/size=16KiB/appenders=4", Base: "bbolt", Size: 16 << 10, Items: 200, Appenders: 4, Impls: stores},
}

var stores = []StoreImpl{{"tailrace", openSpool}, {"bbolt", openBolt}}

func openSpool(dir string) (Store, error) {
	d, err := spool.Open(spool.Config{Dir: dir, Sync: spool.SyncEach})
	if err != nil {
		return Store{}, err
	}
	return Store{
		Put: func(i int, record []byte) error {
			body := &pipeline.Body{Data: record, ContentType: "application/json", Parts: make([]pipeline.Part, 1000)}
			_, err := d.Put(body, fmt.Sprintf("%032x", i))
			return err
		},
		Get: func(i int) ([]byte, error) {
			entries, err := d.Backlog()
			if err != nil || len(entries) <= i {
				return nil, errors.Join(err, errors.New("it is not listed"))
			}
			body, _, err := d.Load(entries[i])
			if err != nil {
				return nil, err
			}
			return body.Data, nil
		},
		Close: d.Close,
	}, nil
}

// openBolt opens a bbolt database as its documentation has it: a transaction for each record, synced.
func openBolt(dir string) (Store, error) {
	bucket := []byte("spool")
	db, err := bbolt.Open(filepath.Join(dir, "db"), 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return Store{}, err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(bucket)
		return err
	})
	key := func(i int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) }
	return Store{
		Put: func(i int, record []byte) error {
			return db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put(key(i), record) })
		},
		Get: func(i int) (record []byte, err error) {
			err = db.View(func(tx *bbolt.Tx) error {
				record = append(record, tx.Bucket(bucket).Get(key(i))...)
				return nil
			})
			return record, err
		},
		Close: db.Close,
	}, err
}

// An AppendSample is what one run took.
type AppendSample struct {
	Wall float64 // µs a record
	Rate float64 // MiB/s
}

// Measure stores the records in a new directory below TAILRACE_BENCH_DIR, or where temporary files
// go, and checks the last: it is that disk which is measured. Opening and closing are outside of the figures.
func (j *AppendJob) Measure(impl StoreImpl) (sample AppendSample, err error) {
	dir, err := os.MkdirTemp(os.Getenv("TAILRACE_BENCH_DIR"), "append")
	if err != nil {
		return sample, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	store, err := impl.Open(dir)
	if err != nil {
		return sample, err
	}
	record := make([]byte, j.Size)
	for at, block := 0, sha256.Sum256(nil); at < len(record); at += len(block) {
		block = sha256.Sum256(block[:]) // as if compressed
		copy(record[at:], block[:])
	}
	var all errgroup.Group
	var next atomic.Int64
	start := time.Now()
	for range j.Appenders {
		all.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= j.Items {
					return nil
				}
				if err := store.Put(i, record); err != nil {
					return err
				}
			}
		})
	}
	if err := all.Wait(); err != nil {
		return sample, errors.Join(err, store.Close())
	}
	wall := time.Since(start)
	got, err := store.Get(j.Items - 1)
	if err == nil && !bytes.Equal(got, record) {
		err = fmt.Errorf("%s/impl=%s: what was stored is not what was put", j.Name, impl.Name)
	}
	n := float64(j.Items)
	sample = AppendSample{
		Wall: float64(wall.Microseconds()) / n,
		Rate: n * float64(j.Size) / (1 << 20) / wall.Seconds(),
	}
	return sample, errors.Join(err, store.Close())
}
