package spool_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
	"github.com/tailrace-go/tailrace/sink/spool/crashfs"
	"pgregory.net/rapid"
)

// TestDirIsAList plays any sequence of calls, kills and clean restarts against a list.
func TestDirIsAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mode := rapid.SampledFrom([]spool.SyncMode{spool.SyncInterval, spool.SyncEach}).Draw(t, "mode")
		disk := crashfs.New()
		process := disk.Start()
		start := func() *spool.Dir {
			process = disk.Start()
			d, err := spool.Open(spool.Config{Dir: "/s", Sync: mode, FS: process})
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		d := start()
		type item struct {
			e sink.SpoolEntry
			i int
		}
		var queue, dead []item
		next := 0
		draw := func(of []item) int {
			if len(of) == 0 {
				t.Skip("nothing there")
			}
			return rapid.IntRange(0, len(of)-1).Draw(t, "which")
		}
		byAge := func(a, b item) int { return int(a.e.Seq) - int(b.e.Seq) }
		must := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(*rapid.T) {
				e, err := d.Put(bodyOf(next, 200), keyOf(next))
				must(err)
				queue = append(queue, item{e, next})
				next++
			},
			"load": func(*rapid.T) {
				it := queue[draw(queue)]
				body, key, err := d.Load(it.e)
				must(err)
				must(same(body, bodyOf(it.i, 200)))
				if key != keyOf(it.i) {
					t.Fatalf("key %q, want %q", key, keyOf(it.i))
				}
				body.Free()
			},
			"remove": func(*rapid.T) {
				at := draw(queue)
				must(d.Remove(queue[at].e))
				must(d.Remove(queue[at].e))
				if _, _, err := d.Load(queue[at].e); !errors.Is(err, sink.ErrSpoolDamaged) {
					t.Fatalf("loading what is removed says %v", err)
				}
				queue = slices.Delete(queue, at, at+1)
			},
			"bury": func(*rapid.T) {
				at := draw(queue)
				must(d.Bury(queue[at].e, nil))
				dead = append(dead, queue[at])
				queue = slices.Delete(queue, at, at+1)
			},
			"requeue": func(*rapid.T) {
				at := draw(dead)
				must(d.Requeue(dead[at].e))
				queue = append(queue, dead[at])
				dead = slices.Delete(dead, at, at+1)
				slices.SortFunc(queue, byAge)
			},
			"drop": func(*rapid.T) {
				at := draw(dead)
				must(d.Drop(spool.Dead, dead[at].e))
				dead = slices.Delete(dead, at, at+1)
			},
			"sync":    func(*rapid.T) { must(d.Sync(t.Context())) },
			"restart": func(*rapid.T) { must(d.Close()); d = start() },
			"kill":    func(*rapid.T) { process.Kill(); d = start() },
			"power":   func(*rapid.T) { must(d.Sync(t.Context())); disk.Crash(crashfs.KeepAll); d = start() },
			"": func(*rapid.T) {
				for f, want := range map[spool.Folder][]item{spool.Queue: queue, spool.Dead: dead} {
					l, err := d.List(f)
					must(err)
					sorted := slices.SortedFunc(slices.Values(want), byAge)
					if !slices.EqualFunc(l, sorted, func(e sink.SpoolEntry, it item) bool { return e == it.e }) {
						t.Fatalf("%v has %v, want %v", f, l, sorted)
					}
				}
			},
		})
		must(d.Close())
	})
}
