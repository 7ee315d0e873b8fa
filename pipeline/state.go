package pipeline

// State says how far the run of a pipeline has come.
type State string

// The states, in their order. A pipeline that was shut down before it ran, or could not be built, has ended.
const (
	StateNew      State = "new"      // Run has not begun
	StateRunning  State = "running"  // items enter
	StateDraining State = "draining" // the sources have ended, or were told to; what is in flight goes on
	StateEnded    State = "ended"    // Run has returned, or is about to
)

func (p *Pipeline) state() State {
	switch {
	case isClosed(p.over):
		return StateEnded
	case !p.isBuilt():
		return StateNew
	case isClosed(p.ending):
		return StateDraining
	}
	return StateRunning
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
