package faults

var shutdownRows = Section{Title: "Shutdown", Rows: shutdownCells()}

// shutdownCells are nine states in which Shutdown may come, each in five ways.
func shutdownCells() (rows []Row) {
	states := []struct{ id, state, time, cut string }{
		{"idle", "idle", "nothing to do", "returns at once"},
		{"half", "batch half full", "flushed as a short batch, delivered", "spooled, else abandoned"},
		{"compressing", "compressing", "finished, delivered", "spooled plain, else abandoned"},
		{"connecting", "connecting", "connects, delivered", "dial cut; spooled, else abandoned"},
		{"sending", "body half sent", "finished, delivered", "cut; spooled, else abandoned (may be a duplicate later)"},
		{"waiting", "waiting for the answer", "awaited", "cut; spooled, else abandoned: outcome unknown, never counted delivered"},
		{"retrying", "in a retry sleep", "woken at once, tried until the deadline", "woken at once; spooled, else abandoned"},
		{"blocked", "blocked on a full link", "drained in order", "producers are released with ErrClosed (refused); queued items abandoned"},
		{"spooling", "writing the spool", "write completes: spooled", "completes, or temporary file removed and counted"},
	}
	for _, s := range states {
		for _, way := range []struct{ id, fault, expected string }{
			{"time", "Close with a generous deadline", s.time},
			{"cut", "Close with ctx already cancelled, or its deadline in the middle", s.cut},
			{"twice", "Close several times at once", "all get the same result, by the first deadline"},
			{"producers", "Close racing 1,000 producers", "Push gives nil or ErrClosed, never a panic"},
			{"signal", "SIGTERM to a real process", "what was accepted is delivered; then the process dies of the signal"},
		} {
			row := Row{ID: "shutdown." + s.id + "." + way.id, Package: "observability", Test: "TestShutdownInEachState"}
			row.Fault, row.Expected = way.fault+", "+s.state, way.expected
			if way.id == "signal" {
				row.Test = "TestShutdownOnSignalInEachState"
			}
			rows = append(rows, row)
		}
	}
	return rows
}
