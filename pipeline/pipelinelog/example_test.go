package pipelinelog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/tailrace-go/tailrace/pipeline"
	"github.com/tailrace-go/tailrace/pipeline/pipelinelog"
	"github.com/tailrace-go/tailrace/sink"
	"github.com/tailrace-go/tailrace/source"
	"github.com/tailrace-go/tailrace/stages"
)

// Run takes the place of the pipeline's own.
func ExampleRun() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: timeless}))
	p := pipeline.New(pipeline.Config{Name: "words"})
	length := func(_ context.Context, word string) (int, error) {
		if word == "" {
			return 0, errors.New("no word")
		}
		return len(word), nil
	}
	lengths := pipeline.Via(pipeline.From(p, source.Slice("plan", "", "search", "")), stages.TryMap(length))
	pipeline.To(lengths, sink.Discard[int]())
	err := pipelinelog.Run(context.Background(), p, pipelinelog.Config{Logger: logger})
	fmt.Println(err != nil)
	// Output:
	// level=INFO msg="pipeline: started" pipeline=words stages=3
	// level=WARN msg="pipeline: items lost" pipeline=words lost=2 "by.try map.error"=2
	// level=WARN msg="pipeline: ended" pipeline=words accepted=4 delivered=2 filtered=0 lost=2
	// true
}

// timeless leaves out what is another each time.
func timeless(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == "elapsed" {
		return slog.Attr{}
	}
	return a
}
