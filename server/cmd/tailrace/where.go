package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tailrace-go/tailrace/server/internal/target"
	"github.com/tailrace-go/tailrace/span"
)

// whereFlags say where spans go, for the commands that reach an endpoint.
type whereFlags struct {
	endpoint, token, tokenFile, project string
	wire                                int
	insecure                            bool
}

func (f *whereFlags) add(flags *flag.FlagSet) {
	flags.StringVar(&f.endpoint, "endpoint", "", "`URL` of the endpoint: an origin such as https://host, or all of it, ending in /spans/publish")
	flags.StringVar(&f.tokenFile, "token-file", "", "read the access token from this `file`")
	flags.StringVar(&f.token, "token", "", "access token; other users of this machine can see it in the list of processes, so prefer --token-file or a variable")
	flags.StringVar(&f.project, "project", "", "`id` of the project, for the path below an origin")
	flags.IntVar(&f.wire, "wire", 1, "generation of the records: 0 for Mastra 0.x, and then --endpoint is the whole URL, or 1")
	flags.BoolVar(&f.insecure, "allow-insecure", false, "let the token go over plain http to other machines")
}

// aboutWhere is the part of a help that says what decides when there is no flag.
const aboutWhere = `Without --endpoint these variables say where spans go: MASTRA_CLOUD_TRACES_ENDPOINT,
MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT, MASTRA_CLOUD_AI_TRACES_ENDPOINT, and without a token
flag these give the token: MASTRA_PLATFORM_ACCESS_TOKEN, MASTRA_CLOUD_ACCESS_TOKEN. The
project may be in MASTRA_PROJECT_ID.
`

const inSight = "tailrace: --token is in sight of everybody who may list processes; --token-file and MASTRA_CLOUD_ACCESS_TOKEN are not\n"

func (f *whereFlags) format() (span.Format, bool) {
	if f.wire == 0 {
		return span.V0, true
	}
	return span.V1, f.wire == 1
}

// resolve finds the endpoint. Every error is a fault of the configuration, and shows no secret.
func (f *whereFlags) resolve(stderr io.Writer) (target.Target, error) {
	wire, ok := f.format()
	if !ok {
		return target.Target{}, fmt.Errorf("--wire must be 0 or 1, not %d", f.wire)
	}
	cfg := target.Config{Endpoint: f.endpoint, Token: f.token, TokenFrom: "--token", Project: f.project, Wire: wire, AllowInsecure: f.insecure}
	switch {
	case f.token != "" && f.tokenFile != "":
		return target.Target{}, errors.New("--token and --token-file are both given")
	case f.token != "":
		say(stderr, inSight)
	case f.tokenFile != "":
		text, err := readToken(f.tokenFile)
		if err != nil {
			return target.Target{}, fmt.Errorf("--token-file: %w", err)
		}
		cfg.Token, cfg.TokenFrom = text, "--token-file"
	}
	return target.Resolve(cfg)
}

// maxToken bounds what is read: a file that is longer holds no token.
const maxToken = 64 << 10

func readToken(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // the user's own file
	if err != nil {
		return "", err
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	token := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return "", err
	case len(text) > maxToken:
		return "", fmt.Errorf("%s is no token: it has more than %d bytes", path, maxToken)
	case token == "":
		return "", fmt.Errorf("%s is empty", path)
	}
	return token, nil
}
