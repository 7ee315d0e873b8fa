package sink_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/sink/spool"
)

// What an endpoint that is away leaves on disk, the next run delivers.
func ExampleSpoolConfig() {
	collector, err := sinktest.Listen(sinktest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer collector.Close()
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	run := func(all ...*pipeline.Body) {
		store, err := spool.Open(spool.Config{Dir: dir, Sync: spool.SyncEach})
		if err != nil {
			fmt.Println(err)
			return
		}
		defer func() { _ = store.Close() }() // another can open it then
		sender := sink.NewHTTP(sink.HTTPConfig{Endpoint: collector.URL(), Spool: sink.SpoolConfig{
			Store: store,
			OnEvent: func(e sink.SpoolEvent) {
				fmt.Println(e.Kind, e.Items, errors.Is(e.Err, sink.ErrSpoolDamaged))
			},
		}})
		p := pipeline.New(pipeline.Config{})
		pipeline.To(pipeline.From(p, bodies(all...)), sender.Sink())
		err = p.Run(context.Background())
		fmt.Println(err, p.Ledger().Delivered, "delivered,", p.Ledger().Spooled, "spooled")
		var left sink.SpoolStats = sender.Stats().Spool
		fmt.Println(left.Entries, "entries,", left.Items, "items")
	}
	collector.Down()
	run(spans(1, 3, 10), spans(4, 5, 10))
	collector.Up()
	run()
	// Output:
	// <nil> 0 delivered, 5 spooled
	// 2 entries, 5 items
	// found 5 false
	// <nil> 5 delivered, 0 spooled
	// 0 entries, 0 items
}

// A Spool of one's own can be tried without a sender: what Put has acknowledged is listed, and comes
// back as it was. SpoolEvent.Kind tells what somebody should hear of it.
func ExampleSpool() {
	var store sink.Spool = newShelf() // see sink/spool for one that is on disk
	if _, err := store.Put(spans(1, 3, 10), "the key of each try"); err != nil {
		fmt.Println(err)
		return
	}
	backlog, err := store.Backlog()
	for _, e := range backlog {
		var entry sink.SpoolEntry = e
		body, key, err := store.Load(entry)
		fmt.Println(entry.Seq, entry.Items, body.Items(), key, err)
		fmt.Println(store.Remove(entry))
	}
	var kind sink.SpoolEventKind = sink.SpoolDegraded
	fmt.Println(err, kind)
	// Output:
	// 1 3 3 the key of each try <nil>
	// <nil>
	// <nil> degraded
}
