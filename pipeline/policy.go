package pipeline

import (
	"context"
	"errors"
	"time"
)

// Policy says what a stage does when an item, or the stage itself, fails. Whatever it says, the
// item is counted as failed, once. The zero Policy is the default: Skip for operators, FailRun
// for actors and sinks.
//
// When an actor's function fails, what it held is failed. FailRun ends the run. Skip and
// ToDeadLetters call the function again at once, with the same inlet and outlet, however often; use
// [Restart] where it may fail for longer, or where the item at hand is worth another try.
type Policy struct {
	kind    policyKind
	retry   *RetryConfig
	restart *RestartConfig
	dead    deadLetters
}

type policyKind uint8

const (
	policyDefault policyKind = iota
	policyFail
	policySkip
	policyRetry
	policyDead
	policyRestart
)

var (
	// FailRun ends the sources; the other stages drain, and Run returns the error.
	FailRun = Policy{kind: policyFail}
	// Skip counts the item and goes on.
	Skip = Policy{kind: policySkip}
)

// Retry has an operator try an item again, after pauses that grow and are drawn at random, and then
// does what RetryConfig.Then says. For actors there is [Restart].
func Retry(cfg RetryConfig) Policy { return Policy{kind: policyRetry, retry: &cfg} }

// ToDeadLetters hands the item that failed to letters, whose flow another stage or sink takes.
func ToDeadLetters[T any](letters *DeadLetters[T]) Policy {
	return Policy{kind: policyDead, dead: letters}
}

// RetryConfig says how often and when to try again.
type RetryConfig struct {
	Attempts int           // tries after the first; 0 means 3
	Min      time.Duration // pause after the first failure, at most; 0 means 100 ms
	Max      time.Duration // longest pause; 0 means 30 s
	Then     Policy        // when all tries are used up: Skip (the default), FailRun or ToDeadLetters
}

// again reports whether the policy calls a function again: it can then not be the last word.
func (p Policy) again() bool { return p.kind == policyRetry || p.kind == policyRestart }

func (p Policy) check() error {
	switch p.kind {
	case policyRetry:
		return p.retry.check()
	case policyRestart:
		return p.restart.check()
	}
	return nil
}

func (c RetryConfig) check() error {
	switch {
	case c.Attempts < 0:
		return errors.New("RetryConfig.Attempts is negative")
	case c.Min < 0 || c.Max < 0:
		return errors.New("RetryConfig.Min or Max is negative")
	case c.Then.again():
		return errors.New("RetryConfig.Then is itself a Retry or Restart")
	}
	return nil
}

func (c RetryConfig) attempts() int {
	if c.Attempts == 0 {
		return 3
	}
	return c.Attempts
}

// pause waits before try number n+1, counted from 0. It reports false if ctx ended.
func (c RetryConfig) pause(ctx context.Context, n int) bool {
	t := time.NewTimer(pauseOf(c.Min, c.Max, n))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// WithReason makes the loss that err causes be counted under reason.
func WithReason(reason string, err error) error { return &reasonError{reason, err} }

// HasReason reports whether an error says under which reason it is counted, as [WithReason] makes it: a stage that has a
// word of its own for errors of a kind leaves such a one as it is.
func HasReason(err error) bool {
	var r *reasonError
	return errors.As(err, &r)
}

type reasonError struct {
	reason string
	err    error
}

func (e *reasonError) Error() string { return e.err.Error() }
func (e *reasonError) Unwrap() error { return e.err }

// reasonOf returns the reason under which a loss by err is counted.
func reasonOf(err error) string {
	var r *reasonError
	if errors.As(err, &r) {
		return r.reason
	}
	var p *PanicError
	if errors.As(err, &p) {
		return ReasonStagePanic
	}
	return ReasonError
}

// failItem counts an item as failed and does what the stage's policy says.
func (seg *segment) failItem(n *node, item any, weight int64, err error) {
	seg.lose(n, failed, reasonOf(err), item, weight, err)
	seg.obey(n.stage.policy, n.stage, item, err)
}

// obey does what a policy says beyond counting.
func (seg *segment) obey(policy Policy, s *stage, item any, err error) {
	switch policy.kind {
	case policyFail:
		seg.p.fail(asStageError(s.name, err))
	case policyDead:
		policy.dead.take(seg, s.name, item, err)
	case policyRetry:
		seg.obey(policy.retry.Then, s, item, err)
	case policyRestart:
		seg.obey(policy.restart.Item, s, item, err)
	}
}

// tries wraps an operator so that an item that fails is tried again.
func (in *In[A]) tries(cfg RetryConfig, do func(*A)) func(*A) {
	return func(item *A) {
		in.trying = true
		defer func() { in.trying = false }()
		for n := 0; ; n++ {
			in.cause = nil
			if do(item); in.cause == nil {
				return
			}
			if n == cfg.attempts() {
				in.giveUp(item, ReasonRetriesExhausted)
				return
			}
			if !cfg.pause(in.seg.ctx, n) {
				in.seg.lose(in.node, abandoned, in.seg.p.abortReason(), *item, int64(in.weight(item)), in.cause)
				return
			}
		}
	}
}

func (in *In[A]) giveUp(item *A, reason string) {
	in.trying = false
	in.Failed(item, WithReason(reason, in.cause))
}
