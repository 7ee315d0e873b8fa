package jobs

import (
	"fmt"
	"time"
)

// A Result is what the sink of one run saw.
type Result struct {
	Items int    // items that arrived; items, not batches
	Sum   uint64 // of their A, wrapping
}

// Add is what a sink does with an item: it counts it and adds up A.
func (r *Result) Add(item Item) {
	r.Items++
	r.Sum += item.A
}

// AddInOrder is Add for J3o, whose sum comes out right in input order only.
func (r *Result) AddInOrder(item Item) {
	r.Items++
	r.Sum = r.Sum*31 + item.A
}

// AddBatch is Add for each item of a batch.
func (r *Result) AddBatch(batch []Item) {
	for i := range batch {
		r.Sum += batch[i].A
	}
	r.Items += len(batch)
}

// An Impl is one way to do a job.
type Impl struct {
	Name string
	Run  func(n int) Result // does the job for items 0 to n-1, from building to tearing down
}

// A Job is one shape of work and everyone who does it.
type Job struct {
	Name    string // as in the name of its benchmark: "J1", "J4/producers=8"
	Variant string // what follows the slash in Name
	Items   int    // in a run, at most
	Base    string // the implementation that ratios are taken against unless one is named
	Impls   []Impl // in order of registration

	plain func(n int) Result // the plain loop, which says what is right
}

// Jobs are all the jobs that move many items, in the order of the tables.
func Jobs() []*Job {
	return append([]*Job{J1, J2, J3u, J3o}, append(J4[:], J5)...)
}

// Register adds an implementation. Call it from init; a name that is taken panics.
func (j *Job) Register(name string, run func(n int) Result) {
	for _, impl := range j.Impls {
		if impl.Name == name {
			panic(fmt.Sprintf("jobs: %s has an implementation %q already", j.Name, name))
		}
	}
	j.Impls = append(j.Impls, Impl{Name: name, Run: run})
}

// Check says how got differs from what a plain loop over n items gives, nil when it does not.
func (j *Job) Check(impl Impl, n int, got Result) error {
	if want := j.plain(n); got != want {
		return fmt.Errorf("%s/impl=%s, %d items: the sink saw %d items and the sum %d, want %d and %d",
			j.Name, impl.Name, n, got.Items, got.Sum, want.Items, want.Sum)
	}
	return nil
}

// A run is cut to about runTime, so that slow implementations get as many rounds as fast ones, but not below minItems,
// so that starting goroutines does not show.
const (
	runTime     = 120 * time.Millisecond
	minItems    = 32_000
	warmUpItems = 8192
)

// Cut returns how many items a run of impl should have, judged by one run of 8192.
func (j *Job) Cut(impl Impl) int {
	start := time.Now()
	impl.Run(warmUpItems)
	perItem := max(time.Since(start)/warmUpItems, 1)
	return min(max(int(runTime/perItem), minItems), j.Items)
}
