// Command otlpload has the OpenTelemetry Collector's own load generator, telemetrygen, send spans into `tailrace serve`, over
// OTLP/HTTP and over gRPC; and then into a pipeline of this library that stands where a Collector would, and sends on what it
// receives to a second server. After each it compares what was generated with what every side says of it, and with what is in
// the store: it fails unless they are the same.
//
//	go run ./server/otlpload -spans 1000000
//
// telemetrygen has to be on the PATH, or is built from the Go module proxy:
//
//	go install github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0
//
// It drops spans without a word when its queue is full. So it is given a long one and generates no faster than -rate; where a
// machine is much slower than that, the comparison fails.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tailrace-go/tailrace/server/internal/child"
)

func main() {
	if err := run(context.Background(), os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "otlpload:", err)
		os.Exit(1)
	}
}

type config struct {
	spans   int
	workers int
	rate    int
	ways    string
	program string // telemetrygen
	server  string // tailrace
}

func parse(args []string) (c config, err error) {
	flags := flag.NewFlagSet("otlpload", flag.ContinueOnError)
	flags.IntVar(&c.spans, "spans", 1_000_000, "spans of each round")
	flags.IntVar(&c.workers, "workers", 8, "workers of telemetrygen")
	flags.IntVar(&c.rate, "rate", 12_000, "spans a second, of all workers")
	flags.StringVar(&c.ways, "protocol", "both", "http, grpc or both")
	flags.StringVar(&c.program, "telemetrygen", "", "the generator; empty: the one on the PATH, or built from the proxy")
	flags.StringVar(&c.server, "tailrace", "", "the server; empty: built from this module")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	switch {
	case c.workers < 1 || c.rate < c.workers:
		return c, errors.New("-workers is at least 1, and -rate at least as much")
	case c.spans < 1 || c.spans%(c.workers*perTrace) != 0:
		return c, fmt.Errorf("-spans is a multiple of %d: each worker generates traces of %d", c.workers*perTrace, perTrace)
	case c.ways != "both" && c.ways != "http" && c.ways != "grpc":
		return c, errors.New("-protocol is http, grpc or both")
	}
	return c, nil
}

func run(ctx context.Context, out io.Writer, args []string) error {
	c, err := parse(args)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "otlpload")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it is in the system's folder for such
	if c.server == "" {
		c.server = filepath.Join(scratch, "tailrace")
		if err := child.Build(ctx, c.server); err != nil {
			return err
		}
	}
	if c.program, err = generator(ctx, c.program, scratch); err != nil {
		return err
	}
	for _, way := range []string{"http", "grpc"} {
		if c.ways != way && c.ways != "both" {
			continue
		}
		for i, round := range rounds {
			s := &child.Server{Binary: c.server, Dir: filepath.Join(scratch, fmt.Sprint(way, i)), Sync: "full"}
			if err := play(ctx, out, c, way, round, s); err != nil {
				return fmt.Errorf("%s, %s: %w", round.name, way, err)
			}
		}
	}
	return nil
}
