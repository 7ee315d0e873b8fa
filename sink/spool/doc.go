// Package spool keeps bodies in a directory until an endpoint has them: one checksummed file for each.
// A [Dir] is the [sink.Spool] that senders use.
//
// # What it promises
//
// A body is acknowledged when [Dir.Put] returns nil. From then on the end of the process, however
// sudden, does not lose it. As to a power failure:
//
//   - with [SyncInterval], the default, up to SyncEvery (100 ms) of spooled data can be lost on power
//     failure, none on a process crash;
//   - with [SyncEach], none is lost on either.
//
// Damage is confined to the file that it hit, which is checked whole before anything of it is sent:
// it is moved to the folder quarantine, and no other entry is touched. There is no index and no
// state besides the files, so that nothing can disagree with them; nothing is compacted; and a queue
// that was delivered takes no room.
//
// # What it costs
//
// With [SyncEach] a Put makes a file and its name safe, each of which is a commit of the file system's
// journal; several at once share that of the names. `go run ./bench/compare -job Spool -by MiB` stores
// records so and in bbolt, on the disk of TAILRACE_BENCH_DIR. Small ones would be stored sooner in one log.
//
// # The directory
//
//	<dir>/LOCK          locked while a process has the spool open
//	<dir>/<name>.batch  an entry; <name> is <seq, 16 hex digits>-<items>-<bytes>-<created, unix seconds>
//	<dir>/<name>.tmp    one that is being written, or that a crash cut short: the next Open removes it
//	<dir>/quarantine/   what was damaged, under the same names; capped by size and age
//	<dir>/dead/         what the endpoint has refused for good; capped likewise
//
// Directories are made with mode 0700 and files with 0600. A file holds a body as it is sent, its
// content type and encoding, its Idempotency-Key and where its items are; no token is among that.
// Whatever else lies in the directory is left alone.
//
// Whoever removes or moves the directory of a running process takes its lock away, too.
//
// # Looking into one
//
// [Look] shows a spool that some process has open. [Dir.List], [Dir.Requeue] and [Dir.Drop] deal with
// dead letters, when none has.
package spool
