package faults

const spoolDir = "sink/spool"

var spoolRows = Section{Title: "The spool", Rows: []Row{
	{"S-1", "kill -9 at random times of a process that puts and removes", "0 acknowledged lost", spoolDir, "TestKill9"},
	{"S-2", "power loss at every operation of scripts of three batches, random beyond", "0 acknowledged lost, as far as the mode promises; opens always", spoolDir, "TestPowerFailsAtEveryOperation"},
	{"S-3", "the last file cut at each byte of its last 64 KiB; opened anew at each 61st, or with TAILRACE_SPOOL_TORN=1 at each", "opens; the torn one counted; writing works", spoolDir, "TestTornAtEachByte"},
	{"S-4", "one bit flipped at each of 10,000 random offsets", "exactly the batch it hit is quarantined; never sends bytes that differ", spoolDir, "TestOneBitFlipped"},
	{"S-5", "empty file, zeroes, foreign file, sub-directory, symlink, name of 255 bytes", "skipped and counted, or quarantined; links not followed", spoolDir, "TestWhatIsNotTheSpools"},
	{"S-5.many", "a directory of very many files", "handled", spoolDir, "TestManyFiles"},
	{"S-6", "ENOSPC from each operation on, then room again", "counted; sent from memory; used again without a restart; 0 acknowledged lost", "observability", "TestSpoolDiskFull"},
	{"S-6.real", "ENOSPC of a file system of the kernel, then room again", "an error of each Put; works again without a restart; 0 acknowledged lost", spoolDir, "TestARealDiskIsFull"},
	{"S-7.errors", "ENOSPC, EDQUOT, EROFS, EACCES, EIO at each operation, once", "an error, nothing half done; works again without a restart", spoolDir, "TestAnErrorAtEveryOperation"},
	{"S-7.readonly", "a file system of the kernel that is read-only", "an error that names the directory", spoolDir, "TestARealDiskIsReadOnly"},
	{"S-7.removed", "the directory is removed while it is open", "errors, no crash", spoolDir, "TestTheDirectoryIsRemovedWhileItRuns"},
	{"S-7.start", "no directory, a file in its place, a wrong configuration at start", "an error that names it", spoolDir, "TestStartErrorsNameWhatFailed"},
	{"S-7.unwritable", "EACCES, EROFS, EPERM, ENOSPC, EDQUOT of each operation of the start", "an error that names the directory, and nothing changed; that there is no room is none", spoolDir, "TestTheStartFailsAtEveryOperation"},
	{"S-8", "fsync fails once with EIO", "not acknowledged; written again to a new file", spoolDir, "TestASyncThatFailsIsNotTrusted"},
	{"S-8.real", "fdatasync fails once with EIO, put there by strace", "not acknowledged; written again to a new file", spoolDir, "TestARealSyncFails"},
	{"S-9", "two processes, one directory", "the second gets ErrLocked; free again after kill -9", spoolDir, "TestTwoProcesses"},
	{"S-10", "a backlog: 1 GiB, here less", "open ≤ 100 ms, first send ≤ 200 ms, RSS ≤ 64 MiB, nothing left on disk", "internal/spoolbench", "TestBacklog"},
	{"S-11", "the size cap is reached", "the oldest or the newest dropped, by policy, counted in spans", "observability", "TestSpoolIsFull"},
	{"S-12", "a poison batch, which the server always refuses", "a dead letter; does not block those behind it", "observability", "TestSpoolRefused"},
	{"S-13", "a rejected delivery", "acknowledges nothing", "observability", "TestSpoolRefused"},
	{"S-14", "a crash right after a removal", "no state besides the files, so nothing can disagree", spoolDir, "TestACrashAfterARemovalLeavesNothingToDisagree"},
	{"S-15", "counters after a restart", "equal to the directory; never below 0", "observability", "TestSpoolCountersAfterARestart"},
	{"S-16", "closed without a flush", "Close flushes, and syncs", "observability", "TestSpoolIsClosedWithoutFlush"},
	{"S-17", "the sequence wraps, or jumps", "in order", spoolDir, "TestOrderAcrossTheWrap"},
	{"S-18", "a spool of an earlier release, and of a newer one", "reads the old; refuses the newer and leaves it alone", spoolDir, "TestGoldenDirectory"},
	{"S-19", "permissions; a token in a file", "directory 0700, files 0600, no token inside", spoolDir, "TestPermissionsAndNoToken"},
	{"shutdown.spool", "the end of the time for a shutdown, in each state, with a spool", "all that was accepted is delivered or spooled; returns by the deadline + 100 ms", "observability", "TestSpoolAtShutdown"},
}}
