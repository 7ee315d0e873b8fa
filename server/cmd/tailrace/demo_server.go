package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/internal/demo"
	"github.com/tailrace-go/tailrace/server/internal/serve"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// The demo's server has two projects, so that the account of the demo's own spans can equal the pipeline's to the span.
const (
	samplesProject = "samples" // what the demo sends
	guestsProject  = "yours"   // what programs of the user's own send, whatever token they show
)

// demoServer is a trace server in this process, where nobody has to log in.
type demoServer struct {
	url, token string
	folder     string // to remove in the end; empty: the user's own
	stop       context.CancelFunc
	ended      chan error
}

// startDemoServer starts a server on a folder, or with "" on one that lasts as long as it does.
func startDemoServer(ctx context.Context, addr, folder string, log io.Writer) (s *demoServer, err error) {
	s = &demoServer{ended: make(chan error, 1)}
	if folder == "" {
		if folder, err = os.MkdirTemp("", "tailrace-demo-"); err != nil {
			return nil, err
		}
		s.folder = folder
	}
	if s.token, err = demoToken(ctx, folder); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // it takes what is drained after the end of ctx
	s.stop = stop
	out, in := io.Pipe()
	go func() {
		err := serve.Run(running, serve.Config{
			Data: folder, Addrs: []string{addr}, Nobody: guestsProject, Version: buildVersion(), Out: in,
			Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		})
		_ = in.CloseWithError(errors.Join(err, io.EOF))
		s.ended <- err
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return nil, errors.Join(<-s.ended, s.remove())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the server
	s.url = strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	return s, nil
}

// demoToken makes the project of the demo's own spans, if it is not there, and a token for it.
func demoToken(ctx context.Context, folder string) (secret string, err error) {
	db, err := meta.Open(meta.Config{Dir: folder})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.CreateProject(ctx, samplesProject, store.Limits{}); err != nil && !errors.Is(err, meta.ErrExists) {
		return "", err
	}
	_, secret, err = db.CreateToken(ctx, meta.Token{Project: samplesProject, Scope: meta.ScopeIngest, Label: "demo", Expires: time.Now().Add(7 * 24 * time.Hour)})
	return secret, err
}

// introduce says what there is to look at, and how to add to it.
func (s *demoServer) introduce(out io.Writer) {
	say(out, "trace server, open to this machine until the demo ends: %s\n"+
		"  dashboard  %[1]s/p/%[2]s/traces\n"+
		"  stories    %[1]s/p/%[2]s/traces?tag=sample\n"+
		"  traces     curl %[1]s/api/projects/%[2]s/traces\n"+
		"  the API    %[1]s/api/openapi.json\n\n"+
		"to see spans of your own there, in project %[3]q, start your program with\n"+
		"  MASTRA_CLOUD_TRACES_ENDPOINT=%[1]s MASTRA_CLOUD_ACCESS_TOKEN=demo\n"+
		"or, for OpenTelemetry, with OTEL_EXPORTER_OTLP_ENDPOINT=%[1]s\n\n", s.url, samplesProject, guestsProject)
}

// projectAccount is what became of the items that a project was sent.
type projectAccount struct {
	Received, Stored, Repeated int
	Rejected                   map[string]int
}

func (a projectAccount) rejected() (n int) {
	for _, m := range a.Rejected {
		n += m
	}
	return n
}

// account asks the server, as anybody would.
func (s *demoServer) account(ctx context.Context, project string) (a projectAccount, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/api/projects/"+project+"/stats", nil)
	if err != nil {
		return a, err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	answer, err := client.Do(r)
	if err != nil {
		return a, err
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	if answer.StatusCode != http.StatusOK {
		return a, fmt.Errorf("the server does not say what it has stored: %s", answer.Status)
	}
	if err := json.NewDecoder(answer.Body).Decode(&a); err != nil {
		return a, err
	}
	if a.Received != a.Stored+a.Repeated+a.rejected() {
		err = fmt.Errorf("the server received %d spans and accounts for %d stored, %d repeated, %d rejected", a.Received, a.Stored, a.Repeated, a.rejected())
	}
	return a, err
}

// stored is what the server has of the demo's spans.
func (s *demoServer) stored() (demo.Stored, error) {
	a, err := s.account(context.Background(), samplesProject)
	return demo.Stored{Stored: a.Stored, Repeated: a.Repeated}, err
}

// close says what came from others, if anything did, and ends the server.
func (s *demoServer) close(out io.Writer) error {
	a, err := s.account(context.Background(), guestsProject)
	if a.Received > 0 {
		say(out, "of your own: %d spans received = %d stored + %d repeated + %d rejected\n", a.Received, a.Stored, a.Repeated, a.rejected())
	}
	s.stop()
	return errors.Join(err, <-s.ended, s.remove())
}

func (s *demoServer) remove() error {
	if s.folder == "" {
		return nil
	}
	return os.RemoveAll(s.folder)
}
