package sqlite

import (
	"fmt"

	"github.com/tailrace-go/tailrace/server/store"
)

// A day file's schema. Integers unless said; times in ns since 1970, cost in nano-dollars (-1: not known), names are
// ids of dict.
//
// A row of seg is what one transaction brought for a trace: what the store knows of its spans, see appendRow, and the
// packed frames. Its id is the trace's tid and a number within the trace, see segmentID, so that the parts of a trace lie
// together and in order. Of several entries for a span the last one counts. Records of no trace have ids below 0.
//
// A row of post says which traces got the facet (k, v) in one transaction n, among those that start in a minute. It is
// only ever added to, so what it names is a candidate: traces.facets has the truth, and traces.start the minute.
//
// A row of texts is what a search looks through, of the traces of a transaction that start in a minute, see textID and
// appendEntries. These are candidates as well.
//
// pend holds costs that metrics told of spans that are not here yet. A trace of which only records came has spans = 0,
// and no list shows it.
const schemaV1 = `
CREATE TABLE dict (id INTEGER PRIMARY KEY, s TEXT NOT NULL UNIQUE);
CREATE TABLE traces (
	tid INTEGER PRIMARY KEY, trace_id BLOB NOT NULL UNIQUE, start, dur, spans, errors, stat, cover,
	tin, tout, ttot, treason, tcache, cost, seen, root, rstart, rdur, rflags,
	service, srank, sat, sid, name, type, facets BLOB, preview TEXT);
CREATE INDEX t_start ON traces (start) WHERE spans > 0;
CREATE INDEX t_error ON traces (start) WHERE spans > 0 AND errors > 0;
CREATE INDEX t_open ON traces (start) WHERE spans > 0 AND stat < 2;
CREATE TABLE seg (id INTEGER PRIMARY KEY, spans BLOB, data BLOB);
CREATE TABLE post (k, v, minute, n, tids BLOB, PRIMARY KEY (k, v, minute, n)) WITHOUT ROWID;
CREATE TABLE texts (id INTEGER PRIMARY KEY, data BLOB);
CREATE TABLE rollup (
	res, t, service, type, name, model, n, errors, tin, tout, ttot, treason, tcache, cost, hist BLOB,
	PRIMARY KEY (res, t, service, type, name, model)) WITHOUT ROWID;
CREATE TABLE rec (kind, rid BLOB, tid, span, at, seg, cost, PRIMARY KEY (kind, rid)) WITHOUT ROWID;
CREATE INDEX rec_tid ON rec (tid) WHERE tid > 0;
CREATE INDEX rec_at ON rec (at);
CREATE TABLE pend (tid, span, cost, PRIMARY KEY (tid, span)) WITHOUT ROWID;
CREATE TABLE idem (key TEXT PRIMARY KEY, sum BLOB) WITHOUT ROWID;
CREATE TABLE total (id INTEGER PRIMARY KEY, spans, traces, records, commits);
INSERT INTO total VALUES (1, 0, 0, 0, 0);
`

// schemaV2 lets lists be sorted by something else than start.
const schemaV2 = `
CREATE INDEX t_dur ON traces (dur) WHERE spans > 0;
CREATE INDEX t_tokens ON traces (ttot) WHERE spans > 0;
CREATE INDEX t_cost ON traces (cost) WHERE spans > 0;
`

// migrations lead from a file of version i to one of i+1. They are never changed once released.
var migrations = []string{schemaV1, schemaV2}

const applicationID = 0x74726365 // "trce"

// migrate brings a file to this version, in one transaction. It refuses a file of a newer version, and one that is not
// ours.
func migrate(c *conn, steps []string) error {
	if done, err := migrated(c, steps); done || err != nil {
		return err
	}
	if err := c.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err := migrateLocked(c, steps)
	if err != nil {
		_ = c.run("ROLLBACK") // the first error says more
	}
	return err
}

func migrated(c *conn, steps []string) (bool, error) {
	version, err := c.number("PRAGMA user_version")
	if err != nil {
		return false, err
	}
	id, err := c.number("PRAGMA application_id")
	if err != nil {
		return false, err
	}
	switch {
	case version > 0 && id != applicationID:
		return false, fmt.Errorf("store: not a file of tailrace: application id %#x", id)
	case version > int64(len(steps)):
		return false, fmt.Errorf("%w: schema %d, this version knows %d", store.ErrNewer, version, len(steps))
	}
	return version == int64(len(steps)), nil
}

// migrateLocked asks for the version again: another connection may have been faster.
func migrateLocked(c *conn, steps []string) error {
	version, err := c.number("PRAGMA user_version")
	if err != nil {
		return err
	}
	for _, step := range steps[min(int(version), len(steps)):] {
		if err := c.run(step); err != nil {
			return err
		}
	}
	return c.run(fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT", applicationID, len(steps)))
}
