package manage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// remote is a server, through its API.
type remote struct {
	origin string
	token  string
	client *http.Client
}

// OpenServer manages a server by its URL, with a token that has the scope admin. Unless insecure, a token does not go
// over plain HTTP to another machine.
func OpenServer(origin, token string, insecure bool) (Manager, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the server must be like https://host")
	}
	if token == "" {
		return nil, errors.New("a server wants a token with the scope admin")
	}
	if u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()) {
		return nil, errors.New("the token would go over the network in plain text: use https")
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second}
	return &remote{strings.TrimRight(origin, "/"), token, &http.Client{
		Transport: transport, Timeout: time.Minute, // deleting a project takes its time
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func isLoopback(name string) bool {
	ip := net.ParseIP(name)
	return name == "localhost" || strings.HasSuffix(name, ".localhost") || ip != nil && ip.IsLoopback()
}

func (r *remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 16 << 20

// do sends one request. body and answer may be nil.
func (r *remote) do(ctx context.Context, method, path string, body, answer any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, r.origin+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := r.client.Do(request)
	if err != nil {
		return err // it names the URL, which has no secret in it
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return problem(response.StatusCode, text)
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%s does not answer as tailrace does: %w", r.origin, err)
	}
	return nil
}

// problem is what the server says is wrong.
func problem(status int, text []byte) error {
	var said struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(text, &said) != nil || said.Error.Message == "" {
		return fmt.Errorf("the server says %d %s", status, http.StatusText(status))
	}
	return fmt.Errorf("the server says %d: %q", status, said.Error.Message)
}

func (r *remote) CreateProject(ctx context.Context, name string) (p Project, err error) {
	err = r.do(ctx, http.MethodPost, "/api/projects", map[string]string{"name": name}, &p)
	return p, err
}

func (r *remote) Projects(ctx context.Context) ([]Project, error) {
	var all struct{ Projects []Project }
	err := r.do(ctx, http.MethodGet, "/api/projects", nil, &all)
	return all.Projects, err
}

func (r *remote) DeleteProject(ctx context.Context, name string) error {
	return r.do(ctx, http.MethodDelete, "/api/projects/"+url.PathEscape(name), nil, nil)
}

// tokens is the path of a project's tokens.
func tokens(project string) string {
	if project == "" {
		return "/api/tokens"
	}
	return "/api/projects/" + url.PathEscape(project) + "/tokens"
}

func (r *remote) CreateToken(ctx context.Context, project string, n NewToken) (Token, string, error) {
	body := map[string]string{"scope": n.Scope}
	if n.Label != "" {
		body["label"] = n.Label
	}
	if !n.Expires.IsZero() {
		body["expires"] = n.Expires.UTC().Format(time.RFC3339Nano)
	}
	var made struct {
		Token  Token
		Secret string
	}
	err := r.do(ctx, http.MethodPost, tokens(project), body, &made)
	return made.Token, made.Secret, err
}

func (r *remote) Tokens(ctx context.Context, project string) ([]Token, error) {
	var all struct{ Tokens []Token }
	err := r.do(ctx, http.MethodGet, tokens(project), nil, &all)
	return all.Tokens, err
}

func (r *remote) RevokeToken(ctx context.Context, project, id string) error {
	return r.do(ctx, http.MethodDelete, tokens(project)+"/"+url.PathEscape(id), nil, nil)
}
