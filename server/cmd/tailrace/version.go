package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

func versionFlags() *flag.FlagSet { return newFlags("version", "Says which version this is.\n") }

// versionCommand prints the version that the go command recorded in the binary, and what it was built for.
func versionCommand(_ context.Context, args []string, stdout, _ *os.File) error {
	if done, err := parse(versionFlags(), args, stdout); done || err != nil {
		return err
	}
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(stdout, "tailrace %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
