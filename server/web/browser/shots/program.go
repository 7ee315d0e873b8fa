package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
)

// program is a browser.T outside of tests.
type program struct {
	ctx      context.Context
	errs     []error
	cleanups []func()
}

// perform runs f, then what f asked to be done at its end, and returns what failed.
func perform(ctx context.Context, f func(t *program)) error {
	t := &program{ctx: ctx}
	t.apart(func() { f(t) })
	for len(t.cleanups) > 0 {
		last := len(t.cleanups) - 1
		end := t.cleanups[last]
		t.cleanups = slices.Delete(t.cleanups, last, last+1)
		t.apart(end)
	}
	return errors.Join(t.errs...)
}

// apart runs f where Fatalf can end it.
func (t *program) apart(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

func (t *program) Helper() {}

func (t *program) Context() context.Context { return t.ctx }

func (t *program) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }

func (t *program) TempDir() string {
	dir, err := os.MkdirTemp("", "tailrace-shots-")
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("%v", err)
		}
	})
	return dir
}

func (t *program) ArtifactDir() string { return t.TempDir() }

func (t *program) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (t *program) Errorf(format string, args ...any) {
	t.errs = append(t.errs, fmt.Errorf(format, args...))
}

func (t *program) Fatalf(format string, args ...any) {
	t.Errorf(format, args...)
	runtime.Goexit()
}

func (t *program) Skipf(format string, args ...any) { t.Fatalf(format, args...) }
