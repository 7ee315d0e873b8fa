package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/tailrace-go/tailrace/internal/captured"
	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/internal/demo/stories"
	"github.com/tailrace-go/tailrace/server/internal/serve"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
	"github.com/tailrace-go/tailrace/span"
)

const (
	// Samples is the project that a server has if it is not told others.
	Samples = "samples"
	// Password is that of every user of a [Site].
	Password = "correct horse 1234"
	// guests is the project of who shows no token where nobody has to log in.
	guests = "yours"
)

// Options say what a server is to be. The zero Options are those of `tailrace demo`: nobody has to log in.
type Options struct {
	Logins   bool     // everybody has to log in
	Projects []string // by name; none means [Samples] alone
	Users    []User   // who can log in, with [Password]
	First    bool     // an empty folder, as at the first start of `tailrace serve`: the other options count for nothing
}

// User is somebody who can log in.
type User struct {
	Name  string
	Admin bool                 // of everything
	Roles map[string]meta.Role // by the name of a project
}

// Site is a trace server on loopback with an empty folder, which ends with the test.
type Site struct {
	URL    string            // without a slash at the end
	Tokens map[string]string // with all scopes, by the name of their project; "" has one for all projects
	Invite string            // the link for the first user, where Options.First asked for it

	sessions map[string]string // by the name of a user
	client   http.Client
}

// Server starts a server.
func Server(t T, o Options) *Site {
	t.Helper()
	if len(o.Projects) == 0 {
		o.Projects = []string{Samples}
	}
	s := &Site{
		Tokens: map[string]string{}, sessions: map[string]string{},
		client: http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: Patience},
	}
	folder := t.TempDir()
	if o.First {
		o.Logins = true
	} else if err := s.furnish(t.Context(), folder, o); err != nil {
		t.Fatalf("browser: a server's folder: %v", err)
	}
	if err := s.start(t, folder, o); err != nil {
		t.Fatalf("browser: a server does not start: %v", err)
	}
	return s
}

// furnish makes projects, tokens, users and their logins.
func (s *Site) furnish(ctx context.Context, folder string, o Options) (err error) {
	db, err := meta.Open(meta.Config{Dir: folder})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	const all = meta.ScopeIngest | meta.ScopeRead | meta.ScopeAdmin
	ids := map[string]string{"": ""}
	for _, name := range append([]string{""}, o.Projects...) {
		if name != "" {
			p, err := db.CreateProject(ctx, name, store.Limits{})
			if err != nil {
				return err
			}
			ids[name] = p.ID
		}
		if _, s.Tokens[name], err = db.CreateToken(ctx, meta.Token{Project: ids[name], Scope: all, Label: "test"}); err != nil {
			return err
		}
	}
	logins, err := access.NewLogins(access.LoginConfig{DB: db})
	if err != nil {
		return err
	}
	for _, u := range o.Users {
		hash, err := logins.HashPassword(ctx, Password)
		if err != nil {
			return err
		}
		made, err := db.CreateUser(ctx, meta.User{Name: u.Name, Admin: u.Admin, Hash: hash})
		if err != nil {
			return err
		}
		for project, role := range u.Roles {
			if err := db.SetRole(ctx, made.ID, ids[project], role); err != nil {
				return err
			}
		}
		if s.sessions[u.Name], err = db.CreateSession(ctx, made.ID, time.Hour); err != nil {
			return err
		}
	}
	return nil
}

func (s *Site) start(t T, folder string, o Options) error {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context())) // it outlives the pages, which are closed after the test
	out, in := io.Pipe()
	var log journal
	ended := make(chan error, 1)
	cfg := serve.Config{
		Data: folder, Addrs: []string{"127.0.0.1:0"}, NoFirst: !o.First, Version: "v0.0.0-test", Out: in,
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	if !o.Logins {
		cfg.Nobody = guests
	}
	go func() {
		err := serve.Run(ctx, cfg)
		_ = in.CloseWithError(errors.Join(err, io.EOF))
		ended <- err
	}()
	lines := bufio.NewReader(out)
	for s.URL == "" || o.First && s.Invite == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			stop()
			return <-ended
		}
		line = strings.TrimSpace(line)
		if url, ok := strings.CutPrefix(line, "listening on "); ok {
			s.URL = url
		} else if strings.Contains(line, "/invite/") {
			s.Invite = line
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the server
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("browser: the server ends: %v", err)
		}
		if log.String() != "" {
			t.Logf("the server logged:\n%s", log.String())
		}
	})
	return nil
}

// journal is what the server logs.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// LogIn logs the person of a page in as a user of a server, as if they had typed their password.
func (p *Page) LogIn(s *Site, user string) {
	p.t.Helper()
	secret, ok := s.sessions[user]
	if !ok {
		p.t.Fatalf("browser: the server has no user %q", user)
	}
	call(p, network.SetCookie, network.SetCookieParams{
		Name: access.CookieName, Value: secret, URL: s.URL, HTTPOnly: new(true), SameSite: network.CookieSameSiteLax,
	})
}

// putAtOnce is how many spans are sent in one body.
const putAtOnce = 1000

// Put sends spans to a project as the exporter does, and returns when they are stored: every page that asks from then on
// finds them.
func (s *Site) Put(t T, project string, spans []*span.Span) {
	t.Helper()
	for len(spans) > 0 {
		n := min(len(spans), putAtOnce)
		body := span.V1.AppendOpen(nil)
		for i, one := range spans[:n] {
			var err error
			if body, err = span.V1.AppendItem(body, one, i == 0); err != nil {
				t.Fatalf("browser: span %s: %v", one.ID, err)
			}
		}
		s.Post(t, project, "/ai/spans/publish", span.V1.ContentType(), span.V1.AppendClose(body))
		spans = spans[n:]
	}
}

// PutStory sends one of the stories of the demo, such as "retry-loop", as it happened in the hour before, and returns it
// with its spans. All but their times is the same each time.
func (s *Site) PutStory(t T, project, name string) (stories.Story, []*span.Span) {
	t.Helper()
	for _, story := range stories.All() {
		if story.Name == name {
			spans := story.Trace(time.Now(), rand.New(rand.NewPCG(1, 2)))
			s.Put(t, project, spans)
			return story, spans
		}
	}
	t.Fatalf("browser: there is no story %q", name)
	return stories.Story{}, nil
}

// PutCaptured sends what real exporters have sent: a trace each of Mastra 0.20, 0.24 and 1.x.
func (s *Site) PutCaptured(t T, project string) {
	t.Helper()
	for _, name := range captured.Names() {
		s.Post(t, project, "/ai/spans/publish", "application/json", captured.Body(name))
	}
}

// Post sends a body to a path of the server with the token of a project, "" for that of all. It returns when what is in the
// body is stored.
func (s *Site) Post(t T, project, path, contentType string, body []byte) {
	t.Helper()
	s.send(t, project, http.MethodPost, path, contentType, body)
}

// Ask asks the API with the token for all projects, with what as JSON if it is not nil, and returns the answer.
func Ask[V any](t T, s *Site, method, path string, what any) (v V) {
	t.Helper()
	var body []byte
	if what != nil {
		var err error
		if body, err = json.Marshal(what); err != nil {
			t.Fatalf("browser: %s %s: %v", method, path, err)
		}
	}
	answer := s.send(t, "", method, path, "application/json", body)
	if len(answer) > 0 {
		if err := json.Unmarshal(answer, &v); err != nil {
			t.Fatalf("browser: %s %s: %v in %s", method, path, err, answer)
		}
	}
	return v
}

func (s *Site) send(t T, project, method, path, contentType string, body []byte) []byte {
	t.Helper()
	token, ok := s.Tokens[project]
	if !ok {
		t.Fatalf("browser: the server has no project %q", project)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatalf("browser: %v", err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if len(body) > 0 {
		r.Header.Set("Content-Type", contentType)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		t.Fatalf("browser: %s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }() // read whole
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("browser: %s %s: %s %s %v", method, path, resp.Status, answer, err)
	}
	return answer
}
