package pipeline_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tailrace-go/tailrace/internal/faults"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinetest"
	"github.com/tailrace-go/tailrace/stages"
)

// upsets are ways in which a function of the user's does not return.
var upsets = map[string]struct {
	id   string // of package faults
	do   func()
	says string // in the error
	but  string // what differs
}{
	"panic":           {"input.panic", func() { panic("no such city") }, "no such city", ""},
	"nil dereference": {"input.nil", func() { var none *struct{ n int }; none.n++ }, "nil pointer dereference", ""},
	"panic(nil)":      {"input.panic-nil", func() { panic(nil) }, "panic called with nil argument", ""},
	"Goexit":          {"input.goexit", runtime.Goexit, "called runtime.Goexit", " (with the source it ends that, too)"},
}

// A stage that fails on each tenth of a hundred items loses these ten, each with the stack that led there, and goes on
// with all its workers. Only runtime.Goexit in an operator that shares the goroutine of its source ends the source.
func TestUserStagesMayPanic(t *testing.T) {
	for name, upset := range upsets {
		each := stages.Map(func(i int) int {
			if i%10 == 0 {
				upset.do()
			}
			return i
		})
		for kind, opts := range map[string][]pipeline.Option{
			"fused": nil, "async": {pipeline.Async()}, "workers": {pipeline.Workers(3)}, "ordered workers": {pipeline.Workers(3), pipeline.Ordered()},
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := pipeline.New(pipeline.Config{})
					pipeline.To(pipeline.Via(pipeline.From(p, countTo(100)), each, append(opts, pipeline.Name("user"))...), intSink())
					checkPanic(t, p, start(t, p).wait(), upset.says)
					if l := p.Ledger(); name == "Goexit" && kind == "fused" {
						if l.Accepted != 1 || l.Failed != 1 { // it ended the goroutine that it shares with the source
							t.Errorf("ledger %+v", l)
						}
					} else if l.Failed != 10 || l.Delivered != 90 {
						t.Errorf("ledger %+v", l)
					}
				})
			})
		}
		for kind, policy := range map[string]struct {
			policy    pipeline.Policy
			delivered int64
		}{
			"skip": {pipeline.Skip, 9}, "fail the run": {pipeline.FailRun, 2},
		} {
			t.Run(name+", actor, "+kind, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := pipeline.New(pipeline.Config{})
					sink := pipeline.SinkActor(func(_ context.Context, in *pipeline.Inlet[int]) error {
						for item := range in.All() {
							if item == 2 {
								upset.do()
							}
							in.Delivered(item)
						}
						return in.Err()
					})
					pipeline.To(pipeline.From(p, countTo(10)), sink, pipeline.Name("user"), pipeline.OnError(policy.policy))
					checkPanic(t, p, start(t, p).wait(), upset.says)
					if l := p.Ledger(); l.Failed != 1 || l.Delivered != policy.delivered || l.Abandoned != 9-policy.delivered {
						t.Errorf("ledger %+v", l)
					}
				})
			})
		}
		faults.Happened(t, upset.id, "an operator, fused%s, async, and with 3 workers: 10 of 100 items failed: stage_panic, 90 delivered; "+
			"an actor that held 1 of 10 items: 1 failed, then 9 delivered (Skip), or 7 abandoned (FailRun); the error says where", upset.but)
	}
}

// TestFatalErrors holds what the documentation of PanicError says: no recover helps against a stack without end.
func TestFatalErrors(t *testing.T) {
	const child = "TAILRACE_STACK_OVERFLOW"
	if os.Getenv(child) == "" {
		program, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		command := exec.CommandContext(t.Context(), program, "-test.run=^TestFatalErrors$")
		command.Env = append(os.Environ(), child+"=1")
		text, err := command.CombinedOutput()
		if err == nil || !strings.Contains(string(text), "fatal error: stack overflow") {
			t.Fatalf("%v: %.500s", err, text)
		}
		faults.Happened(t, "input.fatal", "a stack overflow ends the process, as documented")
		return
	}
	debug.SetMaxStack(1 << 20)
	p := pipeline.New(pipeline.Config{})
	pipeline.To(pipeline.Via(pipeline.From(p, countTo(1)), stages.Map(depth)), intSink())
	_ = p.Run(t.Context())
}

// depth ends only when i overflows, which the stack does before.
func depth(i int) int {
	if i < 0 {
		return 0
	}
	return 1 + depth(i+1)
}

// checkPanic holds that a run ended with an error that says where a stage panicked, and with a whole account.
func checkPanic(t *testing.T, p *pipeline.Pipeline, err error, says string) {
	t.Helper()
	var panicked *pipeline.PanicError
	if !errors.As(err, &panicked) || panicked.Stage != "user" || !strings.Contains(err.Error(), says) {
		t.Fatalf("Run returned %v, want one of stage user that says %q", err, says)
	}
	if says != "called runtime.Goexit" && !strings.Contains(string(panicked.Stack), "badinput_panic_test.go") {
		t.Errorf("the stack is %s", panicked.Stack)
	}
	for _, l := range p.Stats().Losses {
		if l.Reason != pipeline.ReasonStagePanic && l.Reason != pipeline.ReasonStageFailed {
			t.Errorf("lost %v", l)
		}
	}
	pipelinetest.CheckLedger(t, p)
}
