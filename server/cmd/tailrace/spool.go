package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/sink/spool"
)

const aboutSpool = `Looks into the directory in which an exporter keeps batches until its endpoint has them, sends
what is there, and removes it.

	tailrace spool ls DIR
	tailrace spool stat DIR
	tailrace spool replay DIR --endpoint URL
	tailrace spool drop DIR --dead --older 24h --yes

ls and stat also work while a program has the spool open, replay and drop when none has. A
batch is waiting, or dead, which is one that the endpoint has refused for good, or in
quarantine, which is one that was found damaged.

replay sends what waits to an endpoint, the oldest batch first, and with --dead also what is
dead; what was delivered is then gone from the spool. The first Ctrl-C waits for the requests on
their way, a second one does not. What was not delivered is still in the spool. drop removes
batches for good.

` + aboutWhere + `
The exit code is
  0    all is well; of replay: everything was delivered
  1    something failed; of replay: batches are left, or were refused, or damaged
  2    the command line is wrong
  130  replay was interrupted by Ctrl-C (143: by SIGTERM) before everything was delivered
`

const helpSpool = "tailrace help spool"

// spoolFlags is what `tailrace spool` can be told.
type spoolFlags struct {
	whereFlags

	dead, quarantine, yes, json, quiet bool
	older, giveUp                      time.Duration
	concurrency                        int
}

func (f *spoolFlags) set() *flag.FlagSet {
	flags := newFlags("spool ls|stat|replay|drop DIR", aboutSpool)
	f.add(flags)
	flags.BoolVar(&f.json, "json", false, "print JSON; of replay: the final ledger, as one line")
	flags.BoolVar(&f.dead, "dead", false, "replay: first take back what is dead; drop: only that")
	flags.BoolVar(&f.quarantine, "quarantine", false, "drop: only what is in quarantine")
	flags.DurationVar(&f.older, "older", 0, "drop: only what was put so long ago, such as 24h")
	flags.BoolVar(&f.yes, "yes", false, "drop indeed")
	flags.IntVar(&f.concurrency, "concurrency", 1, "replay: `requests` at once; with more than 1, batches may overtake each other")
	flags.DurationVar(&f.giveUp, "give-up-after", 5*time.Minute, "replay: how long the endpoint may be down before this ends; 0 means for ever")
	flags.BoolVar(&f.quiet, "quiet", false, "replay: show no progress and no summary, only problems")
	return flags
}

// spoolWords may follow spool.
var spoolWords = []string{"ls", "stat", "replay", "drop"}

func spoolCommand(ctx context.Context, args []string, stdout, stderr *os.File) error {
	var f spoolFlags
	operands, done, err := parseWith(f.set(), args, stdout)
	if done || err != nil {
		return err
	}
	word, rest, err := wordOf("spool", spoolWords, operands)
	if err != nil {
		return err
	}
	if err := f.check(word, rest); err != nil {
		return err
	}
	dir := rest[0]
	if info, err := os.Stat(dir); err != nil || !info.IsDir() { //nolint:gosec // the user's own folder
		return fmt.Errorf("there is no spool in %s", printable(dir)) // to open one would make it
	}
	switch word {
	case "ls":
		return f.list(dir, stdout)
	case "stat":
		return f.stat(dir, stdout)
	case "drop":
		return f.drop(dir, stdout)
	}
	return f.replay(ctx, dir, stdout, stderr)
}

func (f *spoolFlags) check(word string, rest []string) error {
	var fault string
	switch {
	case len(rest) != 1:
		fault = "spool " + word + " wants one DIR"
	case word != "drop" && (f.quarantine || f.yes || f.older != 0):
		fault = "--quarantine, --older and --yes are for drop"
	case f.dead && word != "drop" && word != "replay":
		fault = "--dead is for replay and drop"
	case word != "replay" && (f.whereFlags != whereFlags{wire: 1} || f.quiet || f.concurrency != 1 || f.giveUp != 5*time.Minute):
		fault = "flags of an endpoint, --concurrency, --give-up-after and --quiet are for replay"
	case f.older < 0:
		fault = fmt.Sprintf("--older is negative: %v", f.older)
	case f.concurrency < 1 || f.concurrency > 256:
		fault = fmt.Sprintf("--concurrency must be 1 to 256, not %d", f.concurrency)
	case f.giveUp < 0:
		fault = fmt.Sprintf("--give-up-after is negative: %v", f.giveUp)
	case word == "drop" && !f.yes:
		fault = fmt.Sprintf("what is dropped from %s would be gone for good: say --yes", printable(rest[0]))
	default:
		return nil
	}
	return &usageError{fault, helpSpool}
}

// spoolFolders are the parts of a spool, as people call what is in them.
var spoolFolders = []struct {
	folder spool.Folder
	state  string
}{{spool.Queue, "waiting"}, {spool.Dead, "dead"}, {spool.Quarantine, "quarantine"}}

// openSpool opens a spool for this process, which removes nothing of it by itself.
func openSpool(dir string) (*spool.Dir, error) {
	all := spool.Keep{MaxBytes: math.MaxInt64, MaxAge: 100 * 365 * 24 * time.Hour}
	d, err := spool.Open(spool.Config{Dir: dir, Dead: all, Quarantine: all})
	if errors.Is(err, spool.ErrLocked) {
		return nil, fmt.Errorf("%w: end it first (ls and stat work beside it)", err)
	}
	return d, err
}

// listedBatch is one line of ls.
type listedBatch struct {
	Seq     string    `json:"seq"` // 16 hex digits, as in the file's name
	State   string    `json:"state"`
	Items   int       `json:"items"`
	Bytes   int64     `json:"bytes"`
	Created time.Time `json:"created"`
	Age     int64     `json:"age_seconds"`
}

func (f *spoolFlags) list(dir string, stdout io.Writer) error {
	view, now := spool.Look(dir, nil), time.Now()
	all := []listedBatch{}
	for _, folder := range spoolFolders {
		c, err := look(view, folder.folder)
		if err != nil {
			return err
		}
		for _, e := range c.Entries {
			age := now.Sub(e.Created) / time.Second
			all = append(all, listedBatch{fmt.Sprintf("%016x", e.Seq), folder.state, e.Items, e.Bytes, e.Created.UTC(), int64(age)})
		}
	}
	if f.json {
		return printJSON(stdout, all)
	}
	rows := make([][]string, len(all))
	for i, b := range all {
		rows[i] = []string{b.Seq, b.State, strconv.Itoa(b.Items), strconv.FormatInt(b.Bytes, 10), aged(b.Age)}
	}
	return table(stdout, "SEQ\tSTATE\tITEMS\tBYTES\tAGE", rows)
}

// look lists a folder of a spool; one that is not there is empty.
func look(view *spool.View, folder spool.Folder) (spool.Contents, error) {
	c, err := view.List(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return spool.Contents{}, nil
	}
	return c, err
}

// aged is an age in the unit in which it is told.
func aged(seconds int64) string {
	switch {
	case seconds < 120:
		return fmt.Sprintf("%ds", max(seconds, 0))
	case seconds < 2*60*60:
		return fmt.Sprintf("%dm", seconds/60)
	case seconds < 48*60*60:
		return fmt.Sprintf("%dh", seconds/60/60)
	}
	return fmt.Sprintf("%dd", seconds/60/60/24)
}

// folderSums are what stat says of one folder.
type folderSums struct {
	Batches int   `json:"batches"`
	Items   int   `json:"items"`
	Bytes   int64 `json:"bytes"`
	Oldest  int64 `json:"oldest_seconds"` // age; 0 if it is empty
}

func (f *spoolFlags) stat(dir string, stdout io.Writer) error {
	view, now := spool.Look(dir, nil), time.Now()
	sums := map[string]folderSums{}
	var rows [][]string
	temporary, foreign := 0, 0
	for _, folder := range spoolFolders {
		c, err := look(view, folder.folder)
		if err != nil {
			return err
		}
		temporary += c.Temporary
		foreign += c.Foreign
		s := folderSums{Batches: len(c.Entries), Items: c.Items(), Bytes: c.Bytes()}
		oldest := "-"
		if len(c.Entries) > 0 {
			first := slices.MinFunc(c.Entries, func(a, b sink.SpoolEntry) int { return a.Created.Compare(b.Created) })
			s.Oldest = int64(now.Sub(first.Created) / time.Second)
			oldest = aged(s.Oldest)
		}
		sums[folder.state] = s
		rows = append(rows, []string{folder.state, strconv.Itoa(s.Batches), strconv.Itoa(s.Items), strconv.FormatInt(s.Bytes, 10), oldest})
	}
	if f.json {
		return printJSON(stdout, struct {
			Folders   map[string]folderSums `json:"folders"`
			Temporary int                   `json:"temporary"`
			Foreign   int                   `json:"foreign"`
		}{sums, temporary, foreign})
	}
	if err := table(stdout, "STATE\tBATCHES\tITEMS\tBYTES\tOLDEST", rows); err != nil {
		return err
	}
	if temporary+foreign > 0 {
		say(stdout, "beside these: %d being written or cut short, %d not the spool's own\n", temporary, foreign)
	}
	return nil
}

// drop removes what the flags say: without any, everything.
func (f *spoolFlags) drop(dir string, stdout io.Writer) (err error) {
	d, err := openSpool(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	before := time.Now().Add(-f.older)
	var sums folderSums
	for _, folder := range spoolFolders {
		if (f.dead || f.quarantine) && (folder.folder == spool.Queue || folder.folder == spool.Dead && !f.dead || folder.folder == spool.Quarantine && !f.quarantine) {
			continue
		}
		entries, err := d.List(folder.folder)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if f.older > 0 && e.Created.After(before) {
				continue
			}
			if err := d.Drop(folder.folder, e); err != nil {
				return err
			}
			sums.Batches++
			sums.Items += e.Items
			sums.Bytes += e.Bytes
		}
	}
	if f.json {
		return printJSON(stdout, struct {
			Batches int   `json:"batches"`
			Items   int   `json:"items"`
			Bytes   int64 `json:"bytes"`
		}{sums.Batches, sums.Items, sums.Bytes})
	}
	say(stdout, "dropped: batches %d, items %d, bytes %d\n", sums.Batches, sums.Items, sums.Bytes)
	return nil
}
