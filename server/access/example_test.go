package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/tailrace-go/tailrace/server/access"
	"github.com/tailrace-go/tailrace/server/store"
	"github.com/tailrace-go/tailrace/server/store/meta"
)

// scratch opens a file that is gone after done.
func scratch() (ctx context.Context, db *meta.DB, done func()) {
	dir, err := os.MkdirTemp("", "tailrace")
	if err != nil {
		panic(err)
	}
	db, err = meta.Open(meta.Config{Dir: dir})
	if err != nil {
		panic(err)
	}
	return context.Background(), db, func() {
		if err := errors.Join(db.Close(), os.RemoveAll(dir)); err != nil {
			panic(err)
		}
	}
}

// A route says what it needs, and its handler is told the project by the router alone.
func ExampleRouter() {
	ctx, db, done := scratch()
	defer done()
	project, err := db.CreateProject(ctx, "support", store.Limits{})
	if err != nil {
		panic(err)
	}
	_, secret, err := db.CreateToken(ctx, meta.Token{Project: project.ID, Scope: meta.ScopeRead})
	if err != nil {
		panic(err)
	}

	router, err := access.NewRouter(access.Config{DB: db}, access.Route{
		Method: "GET", Path: "/api/projects/{p}/hello", Need: access.Read,
		Handle: func(w http.ResponseWriter, _ *http.Request, g access.Grant) {
			_, _ = fmt.Fprintln(w, "hello,", g.Project().Name)
		},
	})
	if err != nil {
		panic(err)
	}
	for _, project := range []string{"support", "billing"} {
		r := httptest.NewRequest("GET", "/api/projects/"+project+"/hello", nil)
		r.Host = "localhost"
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		fmt.Print(w.Code, " ", w.Body)
	}
	// Output:
	// 200 hello, support
	// 404 {"error":{"code":"not_found","message":"no such project"}}
}

// A login has the same answer whether the name or the password is wrong.
func ExampleLogins() {
	ctx, db, done := scratch()
	defer done()
	logins, err := access.NewLogins(access.LoginConfig{DB: db})
	if err != nil {
		panic(err)
	}
	hash, err := logins.HashPassword(ctx, "correct horse battery staple")
	if err != nil {
		panic(err)
	}
	if _, err := db.CreateUser(ctx, meta.User{Name: "ann", Hash: hash}); err != nil {
		panic(err)
	}

	var anyone access.Grant // as a handler of POST /api/login gets it
	_, user, err := logins.Login(ctx, "ann", "correct horse battery staple", anyone.Address())
	fmt.Println(user.Name, err)
	_, _, err = logins.Login(ctx, "ann", "12345678", anyone.Address())
	fmt.Println(errors.Is(err, access.ErrLogin))
	_, _, err = logins.Login(ctx, "eve", "12345678", anyone.Address())
	fmt.Println(errors.Is(err, access.ErrLogin))
	// Output:
	// ann <nil>
	// true
	// true
}

// What is open to everybody is limited by address.
func ExampleLimiter() {
	openings := access.NewLimiter(access.LimiterConfig{Every: time.Minute, Burst: 2})
	open := func(w http.ResponseWriter, _ *http.Request, g access.Grant) {
		var limit *access.LimitError
		if err := openings.TakeAddress(g.Address()); errors.As(err, &limit) {
			access.FailLimit(w, limit)
			return
		}
		_, _ = fmt.Fprint(w, "opened")
	}
	for range 3 {
		w := httptest.NewRecorder()
		open(w, nil, access.Grant{})
		fmt.Printf("%d wait %q\n", w.Code, w.Header().Get("Retry-After"))
	}
	// Output:
	// 200 wait ""
	// 200 wait ""
	// 429 wait "60"
}
