package observability

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"

	"github.com/tailrace-go/tailrace/internal/foreign"
	"github.com/tailrace-go/tailrace/pipeline"
)

// Observability is a set of running instances. Make one with [New], take its [Tracer], and end it with Shutdown. All
// methods may be called by many goroutines at once.
type Observability struct {
	instances []*instance // the first is used where nothing else is said
	named     map[string]*instance
	outlets   []*outlet
	selector  func(ctx context.Context, root Root) string
	logger    *slog.Logger
	bridge    Bridge // nil too where nothing is recorded
	tracer    Tracer
	oddities  onceEach

	stop stopper
}

// outlet is an exporter and the lanes that lead to it: several, where instances share it.
type outlet struct {
	exporter Exporter
	lanes    []*lane
}

// New starts what cfg describes. Its errors match [pipeline.ErrConfig] and name the field; then nothing runs, and the
// exporters in cfg are still the caller's.
func New(cfg Config) (*Observability, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	o := &Observability{named: map[string]*instance{}, selector: cfg.Selector, logger: cfg.Logger}
	o.tracer.home = o
	if cfg.Default {
		i, err := defaultInstance(cfg)
		if err != nil {
			return nil, err
		}
		o.add(i)
	}
	for _, i := range cfg.Instances {
		o.add(i)
	}
	for _, i := range o.instances {
		if i.disabled == "" {
			o.bridge = cfg.Bridge
		}
	}
	for _, i := range o.instances {
		i.bridge = o.bridge
		i.start()
	}
	return o, nil
}

// add makes an instance, and joins its exporters with those of the others.
func (o *Observability) add(cfg Instance) {
	i := newInstance(cfg, o.logger)
	i.home = o
	o.instances = append(o.instances, i)
	o.named[cfg.Name] = i
	for _, l := range i.lanes {
		found := false
		for _, out := range o.outlets {
			if found = same(out.exporter, l.exporter); found {
				out.lanes = append(out.lanes, l)
				break
			}
		}
		if !found {
			o.outlets = append(o.outlets, &outlet{l.exporter, []*lane{l}})
		}
	}
}

// same compares two exporters, of which one may be of a type that == panics on.
func same(a, b Exporter) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.TypeOf(a).Comparable() && a == b
}

// Tracer returns the tracer of all instances: where a trace starts it chooses one of them.
func (o *Observability) Tracer() *Tracer {
	if o == nil {
		return nil
	}
	return &o.tracer
}

// choose picks the instance of a new trace.
func (o *Observability) choose(ctx context.Context, root Root) *instance {
	if o.selector != nil {
		var name string
		if o.guard("Config.Selector", func() { name = o.selector(ctx, root) }) {
			if i, ok := o.named[name]; ok {
				return i
			}
		}
	}
	return o.instances[0]
}

// guard runs a function of the user's, and says once in the log if it panics.
func (o *Observability) guard(name string, f func()) (ok bool) {
	defer func() {
		if r := recover(); r != nil { // r may hold a piece of a prompt: it is not for the log
			o.oddities.do(name, func() { o.logger.Error("observability: " + name + " panics") })
		}
	}()
	f()
	return true
}

// onceEach runs a function once for each key.
type onceEach struct{ seen sync.Map }

func (e *onceEach) do(key string, f func()) {
	if _, before := e.seen.LoadOrStore(key, true); !before {
		f()
	}
}

// Flush returns nil when every span that ended before the call was exported, and its exporters have delivered it or
// accounted for it. Nothing stops meanwhile. If ctx ends first, the errors name the instances and exporters that were
// not done; the others are.
func (o *Observability) Flush(ctx context.Context) error {
	if o == nil {
		return nil
	}
	ready := make(map[*instance]chan struct{}, len(o.instances))
	var all errs
	var wg sync.WaitGroup
	for _, i := range o.instances {
		done := make(chan struct{})
		ready[i] = done
		wg.Go(func() {
			defer close(done)
			all.add(i.name, "", i.pipe.Flush(ctx))
		})
	}
	for _, out := range o.outlets {
		wg.Go(func() {
			var lanes sync.WaitGroup
			for _, l := range out.lanes {
				lanes.Go(func() {
					<-ready[l.owner]
					all.add(l.owner.name, l.name, l.pipe.Flush(ctx))
				})
			}
			lanes.Wait()
			first := out.lanes[0]
			all.add(first.owner.name, first.name, foreign.Call(ctx, "Flush", out.exporter.Flush))
		})
	}
	wg.Wait()
	return all.join()
}

// Shutdown ends all instances: spans that ended before it are processed, exported and delivered, then the exporters are
// shut down. It returns nil if nothing was lost, and else an [*Error] for each place where something was, joined, with
// exact numbers. When ctx ends, of this call or of another one, what is not delivered yet is given up. Every call
// returns the same. A span that ends later goes nowhere, and is counted as refused.
func (o *Observability) Shutdown(ctx context.Context) error {
	if o == nil {
		return nil
	}
	return o.stop.do(ctx, func(ctx context.Context) error {
		ready := make(map[*instance]chan struct{}, len(o.instances))
		var all errs
		var wg sync.WaitGroup
		for _, i := range o.instances {
			done := make(chan struct{})
			ready[i] = done
			wg.Go(func() {
				defer close(done)
				all.add(i.name, "", i.shutdown(ctx))
			})
		}
		for _, out := range o.outlets { // each by itself: one that is stuck leaves the others their time
			wg.Go(func() {
				var lanes sync.WaitGroup
				for _, l := range out.lanes {
					lanes.Go(func() {
						<-ready[l.owner]
						all.add(l.owner.name, l.name, l.shutdown(ctx))
					})
				}
				lanes.Wait()
				first := out.lanes[0]
				all.add(first.owner.name, first.name, foreign.Call(ctx, "Shutdown", out.exporter.Shutdown))
			})
		}
		wg.Wait()
		return all.join()
	})
}

// Stats is a picture of all instances.
type Stats struct {
	Instances []InstanceStats `json:"instances"`
}

// InstanceStats is the account of one instance.
type InstanceStats struct {
	Name        string          `json:"name"`
	ServiceName string          `json:"service_name"`
	Disabled    string          `json:"disabled,omitempty"` // why it records nothing; "" if it does
	Late        int64           `json:"late"`               // calls that came after the End of their span, and changed nothing
	Blanked     int64           `json:"blanked"`            // values that could not be redacted, and so were taken out whole
	Spans       pipeline.Stats  `json:"spans"`              // of finished spans: processors, and what goes on to the exporters
	Exporters   []ExporterStats `json:"exporters"`
}

// ExporterStats is the account of what waits for one exporter, and what it took.
type ExporterStats struct {
	Name  string         `json:"name"` // its Go type
	Spans pipeline.Stats `json:"spans"`
}

// Stats returns a picture of all instances. Its ledgers are exact whenever nothing moves.
func (o *Observability) Stats() Stats {
	var s Stats
	if o == nil {
		return s
	}
	for _, i := range o.instances {
		of := InstanceStats{Name: i.name, ServiceName: i.service, Disabled: i.disabled, Late: i.late.Load(), Spans: i.pipe.Stats()}
		if i.redactor != nil {
			of.Blanked = i.redactor.Failed()
		}
		for _, l := range i.lanes {
			of.Exporters = append(of.Exporters, ExporterStats{l.name, l.pipe.Stats()})
		}
		s.Instances = append(s.Instances, of)
	}
	return s
}

// errs gathers errors of several goroutines.
type errs struct {
	mu  sync.Mutex
	all []error
}

func (e *errs) add(instance, exporter string, err error) {
	if err == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all = append(e.all, &Error{instance, exporter, err})
}

func (e *errs) join() error { return errors.Join(e.all...) }
