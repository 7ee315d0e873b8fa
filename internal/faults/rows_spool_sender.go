package faults

// These are about who sends from a spool; the others of the section, about the spool itself.
func init() {
	spoolRows.Rows = append(spoolRows.Rows, []Row{
		{"S-6", "ENOSPC from each operation on, then room again", "counted; sent from memory; used again without a restart; 0 acknowledged lost", "observability", "TestSpoolDiskFull"},
		{"S-10", "a backlog: 1 GiB, here less", "open ≤ 100 ms, first send ≤ 200 ms, RSS ≤ 64 MiB, nothing left on disk", "internal/spoolbench", "TestBacklog"},
		{"S-11", "the size cap is reached", "the oldest or the newest dropped, by policy, counted in spans", "observability", "TestSpoolIsFull"},
		{"S-12", "a poison batch, which the server always refuses", "a dead letter; does not block those behind it", "observability", "TestSpoolRefused"},
		{"S-13", "a rejected delivery", "acknowledges nothing", "observability", "TestSpoolRefused"},
		{"S-15", "counters after a restart", "equal to the directory; never below 0", "observability", "TestSpoolCountersAfterARestart"},
		{"S-16", "closed without a flush", "Close flushes, and syncs", "observability", "TestSpoolIsClosedWithoutFlush"},
		{"shutdown.spool", "the end of the time for a shutdown, in each state, with a spool", "all that was accepted is delivered or spooled; returns by the deadline + 100 ms", "observability", "TestSpoolAtShutdown"},
	}...)
}
