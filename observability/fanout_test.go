package observability_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tailrace-go/tailrace/observability"
	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// exporter is one whose methods a test writes; those that are nil do nothing.
type exporter struct {
	export   func(ctx context.Context, s *span.Span) error
	flush    func(ctx context.Context) error
	shutdown func(ctx context.Context) error
	shut     atomic.Int64
}

func (e *exporter) Export(ctx context.Context, s *span.Span) error {
	if e.export == nil {
		return nil
	}
	return e.export(ctx, s)
}

func (e *exporter) Flush(ctx context.Context) error {
	if e.flush == nil {
		return nil
	}
	return e.flush(ctx)
}

func (e *exporter) Shutdown(ctx context.Context) error {
	e.shut.Add(1)
	if e.shutdown == nil {
		return nil
	}
	return e.shutdown(ctx)
}

func (s *scene) record(n int) {
	for i := range n {
		_, one := s.tracer.Start(s.t.Context(), fmt.Sprint("span ", i), span.ToolCall{})
		one.End()
	}
}

// lossesOf returns the loss of each place that lost something: instance, or instance/exporter.
func lossesOf(err error) map[string]*pipeline.LossError {
	all := map[string]*pipeline.LossError{}
	var walk func(error)
	walk = func(err error) {
		var loss *pipeline.LossError
		switch e := err.(type) { //nolint:errorlint // every branch of the tree is looked at
		case *observability.Error:
			if errors.As(e.Err, &loss) {
				all[strings.TrimSuffix(e.Instance+"/"+e.Exporter, "/")] = loss
			}
		case interface{ Unwrap() []error }:
			for _, inner := range e.Unwrap() {
				walk(inner)
			}
		}
	}
	walk(err)
	return all
}

// TestOneExporterNeverHarmsAnother: whatever one does, the other gets every span, and the account says what was lost.
func TestOneExporterNeverHarmsAnother(t *testing.T) {
	const n = 50
	for name, c := range map[string]struct {
		bad     *exporter
		column  func(pipeline.Ledger) int64
		reason  string
		flushes bool
	}{
		"failing": {&exporter{export: func(context.Context, *span.Span) error { return errors.New("sorry") }},
			func(l pipeline.Ledger) int64 { return l.Failed }, pipeline.ReasonError, true},
		"panicking": {&exporter{export: func(context.Context, *span.Span) error { panic("no") }},
			func(l pipeline.Ledger) int64 { return l.Failed }, pipeline.ReasonStagePanic, true},
		"ending its goroutine": {&exporter{export: func(context.Context, *span.Span) error { runtime.Goexit(); return nil }},
			func(l pipeline.Ledger) int64 { return l.Failed }, pipeline.ReasonStagePanic, true},
		"stuck until its context ends": {&exporter{export: func(ctx context.Context, _ *span.Span) error { <-ctx.Done(); return ctx.Err() }},
			func(l pipeline.Ledger) int64 { return l.Failed + l.Abandoned }, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := observe(t, func(i *observability.Instance) { i.Exporters = append([]observability.Exporter{c.bad}, i.Exporters...) })
				s.record(n)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := s.Flush(ctx); (err == nil) != c.flushes {
					t.Errorf("Flush returned %v", err)
				}
				if got := len(s.memory.Spans()); got != n {
					t.Errorf("the other exporter has %d of %d spans", got, n)
				}
				ctx, cancel = context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				began := time.Now()
				err := s.Shutdown(ctx)
				if took := time.Since(began); took > time.Second+100*time.Millisecond {
					t.Errorf("Shutdown took %v", took)
				}
				all := lossesOf(err)
				loss := all["test/*observability_test.exporter"]
				if len(all) != 1 || loss == nil || c.column(loss.Ledger) != n || loss.Ledger.Balance() != 0 {
					t.Errorf("losses %v", err)
				} else if c.reason != "" && loss.Losses[0].Reason != c.reason {
					t.Errorf("reason %s, want %s", loss.Losses[0].Reason, c.reason)
				}
				if lines := s.log.lines("spans lost", "exporter"); len(lines) == 0 {
					t.Errorf("the log does not say so:\n%s", s.log)
				}
				if again := s.Shutdown(t.Context()); fmt.Sprint(again) != fmt.Sprint(err) || c.bad.shut.Load() != 1 {
					t.Errorf("a second Shutdown returned %v, and the exporter was shut down %d times", again, c.bad.shut.Load())
				}
			})
		})
	}
}

// TestAStuckExporterIsLeftBehind: Shutdown returns although Export, Flush and Shutdown never do, and the other exporter
// had all the time to deliver.
func TestAStuckExporterIsLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		forever := make(chan struct{})
		stuck := &exporter{
			export:   func(context.Context, *span.Span) error { <-forever; return nil },
			flush:    func(context.Context) error { <-forever; return nil },
			shutdown: func(context.Context) error { <-forever; return nil },
		}
		var slowly time.Duration
		slow := &exporter{shutdown: func(ctx context.Context) error {
			began := time.Now()
			time.Sleep(500 * time.Millisecond)
			slowly = time.Since(began)
			return ctx.Err()
		}}
		s := observe(t, func(i *observability.Instance) { i.Exporters = append(i.Exporters, stuck, slow) })
		s.record(10)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		err := s.Shutdown(ctx)
		if took := time.Since(began); took > 1100*time.Millisecond {
			t.Errorf("Shutdown took %v", took)
		}
		if len(s.memory.Spans()) != 10 || slowly != 500*time.Millisecond {
			t.Errorf("memory has %d spans, the slow one had %v", len(s.memory.Spans()), slowly)
		}
		var left *pipeline.StuckError
		if !errors.As(err, &left) || !strings.Contains(err.Error(), "Shutdown did not return") || strings.Count(err.Error(), "instance") != 2 {
			t.Errorf("Shutdown returned %v", err)
		}
		close(forever)
	})
}

// TestFlaw18ProcessorsFailClosed: a span on which a processor fails goes nowhere.
func TestFlaw18ProcessorsFailClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := observe(t, func(i *observability.Instance) {
			i.Processors = []observability.Processor{observability.ProcessorFunc(func(s *span.Span) (bool, error) {
				switch s.Name {
				case "span 0":
					panic("no")
				case "span 1":
					return true, errors.New("sorry")
				case "span 2":
					runtime.Goexit()
				case "span 3":
					return false, nil
				}
				s.Name, s.Input = "processed "+s.Name, `"`+span.Value(strings.Repeat("x", 3<<20))+`"`
				return true, nil
			})}
			i.SpanFilter = func(s *span.Span) bool {
				switch s.Name {
				case "processed span 4":
					panic("no")
				case "processed span 5":
					return false
				}
				return true
			}
		})
		s.record(10)
		err := s.Shutdown(t.Context())
		loss := lossesOf(err)["test"]
		if loss == nil || loss.Ledger.Failed != 4 || loss.Ledger.Filtered != 2 || loss.Ledger.Delivered != 4 {
			t.Errorf("Shutdown returned %v", err)
		}
		for _, one := range s.memory.Spans() {
			if !strings.HasPrefix(one.Name, "processed") || one.Size() > 1<<20 || !one.Frozen() {
				t.Errorf("%s got through, with %d bytes", one.Name, one.Size())
			}
		}
	})
}

// TestFlaw21SecretsAreTakenOut: by default, behind the processors, and not at all where that is said.
func TestFlaw21SecretsAreTakenOut(t *testing.T) {
	const secret = "a-fake-password"
	for name, c := range map[string]struct {
		filter *observability.SensitiveData
		want   string
	}{
		"by default": {nil, `{"cardPIN":"1234","password":"[REDACTED]"}`},
		"a field more": {&observability.SensitiveData{RedactConfig: stages.RedactConfig{Fields: []string{"card pin"}}},
			`{"cardPIN":"[REDACTED]","password":"[REDACTED]"}`},
		"off": {&observability.SensitiveData{Off: true}, `{"cardPIN":"1234","password":"` + secret + `"}`},
	} {
		s := observe(t, func(i *observability.Instance) {
			i.SensitiveData = c.filter
			i.Processors = []observability.Processor{observability.ProcessorFunc(func(s *span.Span) (bool, error) {
				s.Metadata = s.Metadata.Set("password", span.Text(secret))
				return true, nil
			})}
		})
		value := map[string]string{"password": secret, "cardPIN": "1234"}
		_, one := s.tracer.Start(t.Context(), "one", nil, observability.WithInput(value))
		one.End()
		got := s.spans()["one"]
		if string(got.Input) != c.want || strings.Contains(string(got.Metadata), secret) != (name == "off") {
			t.Errorf("%s: input %s, metadata %s", name, got.Input, got.Metadata)
		}
	}
}

// TestWhatEndsAfterShutdownIsRefused, and counted (flaw 14).
func TestWhatEndsAfterShutdownIsRefused(t *testing.T) {
	s := observe(t, nil)
	_, one := s.tracer.Start(t.Context(), "one", nil)
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	one.End()
	_, two := s.tracer.Start(t.Context(), "two", nil)
	two.End()
	if l := s.Stats().Instances[0].Spans.Ledger; l.Refused != 2 || l.Accepted != 0 {
		t.Errorf("%+v", l)
	}
	if err := s.memory.Export(t.Context(), &span.Span{}); !errors.Is(err, observability.ErrClosed) {
		t.Errorf("an exporter that was shut down returned %v", err)
	}
	if err := s.Flush(t.Context()); err != nil {
		t.Errorf("Flush after Shutdown returned %v", err)
	}
}

// TestTracingNeverWaits: with every exporter stuck, spans are dropped, and each is counted once.
func TestTracingNeverWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n = 500
		stuck := &exporter{export: func(ctx context.Context, _ *span.Span) error { <-ctx.Done(); return nil }}
		s := observe(t, func(i *observability.Instance) { i.Exporters, i.Queue = []observability.Exporter{stuck}, 16 })
		began := time.Now()
		for range 5 {
			s.record(n / 5)
			synctest.Wait()
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var dropped, delivered int64
		for place, loss := range lossesOf(s.Shutdown(ctx)) {
			if loss.Ledger.Balance() != 0 {
				t.Errorf("%s: %+v", place, loss.Ledger)
			}
		}
		stats := s.Stats().Instances[0]
		first, second := stats.Spans.Ledger, stats.Exporters[0].Spans.Ledger
		dropped = first.Dropped + second.Dropped
		delivered = second.Delivered + second.Abandoned + second.Failed + first.Abandoned
		if dropped == 0 || dropped+delivered != n || first.Accepted != n {
			t.Errorf("%d dropped and %d others of %d\n%+v\n%+v", dropped, delivered, n, first, second)
		}
	})
}

func TestFlushDeliversAndStopsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var flushed int
		slow := &exporter{
			export: func(context.Context, *span.Span) error { time.Sleep(time.Millisecond); return nil },
			flush:  func(context.Context) error { flushed++; return nil },
		}
		s := observe(t, func(i *observability.Instance) { i.Exporters = append(i.Exporters, slow) })
		for round := range 3 {
			s.record(20)
			if err := s.Flush(t.Context()); err != nil {
				t.Error(err)
			}
			of := s.Stats().Instances[0].Exporters[1].Spans.Ledger
			if of.Delivered != int64(20*(round+1)) || flushed != round+1 {
				t.Errorf("after Flush: %+v, %d flushes", of, flushed)
			}
		}
	})
}

func TestInstances(t *testing.T) {
	var shared, extra observability.Memory
	shut := new(exporter)
	instance := func(name string, exporters ...observability.Exporter) observability.Instance {
		return observability.Instance{Name: name, ServiceName: "service of " + name, Exporters: exporters}
	}
	type tenant struct{}
	var log buffer
	o, err := observability.New(observability.Config{
		Instances: []observability.Instance{instance("a", &shared, shut), instance("b", &shared, &extra, shut)},
		Selector: func(ctx context.Context, r observability.Root) string {
			name, _ := ctx.Value(tenant{}).(string)
			if name == "panic" {
				panic("canary-of-a-prompt")
			}
			return name
		},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "a", "b", "unknown", "panic"} {
		ctx, root := o.Tracer().Start(context.WithValue(t.Context(), tenant{}, name), name, nil)
		_, child := o.Tracer().Start(context.WithValue(ctx, tenant{}, "a"), "child of "+name, nil)
		child.End()
		root.End()
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := o.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(shared.Spans()) != 10 || len(extra.Spans()) != 2 || shut.shut.Load() != 1 {
		t.Errorf("%d and %d spans, shut down %d times", len(shared.Spans()), len(extra.Spans()), shut.shut.Load())
	}
	for _, one := range extra.Spans() {
		if want := "b"; !strings.HasSuffix(one.Name, want) {
			t.Errorf("%s is in b", one.Name)
		}
	}
	if strings.Contains(log.String(), "canary") || len(log.lines("Selector")) != 1 {
		t.Errorf("log:\n%s", &log)
	}
}

// TestManyGoroutinesRaceWithTheEnd: every span is accounted for.
func TestManyGoroutinesRaceWithTheEnd(t *testing.T) {
	s := observe(t, func(i *observability.Instance) { i.Queue = 1 << 16 })
	var wg sync.WaitGroup
	const producers, each = 64, 100
	half := make(chan struct{}) // the first producer is half through
	for producer := range producers {
		wg.Go(func() {
			for n := range each {
				if producer == 0 && n == each/2 {
					close(half)
				}
				ctx, root := s.tracer.Start(context.Background(), "root", span.AgentRun{})
				_, child := observability.Start(ctx, "child", span.ToolCall{})
				child.End()
				root.End()
			}
		})
	}
	wg.Go(func() { _ = s.Flush(t.Context()); _ = s.Stats() })
	wg.Go(func() { <-half; _ = s.Shutdown(t.Context()) })
	wg.Wait()
	if err := s.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	l := s.Stats().Instances[0].Spans.Ledger
	if l.Accepted+l.Refused != 2*producers*each || l.Balance() != 0 || l.Delivered != int64(len(s.memory.Spans())) {
		t.Errorf("%+v, in memory %d", l, len(s.memory.Spans()))
	}
}
