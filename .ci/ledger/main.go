// Command ledger reads what `tailrace demo --json` printed from standard input, and fails unless that is one line of JSON
// with every column of the ledger, nothing in flight, and columns that add up.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// columns are the totals; stages, which is no number, is asked for apart.
var columns = []string{
	"accepted", "made", "delivered", "filtered", "dropped", "failed", "abandoned", "spooled", "in_flight", "refused",
}

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = check(text)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "ledger: %v\nit was: %s\n", err, text)
		os.Exit(1)
	}
	fmt.Printf("%s", text)
}

func check(text []byte) error {
	if lines := bytes.Count(text, []byte("\n")); lines != 1 || !bytes.HasSuffix(text, []byte("\n")) {
		return fmt.Errorf("standard output has %d line ends, want one line", lines)
	}
	var ledger map[string]json.RawMessage
	if err := json.Unmarshal(text, &ledger); err != nil {
		return err
	}
	if _, ok := ledger["stages"]; !ok {
		return fmt.Errorf("no key %q", "stages")
	}
	n := map[string]int64{}
	for _, column := range columns {
		value, ok := ledger[column]
		if !ok {
			return fmt.Errorf("no key %q", column)
		}
		var count int64
		if err := json.Unmarshal(value, &count); err != nil {
			return fmt.Errorf("%s: %w", column, err)
		}
		n[column] = count
	}
	if n["accepted"] == 0 {
		return fmt.Errorf("nothing was accepted")
	}
	if n["in_flight"] != 0 {
		return fmt.Errorf("%d items are in flight after the end", n["in_flight"])
	}
	in := n["accepted"] + n["made"]
	out := n["delivered"] + n["filtered"] + n["dropped"] + n["failed"] + n["abandoned"] + n["spooled"]
	if in != out {
		return fmt.Errorf("accepted + made = %d, but all that became of them is %d", in, out)
	}
	return nil
}
