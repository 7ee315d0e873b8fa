package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// report is what a worker tells, one a line.
type report struct {
	Seed     *uint64   `json:"seed,omitempty"` // this one begins
	Failed   *Schedule `json:"failed,omitempty"`
	Least    *Schedule `json:"least,omitempty"` // the same, made smaller
	Why      string    `json:"why,omitempty"`
	Total    *Total    `json:"total,omitempty"` // all is done
	LeastWhy string    `json:"least_why,omitempty"`
}

// patience is how long, in real time, a schedule may take: one whose fake time stands still would
// never end by itself.
const patience = time.Minute

// work plays this worker's share of the seeds.
func (o *options) work(t *testing.T) error {
	var first, step uint64
	if _, err := fmt.Sscanf(o.worker, "%d,%d", &first, &step); err != nil {
		return fmt.Errorf("-worker: %w", err)
	}
	// Much of a schedule's memory is in pools, which keep it over one collection: with GOGC alone the heap would double each time.
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(512 << 20)
	out := json.NewEncoder(os.Stdout)
	var total Total
	for seed := o.seed + first; seed < o.seed+o.n; seed += step {
		if err := out.Encode(report{Seed: &seed}); err != nil {
			return err
		}
		for range max(o.repeat, 1) {
			stop := watch(seed)
			s, result, err := playSeed(t, o.mode, seed)
			stop()
			if err != nil {
				return out.Encode(o.failure(t, s, err))
			}
			total.add(result)
		}
	}
	return out.Encode(report{Total: &total})
}

// watch ends the process when a schedule takes too long. It is called outside of the bubble.
func watch(seed uint64) (stop func()) {
	timer := time.AfterFunc(patience, func() {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		fmt.Fprintf(os.Stderr, "seed %d has not ended after %v\n%s\n", seed, patience, stacks)
		os.Exit(3)
	})
	return func() { timer.Stop() }
}

// failure describes a schedule that failed, and the least of it that does.
func (o *options) failure(t *testing.T, s *Schedule, err error) report {
	r := report{Failed: s, Why: err.Error()}
	if o.shrinks == 0 || o.mode == "sim6" {
		return r
	}
	r.Least = shrink(s, o.shrinks, func(s *Schedule) bool {
		defer watch(s.Seed)()
		for range 2 { // another interleaving may be needed
			if _, err := Play(t, s); err != nil {
				r.LeastWhy = err.Error()
				return true
			}
		}
		return false
	})
	return r
}

// share has the schedules of a mode played by processes, and adds up what they say. The error is
// the first failure.
func (o *options) share(mode string) (total Total, err error) {
	self, err := os.Executable()
	if err != nil {
		return total, err
	}
	var (
		mu      sync.Mutex
		group   sync.WaitGroup
		running []*exec.Cmd
		failed  bool
	)
	for i := range max(o.procs, 1) {
		var stderr bytes.Buffer
		c := exec.Command(self, "-worker", fmt.Sprintf("%d,%d", i, max(o.procs, 1)), "-mode", mode,
			"-n", strconv.FormatUint(o.n, 10), "-seed", strconv.FormatUint(o.seed, 10),
			"-repeat", strconv.Itoa(o.repeat), "-shrink", strconv.Itoa(o.shrinks))
		c.Stderr = &stderr
		pipe, fault := c.StdoutPipe()
		if fault == nil {
			fault = c.Start()
		}
		if fault != nil {
			return total, fault
		}
		mu.Lock()
		running = append(running, c)
		mu.Unlock()
		group.Go(func() {
			part, last, fault := listen(pipe, mode)
			ended := c.Wait()
			if fault == nil && ended == nil && part.Schedules == 0 && uint64(i) < o.n {
				ended = errors.New("it played none")
			}
			mu.Lock()
			defer mu.Unlock()
			total.merge(part)
			if fault == nil && ended != nil {
				fault = fmt.Errorf("seed %d of %s has ended the process: %w\n%s\nagain: go run ./internal/sim -mode %s -seed %d -n 1",
					last, mode, ended, lastOf(stderr.String(), 20_000), mode, last)
			}
			if fault == nil || failed {
				return
			}
			failed, err = true, fault
			for _, other := range running {
				_ = other.Process.Kill() // it may have ended
			}
		})
	}
	group.Wait()
	return total, err
}

// listen reads what a worker says until it ends.
func listen(from io.Reader, mode string) (total Total, last uint64, err error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var r report
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue // of package testing
		}
		switch {
		case r.Seed != nil:
			last = *r.Seed
		case r.Total != nil:
			total = *r.Total
		case r.Failed != nil:
			err = r.describe(mode)
		}
	}
	return total, last, errors.Join(err, lines.Err())
}

// describe is a failure as it is printed.
func (r *report) describe(mode string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d of %s failed\n%v%s\nagain: go run ./internal/sim -mode %s -seed %d -n 1\n", r.Failed.Seed, mode, r.Failed, r.Why, mode, r.Failed.Seed)
	if r.Least != nil && r.LeastWhy != "" {
		text, err := json.Marshal(r.Least)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "\nthe least of it that failed:\n%v%s\nagain: go run ./internal/sim -replay - <<<'%s'\n", r.Least, r.LeastWhy, text)
	}
	return errors.New(strings.TrimSpace(b.String()))
}

// playAgain plays a schedule that was printed.
func (o *options) playAgain(t *testing.T) error {
	text, err := readAll(o.replay)
	if err != nil {
		return err
	}
	s, err := parse(text)
	if err != nil {
		return fmt.Errorf("-replay: %w", err)
	}
	for i := range max(o.repeat, 1) {
		stop := watch(s.Seed)
		_, err := Play(t, s)
		stop()
		if err != nil {
			return fmt.Errorf("time %d\n%v%w", i+1, s, err)
		}
	}
	fmt.Printf("%vpassed %d times\n", s, max(o.repeat, 1))
	return nil
}

// parse reads a schedule, in which every field must be known.
func parse(text []byte) (*Schedule, error) {
	s := new(Schedule)
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return s, decoder.Decode(s)
}

func readAll(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

func lastOf(text string, n int) string { return text[max(0, len(text)-n):] }
