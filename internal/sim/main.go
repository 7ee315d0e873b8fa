// Command sim is the fault simulator: it plays schedules of faults, each drawn from a seed, against
// the exporter as users get it, and against a pipeline of the same parts, with the real net/http
// client and a collector over net.Pipe, under a fake clock. At the end of each it compares, id by id,
// what was accepted with what the collector has and with what was reported as lost.
//
//	go run ./internal/sim                        # 10,000 schedules of each mode
//	go run ./internal/sim -mode sim2 -n 1000000  # so many of one
//	go run -race ./internal/sim -n 1000
//	go run ./internal/sim -replay schedule.json  # one that was printed
//
// The modes are those of the table of faults: sim1 lets everything happen and closes at the end, sim2
// closes at a random instant of a state, sim3 stops the machine at a call of the file system and
// starts again with what the disk still has, sim6 takes random steps beside a model.
//
// It prints the first schedule that fails, with what could be taken away taken away, and how to
// replay it. The schedules of a mode are shared among processes, so that one that ends the process
// is found too.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// options are the command's.
type options struct {
	mode    string
	n       uint64
	seed    uint64
	repeat  int
	procs   int
	replay  string
	worker  string
	shrinks int
}

func main() {
	var o options
	flag.StringVar(&o.mode, "mode", "all", "sim1, sim2, sim3, sim6 or all")
	flag.Uint64Var(&o.n, "n", 10_000, "schedules of each mode")
	flag.Uint64Var(&o.seed, "seed", 1, "the first seed; the others follow it")
	flag.IntVar(&o.repeat, "repeat", 1, "how often each schedule is played")
	flag.IntVar(&o.procs, "procs", runtime.NumCPU(), "processes")
	flag.StringVar(&o.replay, "replay", "", "play the schedule in this file, - for the standard input")
	flag.IntVar(&o.shrinks, "shrink", 300, "how many schedules may be played to find a smaller one that fails; 0: none")
	flag.StringVar(&o.worker, "worker", "", "for the command itself: first,step of the seeds")
	testing.Init() // bubbles want a test
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "sim: what is %q?\n", flag.Args())
		os.Exit(2)
	}
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(1)
	}
}

func (o *options) run() error {
	switch {
	case o.worker != "":
		return asTest(o.work)
	case o.replay != "":
		return asTest(o.playAgain)
	}
	chosen := modes
	if o.mode != "all" {
		chosen = []string{o.mode}
	}
	for _, mode := range chosen {
		if !known(mode) {
			return fmt.Errorf("there is no mode %q", mode)
		}
		began := time.Now()
		total, err := o.share(mode)
		if err != nil {
			return err
		}
		fmt.Println(total.line(mode, o.seed, time.Since(began)))
		if err := total.check(); err != nil {
			return fmt.Errorf("%s: %w", mode, err)
		}
	}
	return nil
}

// asTest runs fn with a test, as testing/synctest wants, and ends the process.
func asTest(fn func(t *testing.T) error) error {
	testing.Main(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "sim", F: func(t *testing.T) {
		if err := fn(t); err != nil {
			fmt.Fprintln(os.Stderr, "sim:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}}}, nil, nil)
	return nil // it never does
}
