package main

import (
	"os"
	"path/filepath"
	"testing"
)

// kept says what each schedule of testdata/kept found. They are there as they were played, not by
// their seeds: what a seed draws changes with the drawing.
var kept = map[string]string{
	"flush-of-what-is-given-up": "Flush returned nil while a stage still held what the run had given up",
	"recovered-is-no-arrival":   "what a sink recovers from its spool was counted as an arrival",
	"sender-held-back":          "while the store failed, the only sender waited for a body to come in, and nothing that was spooled was sent",
	"synced-too-long":           "Close waited for all that a slow disk had to sync, however late that was",
	"rejected-again":            "a repetition of what was rejected in part is answered as the first was, and is no repetition of what was stored",
}

func TestKeptSchedules(t *testing.T) {
	files, err := filepath.Glob("testdata/kept/*.json")
	if err != nil || len(files) != len(kept) {
		t.Fatalf("%d schedules are kept, %d are told of: %v", len(files), len(kept), err)
	}
	for name, found := range kept {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", "kept", name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			s, err := parse(text)
			if err != nil {
				t.Fatal(err)
			}
			for range 5 { // interleavings are not replayed
				if _, err := Play(t, s); err != nil {
					t.Fatalf("%s\n%v%v", found, s, err)
				}
			}
		})
	}
}
