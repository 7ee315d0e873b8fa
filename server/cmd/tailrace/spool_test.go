package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/sink/sinktest"
	"github.com/tailrace-go/tailrace/sink/spool"
)

// spoolOf makes a spool of batches with so many spans each, put a minute after the other, and returns its
// directory. The last so many are dead.
func spoolOf(t *testing.T, dead int, batches ...int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "spool")
	put := 0
	began := time.Now().Add(-10 * time.Hour)
	d, err := spool.Open(spool.Config{Dir: dir, Now: func() time.Time { return began.Add(time.Duration(put) * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range batches {
		e, err := d.Put(bodyOf(put, n), fmt.Sprintf("key-%d", put))
		if err != nil {
			t.Fatal(err)
		}
		if put++; put > len(batches)-dead {
			if err := d.Bury(e, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// bodyOf is a body of n spans, whose names say which batch it is.
func bodyOf(batch, n int) *pipeline.Body {
	text := []byte(`{"spans":[`)
	b := &pipeline.Body{ContentType: "application/json"}
	for i := range n {
		if i > 0 {
			text = append(text, ',')
		}
		from := len(text)
		text = fmt.Appendf(text, `{"traceId":"%032x","spanId":"%016x","name":"batch %d","spanType":"generic","startedAt":"2026-01-02T03:04:05.678Z"}`, batch+1, i+1, batch)
		b.Parts = append(b.Parts, pipeline.Part{From: from, To: len(text)})
	}
	b.Data = append(text, `]}`...)
	b.Plain = b.Data
	return b
}

// batchesIn are the keys of what a collector was sent, in the order in which that came.
func batchesIn(c *sinktest.Collector) []string {
	var keys []string
	for _, r := range c.Requests() {
		if r.Records > 0 {
			keys = append(keys, r.Key)
		}
	}
	return keys
}

func TestSpoolIsLookedAtWhileAProcessHasIt(t *testing.T) {
	dir := spoolOf(t, 1, 2, 3, 4)
	d, err := spool.Open(spool.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // nothing was put
	code, stdout, stderr := tailrace(t, "spool", "ls", dir)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if code != 0 || stderr != "" || len(lines) != 4 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	for i, want := range [][]string{{"SEQ", "STATE", "ITEMS", "BYTES", "AGE"}, {"waiting", "2", "10h"}, {"waiting", "3", "9h"}, {"dead", "4", "8h"}} {
		for _, word := range want {
			if !strings.Contains(lines[i], word) {
				t.Errorf("line %d is %q, without %q", i, lines[i], word)
			}
		}
	}
	var listed []listedBatch
	if code, stdout, _ = tailrace(t, "spool", "ls", "--json", dir); code != 0 || json.Unmarshal([]byte(stdout), &listed) != nil || len(listed) != 3 || listed[2].State != "dead" || listed[0].Seq >= listed[1].Seq {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
	if code, stdout, _ = tailrace(t, "spool", "stat", dir); code != 0 || !strings.Contains(stdout, "waiting") || !strings.Contains(stdout, "quarantine  0") {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
	var sums struct {
		Folders map[string]folderSums `json:"folders"`
	}
	if code, stdout, _ = tailrace(t, "spool", "stat", "--json", dir); code != 0 || json.Unmarshal([]byte(stdout), &sums) != nil ||
		sums.Folders["waiting"].Items != 5 || sums.Folders["dead"].Batches != 1 || sums.Folders["waiting"].Oldest < 9*3600 {
		t.Errorf("exit code %d\n%s", code, stdout)
	}
	for _, word := range [][]string{{"drop", "--yes"}, {"replay", "--endpoint", "http://127.0.0.1:9"}} {
		alone(t)
		code, stdout, stderr := tailrace(t, append([]string{"spool", word[0], dir}, word[1:]...)...)
		if code != 1 || !strings.Contains(stderr, "another process has the spool open") || !strings.Contains(stderr, "ls and stat") {
			t.Errorf("%s: exit code %d\n%s%s", word[0], code, stdout, stderr)
		}
	}
}

func TestSpoolReplay(t *testing.T) {
	alone(t)
	dir := spoolOf(t, 1, 2, 3, 4)
	collector := sinktest.Start(t, sinktest.Config{Token: secret})
	token := file(t, "token", secret)
	code, stdout, stderr := tailrace(t, "spool", "replay", dir, "--endpoint", collector.URL(), "--token-file", token, "--json")
	ledger := ledgerIn(t, stdout)
	if code != 0 || ledger.Balance() != 0 || ledger.Accepted != 5 || ledger.Delivered != 5 || ledger.Spooled != 0 {
		t.Errorf("exit code %d, ledger %+v\n%s", code, ledger, stderr)
	}
	if got := strings.Join(batchesIn(collector), ", "); got != "key-0, key-1" {
		t.Errorf("the collector has %s", got)
	}
	if strings.Contains(stdout+stderr, secret) {
		t.Error("the token is shown")
	}
	code, stdout, stderr = tailrace(t, "spool", "replay", dir, "--endpoint", collector.URL(), "--token-file", token, "--json", "--dead", "--quiet")
	if ledger := ledgerIn(t, stdout); code != 0 || ledger.Delivered != 4 || stderr != "" {
		t.Errorf("exit code %d, ledger %+v\n%s", code, ledger, stderr)
	}
	code, stdout, stderr = tailrace(t, "spool", "replay", dir, "--endpoint", collector.URL(), "--token-file", token, "--json")
	if ledger := ledgerIn(t, stdout); code != 0 || ledger != (pipeline.Ledger{}) {
		t.Errorf("of an empty spool: exit code %d, ledger %+v\n%s", code, ledger, stderr)
	}
}

func TestSpoolReplayThatFails(t *testing.T) {
	alone(t)
	for name, c := range map[string]struct {
		cfg   sinktest.Config
		fault sinktest.Fault
		left  int64
		want  string
	}{
		"a wrong token": {sinktest.Config{Token: "t0k3n-of-somebody-else-who-is-not-here"}, nil, 5, "somebody has to act"},
		"it is down":    {sinktest.Config{}, sinktest.Respond(503, ""), 5, "the endpoint was down for"},
		"it refuses":    {sinktest.Config{}, sinktest.Respond(422, "no"), 0, "rejected"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := spoolOf(t, 0, 2, 3)
			collector := sinktest.Start(t, c.cfg)
			collector.Set(c.fault)
			code, stdout, stderr := tailrace(t, "spool", "replay", dir, "--endpoint", collector.URL(),
				"--token-file", file(t, "token", secret), "--json", "--give-up-after", "10ms")
			ledger := ledgerIn(t, stdout)
			if code != 1 || ledger.Balance() != 0 || ledger.Spooled != c.left || ledger.Spooled+ledger.Failed != 5 || !strings.Contains(stderr, c.want) {
				t.Errorf("exit code %d, ledger %+v\n%s", code, ledger, stderr)
			}
			if strings.Contains(stdout+stderr, secret) {
				t.Error("the token is shown")
			}
			view := spool.Look(dir, nil)
			waiting, err := view.List(spool.Queue)
			dead, deadErr := view.List(spool.Dead)
			if err != nil || deadErr != nil || int64(waiting.Items()) != c.left || waiting.Items()+dead.Items() != 5 {
				t.Errorf("%d items wait and %d are dead (%v, %v)", waiting.Items(), dead.Items(), err, deadErr)
			}
		})
	}
}

func TestSpoolDrop(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		left int // items
	}{
		"everything": {nil, 0},
		"the dead":   {[]string{"--dead"}, 5},
		"the old":    {[]string{"--older", "510m"}, 4},
		"quarantine": {[]string{"--quarantine"}, 9},
	} {
		t.Run(name, func(t *testing.T) {
			dir := spoolOf(t, 1, 2, 3, 4)
			args := append([]string{"spool", "drop", dir}, c.args...)
			if code, _, stderr := tailrace(t, args...); code != 2 || !strings.Contains(stderr, "--yes") {
				t.Errorf("without --yes: exit code %d\n%s", code, stderr)
			}
			code, stdout, stderr := tailrace(t, append(args, "--yes", "--json")...)
			view, left := spool.Look(dir, nil), 0
			for _, folder := range spoolFolders {
				c, err := look(view, folder.folder)
				if err != nil {
					t.Fatal(err)
				}
				left += c.Items()
			}
			if code != 0 || left != c.left || !strings.Contains(stdout, fmt.Sprintf(`"items": %d`, 9-c.left)) {
				t.Errorf("exit code %d, %d items are left, want %d\n%s%s", code, left, c.left, stdout, stderr)
			}
		})
	}
}

func TestSpoolUsage(t *testing.T) {
	alone(t)
	dir := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"spool"}, 2, "wants one of ls, stat, replay and drop"},
		{[]string{"spool", "ls"}, 2, "wants one DIR"},
		{[]string{"spool", "ls", dir, dir}, 2, "wants one DIR"},
		{[]string{"spool", "ls", dir, "--dead"}, 2, "--dead is for replay and drop"},
		{[]string{"spool", "stat", dir, "--yes"}, 2, "are for drop"},
		{[]string{"spool", "drop", dir, "--endpoint", "http://x", "--yes"}, 2, "are for replay"},
		{[]string{"spool", "drop", dir, "--older", "-1h", "--yes"}, 2, "--older is negative"},
		{[]string{"spool", "replay", dir}, 2, "there is no --endpoint"},
		{[]string{"spool", "replay", dir, "--endpoint", "http://x", "--concurrency", "0"}, 2, "--concurrency"},
		{[]string{"spool", "replay", dir, "--endpoint", "http://x", "--give-up-after", "-1s"}, 2, "--give-up-after"},
		{[]string{"spool", "ls", filepath.Join(dir, "absent")}, 1, "there is no spool in"},
		{[]string{"spool", "drop", filepath.Join(dir, "absent"), "--yes"}, 1, "there is no spool in"},
	} {
		code, _, stderr := tailrace(t, c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit code %d, %q; want %d, %q", c.args[1:], code, stderr, c.code, c.want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "absent")); err == nil {
		t.Error("it made the directory")
	}
}
