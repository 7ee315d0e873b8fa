package observability

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/tailrace-go/tailrace/pipeline"
)

// ErrNoToken is what [NewCloudExporter] returns when neither the configuration nor the environment
// has an access token.
var ErrNoToken = errors.New("observability: no access token: set CloudExporterConfig.AccessToken or MASTRA_CLOUD_ACCESS_TOKEN")

// tokenSource returns where the access token comes from, and what to call that in the log. A
// variable is read again when its token was refused.
func (c *CloudExporterConfig) tokenSource(env func(string) string) (ask func(context.Context) (string, error), name string, err error) {
	fixed := func(token string) func(context.Context) (string, error) {
		return func(context.Context) (string, error) { return token, nil }
	}
	switch {
	case c.AccessToken != "" && c.TokenSource != nil:
		return nil, "", fmt.Errorf("%w: CloudExporterConfig.AccessToken and CloudExporterConfig.TokenSource are both set", pipeline.ErrConfig)
	case c.TokenSource != nil:
		return c.TokenSource, "TokenSource", nil
	case c.AccessToken != "":
		name, ask = "CloudExporterConfig.AccessToken", fixed(c.AccessToken)
		return ask, name, configError(name, checkToken(c.AccessToken))
	}
	for _, name := range []string{envPlatformToken, envCloudToken} {
		if token := env(name); token != "" {
			ask = func(context.Context) (string, error) { return env(name), nil }
			return ask, name, configError(name, checkToken(token))
		}
	}
	return nil, "", ErrNoToken
}

func configError(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s %w", pipeline.ErrConfig, name, err)
}

// checkToken finds what no header field may hold, without showing it.
func checkToken(token string) error {
	switch {
	case token == "":
		return errors.New("is empty")
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return errors.New("has a space, a line end or another character that no token has")
	}
	return nil
}

// masked shows enough of a token to tell two of them apart, and of a short one nothing.
func masked(token string) string {
	if len(token) < 20 {
		return "…"
	}
	return token[:4] + "…" + token[len(token)-4:]
}

// tokens keeps the access token and asks for another one when it was refused.
type tokens struct {
	ask func(context.Context) (string, error)
	// refused reports whether the endpoint does not want the token that is known.
	refused func() bool

	lock  chan struct{} // holds a value while somebody asks: a mutex would outlast a context
	known string
	fresh bool // known came after the refusal
}

func newTokens(ask func(context.Context) (string, error), refused func() bool) *tokens {
	return &tokens{ask: ask, refused: refused, lock: make(chan struct{}, 1)}
}

// authorize is for [sink.HTTPConfig].
func (t *tokens) authorize(ctx context.Context, r *http.Request) error {
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.leave()
	if t.known == "" || !t.fresh && t.refused() {
		if _, err := t.renew(ctx); err != nil {
			return err
		}
	}
	t.fresh = false
	r.Header.Set("Authorization", "Bearer "+t.known)
	return nil
}

// another asks for a token in place of the one that was refused. It reports whether there is one.
func (t *tokens) another(ctx context.Context) bool {
	if t.enter(ctx) != nil {
		return false
	}
	defer t.leave()
	changed, err := t.renew(ctx)
	t.fresh = changed && err == nil
	return t.fresh
}

func (t *tokens) enter(ctx context.Context) error {
	select {
	case t.lock <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (t *tokens) leave() { <-t.lock }

// renew asks the source. The caller has entered.
func (t *tokens) renew(ctx context.Context) (changed bool, err error) {
	token, err := t.fetch(ctx)
	if err == nil {
		if err = checkToken(token); err != nil {
			err = fmt.Errorf("the token %w", err)
		}
	}
	if err != nil {
		return false, &tokenError{t.conceal(err, token)}
	}
	changed = token != t.known
	t.known = token
	return changed, nil
}

// tokenError says why there is no token.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return "the source of access tokens: " + e.err.Error() }
func (e *tokenError) Unwrap() error { return e.err }

// fetch calls the user's function, whose panic must not end the sending.
func (t *tokens) fetch(ctx context.Context) (token string, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("it panicked: %v", v)
		}
	}()
	return t.ask(ctx)
}

// conceal takes the tokens that are known out of an error that somebody else wrote.
func (t *tokens) conceal(err error, token string) error {
	text := err.Error()
	for _, secret := range []string{t.known, token} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "REDACTED")
		}
	}
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}
