package meta

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
)

// Scope is what a token allows.
type Scope uint8

// The scopes. None includes another.
const (
	ScopeIngest Scope = 1 << iota // send
	ScopeRead                     // ask
	ScopeAdmin                    // change settings
)

var scopeNames = []struct {
	scope Scope
	name  string
}{{ScopeIngest, "ingest"}, {ScopeRead, "read"}, {ScopeAdmin, "admin"}}

// ParseScope reads a list such as ingest,read.
func ParseScope(text string) (Scope, error) {
	scope := Scope(0)
	for name := range strings.SplitSeq(text, ",") {
		found := Scope(0)
		for _, s := range scopeNames {
			if s.name == strings.TrimSpace(name) {
				found = s.scope
			}
		}
		if found == 0 {
			return 0, &store.FieldError{Field: "scope", Reason: "want a list of ingest, read and admin"}
		}
		scope |= found
	}
	return scope, nil
}

// String is the reverse of ParseScope.
func (s Scope) String() string {
	var names []string
	for _, n := range scopeNames {
		if s&n.scope != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ",")
}

// Has reports whether s allows all of need.
func (s Scope) Has(need Scope) bool { return s&need == need }

// Token is what is known of a token; not its secret.
type Token struct {
	ID      string
	Project string // its id; empty: of all projects
	Scope   Scope
	Label   string
	Created time.Time
	Expires time.Time // zero: never
	Used    time.Time // the last time, to a minute; zero: never
	Revoked time.Time // zero: not
}

const tokenColumns = //nolint:gosec // a query, no secret
"SELECT id, project, scope, label, created, expires, used, revoked FROM token"

func readToken(row func(...any) error) (t Token, err error) {
	var created, expires, used, revoked int64
	err = row(&t.ID, &t.Project, &t.Scope, &t.Label, &created, &expires, &used, &revoked)
	t.Created, t.Expires, t.Used, t.Revoked = moment(created), moment(expires), moment(used), moment(revoked)
	return t, err
}

// CreateToken makes a token of t's project, scope, label and expiry, and returns it with its secret, which cannot be
// had again. ErrNotFound: there is no such project.
func (d *DB) CreateToken(ctx context.Context, t Token) (Token, string, error) {
	if t.Scope == 0 || t.Scope > ScopeIngest|ScopeRead|ScopeAdmin {
		return Token{}, "", &store.FieldError{Field: "scope", Reason: "want a list of ingest, read and admin"}
	}
	if len(t.Label) > 256 {
		return Token{}, "", &store.FieldError{Field: "label", Reason: "is longer than 256 bytes"}
	}
	if err := checkShown("label", t.Label); err != nil {
		return Token{}, "", err
	}
	if t.Project != "" {
		p, err := d.Project(ctx, t.Project)
		if err != nil {
			return Token{}, "", err
		}
		t.Project = p.ID
	}
	secret, hash := newSecret(tokenPrefix)
	t = Token{ID: newID(), Project: t.Project, Scope: t.Scope, Label: t.Label, Created: d.now().UTC(), Expires: t.Expires}
	// A token must not outlive its project: another one of the same name would have the same id.
	err := changed(d.db.ExecContext(ctx, "INSERT INTO token SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, 0 WHERE ?2 = '' OR "+projectExists,
		t.ID, t.Project, hash, t.Scope, t.Label, nanos(t.Created), nanos(t.Expires)))
	if err != nil {
		return Token{}, "", err
	}
	return t, secret, nil
}

// Token finds the token of a secret and notes its use. Any other answer is ErrSecret, or an error of the file.
func (d *DB) Token(ctx context.Context, secret string) (Token, error) {
	hash, err := parseSecret(tokenPrefix, secret)
	if err != nil {
		return Token{}, err
	}
	var stored []byte
	t, err := first(ctx, d, func(row func(...any) error) (t Token, err error) {
		var created, expires, used, revoked int64
		err = row(&t.ID, &t.Project, &t.Scope, &t.Label, &created, &expires, &used, &revoked, &stored)
		t.Created, t.Expires, t.Used, t.Revoked = moment(created), moment(expires), moment(used), moment(revoked)
		return t, err
	}, strings.Replace(tokenColumns, " FROM", ", hash FROM", 1)+" WHERE hash = ?", hash)
	if errors.Is(err, ErrNotFound) {
		return Token{}, ErrSecret
	}
	if err != nil {
		return Token{}, err
	}
	now := d.now()
	if !sameHash(hash, stored) || !t.Revoked.IsZero() || !t.Expires.IsZero() && !now.Before(t.Expires) {
		return Token{}, ErrSecret
	}
	if now.Sub(t.Used) >= time.Minute {
		// Not worth failing a request for: the next one notes it.
		_, _ = d.db.ExecContext(ctx, "UPDATE token SET used = ? WHERE id = ?", nanos(now), t.ID)
	}
	return t, nil
}

// Tokens lists the tokens of a project, or with "" those of all projects, newest first.
func (d *DB) Tokens(ctx context.Context, project string) ([]Token, error) {
	return scan(ctx, d, readToken, tokenColumns+" WHERE project = ? ORDER BY created DESC, id", project)
}

// RevokeToken ends a token at once. ErrNotFound: the project has no such token that works.
func (d *DB) RevokeToken(ctx context.Context, project, id string) error {
	return d.exec(ctx, "UPDATE token SET revoked = ? WHERE project = ? AND id = ? AND revoked = 0", nanos(d.now()), project, id)
}
