package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tailrace-go/tailrace/internal/faults"
)

const head = `# Faults

What goes wrong between a program and the place its spans go to, what must come of that, and what
happened when a test played it. ` + "`go run ./internal/faults/faultdoc`" + ` made this page from what those tests
said, and CI runs them again and compares: a change is made in them or in ` + "[internal/faults](../internal/faults)" + `.

Every test ends with the account, which must add up exactly, in items:

    accepted + made = delivered + filtered + dropped + failed + abandoned + spooled

| column | an item is there when |
|---|---|
| accepted | the exporter, or a source, took it. What it refused instead was never its own |
| made | a stage made it of another |
| delivered | a 2xx was seen that is an acceptance. Counted once, however often it was sent |
| filtered | a filter turned it away on purpose |
| dropped | there was no room |
| failed | an error ended it: the endpoint rejected it, it was too large, its stage panicked, its time was up |
| abandoned | the run was told to end before it was through |
| spooled | it is on disk, for the next run |

*Held* is no loss: the batch is kept, and the endpoint asked again at long intervals. *Lost* is dropped, failed or abandoned.
Time in these tests is faked wherever no real socket or file is at work, so their figures are the same each time.
`

// render writes the page.
func render(sections []faults.Section, happened map[string]string) string {
	var b strings.Builder
	b.WriteString(head)
	for _, s := range sections {
		if len(s.Rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s\n\n", s.Title)
		b.WriteString("| id | fault | expected | what happened | test |\n|---|---|---|---|---|\n")
		for _, r := range s.Rows {
			up := strings.Repeat("../", strings.Count(page, "/"))
			fmt.Fprintf(&b, "| %s | %s | %s | %s | [%s](%s) |\n",
				cell(r.ID), cell(r.Fault), cell(r.Expected), cell(happened[r.ID]), r.Test, up+r.Package)
		}
	}
	return b.String()
}

// cell is text that no table or tag takes for its own.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(text)
}

// differences are the lines that only one of two pages has. What happened to a row that one of them did
// not play is left out.
func differences(old, now string) (lines []string) {
	was, is := strings.Split(old, "\n"), strings.Split(now, "\n")
	unplayed := map[string]bool{}
	for _, line := range slices.Concat(was, is) {
		if cells := strings.Split(line, " | "); len(cells) == columns && strings.HasPrefix(cells[3], skipped) {
			unplayed[cells[0]] = true
		}
	}
	for _, page := range [][]string{was, is} {
		for i, line := range page {
			if cells := strings.Split(line, " | "); len(cells) == columns && unplayed[cells[0]] {
				cells[3] = skipped
				page[i] = strings.Join(cells, " | ")
			}
		}
	}
	if slices.Equal(was, is) {
		return nil
	}
	for _, line := range was {
		if !slices.Contains(is, line) {
			lines = append(lines, "- "+line)
		}
	}
	for _, line := range is {
		if !slices.Contains(was, line) {
			lines = append(lines, "+ "+line)
		}
	}
	if len(lines) == 0 {
		lines = []string{"the same lines, in another order"}
	}
	return lines
}

const columns = 5
