// Command servebench measures the trace server as its users run it: it starts `tailrace serve` as a process of its own on a
// new data folder, sends generated spans of about 2 KB through the library's pipeline over HTTP, and prints how fast they went,
// what each side paid for a span, what a span takes on disk, and how long lists took meanwhile. Then it sends the same spans again.
//
//	go run ./server/servebench -spans 1000000
//
// With -kills it does something else: it kills the server again and again while spans come in, starts it anew each time, and
// proves in the end that every span that was acknowledged is there, and none twice.
//
//	go run ./server/servebench -kills 200
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/child"
	"github.com/tailrace-go/tailrace/stages"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "servebench:", err)
		os.Exit(1)
	}
}

type config struct {
	spans   int
	kills   int
	batch   int
	senders int
	packing stages.Compression
	binary  string
	dir     string
	sync    string
	lists   time.Duration
	hours   float64
}

func parse(args []string) (c config, err error) {
	flags := flag.NewFlagSet("servebench", flag.ContinueOnError)
	flags.IntVar(&c.spans, "spans", 200_000, "spans to send")
	flags.IntVar(&c.kills, "kills", 0, "kill the server so many times under load, and measure nothing")
	flags.IntVar(&c.batch, "batch", 1000, "spans of a request")
	packing := flags.String("compression", "zstd", "zstd, gzip or none")
	flags.IntVar(&c.senders, "senders", 0, "requests at once; 0: as many as the client finds best")
	level := flags.Int("level", 1, "of the compression, 0 for its default")
	flags.StringVar(&c.binary, "tailrace", "", "the program to measure; empty: built from this module")
	flags.StringVar(&c.dir, "dir", "", "folder to keep; empty: one that is removed")
	flags.StringVar(&c.sync, "sync", "full", "as of tailrace serve")
	flags.DurationVar(&c.lists, "lists", 100*time.Millisecond, "time between two lists that are asked for meanwhile; 0: none are")
	flags.Float64Var(&c.hours, "hours", 1, "time that the spans are spread over, ending now")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	switch *packing {
	case "zstd":
		c.packing = stages.Zstd.Level(*level)
	case "gzip":
		c.packing = stages.Gzip.Level(*level)
	case "none":
		c.packing = stages.None
	default:
		return c, errors.New("-compression is zstd, gzip or none")
	}
	if c.batch < 1 || c.spans < max(c.batch, 10) || c.senders < 0 || c.kills < 0 || c.lists < 0 || c.hours <= 0 {
		return c, errors.New("-batch is at least 1, -spans at least 10 and -batch, -hours more than 0, -kills, -senders and -lists not negative")
	}
	return c, nil
}

func run(ctx context.Context, out io.Writer, args []string) error {
	c, err := parse(args)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "servebench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it is in the system's folder for such
	if c.binary == "" {
		c.binary = filepath.Join(scratch, "tailrace")
		if err := child.Build(ctx, c.binary); err != nil {
			return err
		}
	}
	if c.dir == "" {
		c.dir = filepath.Join(scratch, "data")
	}
	s := &child.Server{Binary: c.binary, Dir: c.dir, Sync: c.sync}
	if err := s.Prepare(ctx); err != nil {
		return err
	}
	if c.kills > 0 {
		return kill(ctx, out, c, s)
	}
	return measure(ctx, out, c, s)
}
