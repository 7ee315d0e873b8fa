// Package spanfile reads span records from files of any size, one record in memory at a time.
//
// A file is a sequence of JSON values, on one line each or over many: records of spans (NDJSON), bodies as exporters send
// them ({"spans":[…]}), and arrays of records. It may be compressed by gzip or zstd, which its first bytes say, not its
// name.
//
// What cannot be read costs as little as possible. A record that is JSON but no span is the caller's to judge. One whose
// brackets or quotes do not fit, or that is cut off, is a [*RecordError], and reading goes on where the next record begins:
// at the next line that begins like the line of the bad one.
package spanfile
