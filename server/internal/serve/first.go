package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// startedKey is the setting that says that there was a first start.
const startedKey = "serve.started"

// firstProject is the project that a first start makes where there is none.
const firstProject = "default"

// first is what the first start on a folder makes, and what a start makes as long as there is no user. The zero first is
// none.
type first struct{ admin, project, ingest, invite string }

// inviteFor is how long the invitation of the first user is good: whoever has it becomes admin of everything.
const inviteFor = 24 * time.Hour

// makeFirst makes a token for whoever set the server up and, unless there are projects, one of these with a token. A
// start that failed between its making and its showing is lost, and a token is made with the command.
func makeFirst(ctx context.Context, db *meta.DB) (f first, err error) {
	started, err := db.Setting(ctx, startedKey)
	if err != nil || started != "" {
		return first{}, err
	}
	if err := db.SetSetting(ctx, startedKey, "1"); err != nil {
		return first{}, err
	}
	_, f.admin, err = db.CreateToken(ctx, meta.Token{Scope: meta.ScopeRead | meta.ScopeAdmin, Label: "first start"})
	if err != nil {
		return first{}, err
	}
	projects, err := db.Projects(ctx)
	if err != nil || len(projects) > 0 {
		return f, err
	}
	p, err := db.CreateProject(ctx, firstProject, store.Limits{})
	if err != nil {
		return f, err
	}
	f.project = p.ID
	_, f.ingest, err = db.CreateToken(ctx, meta.Token{Project: p.ID, Scope: meta.ScopeIngest | meta.ScopeRead, Label: "first start"})
	return f, err
}

// makeInvite makes, as long as there is no user, an invitation to become the first one, and ends those before it: people
// log in as users, and only one who is logged in makes more of them.
func (f *first) makeInvite(ctx context.Context, db *meta.DB) error {
	users, err := db.Users(ctx)
	if err != nil || len(users) > 0 {
		return err
	}
	earlier, err := db.Invites(ctx, "")
	if err != nil {
		return err
	}
	for _, i := range earlier {
		if err := db.RevokeInvite(ctx, "", i.ID); err != nil && !errors.Is(err, meta.ErrNotFound) { // over meanwhile
			return err
		}
	}
	_, f.invite, err = db.CreateInvite(ctx, meta.Invite{Expires: time.Now().Add(inviteFor)})
	return err
}

// nobodys makes the project of a server that asks nobody to log in.
func nobodys(ctx context.Context, db *meta.DB, name string) error {
	_, err := db.CreateProject(ctx, name, store.Limits{})
	if errors.Is(err, meta.ErrExists) {
		return nil
	}
	return err
}

// show writes what was made, this once, with what to paste into the environment of a client.
func (f first) show(w io.Writer, url, data string) error {
	var b strings.Builder
	if f.admin != "" {
		fmt.Fprintf(&b, "\nThis is the first start on %s. These tokens are shown this once; `tailrace token create` makes others.\n\n", data)
		fmt.Fprintf(&b, "  admin token, of all projects (read,admin):  %s\n", f.admin)
	}
	if f.ingest != "" {
		fmt.Fprintf(&b, "  token of project %q (ingest,read):     %s\n", f.project, f.ingest)
		fmt.Fprintf(&b, `
Variables that have an exporter send here:

  MASTRA_CLOUD_TRACES_ENDPOINT=%s
  MASTRA_CLOUD_ACCESS_TOKEN=%s

or, of OpenTelemetry:

  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=%s/v1/traces
  OTEL_EXPORTER_OTLP_TRACES_HEADERS=Authorization=Bearer%%20%s
`, url, f.ingest, url, f.ingest)
	}
	if f.invite != "" {
		fmt.Fprintf(&b, `
Nobody can log in to the dashboard yet. Open this link to choose a name and a password, and be its
admin. It works once, for %d hours; each start prints another until somebody has used one.

  %s/invite/%s

`, inviteFor/time.Hour, url, f.invite)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
