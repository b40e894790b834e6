package app_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
)

func newKey(t *testing.T) secret.Text {
	t.Helper()
	ring, err := seal.NewRing()
	if err != nil {
		t.Fatal(err)
	}
	key, err := ring.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestOpenRefusesWhatItCannotServe(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), newKey(t)
	if _, err := app.Open(t.Context(), app.Config{DataDir: dir}); !errors.Is(err, app.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	a, err := app.Open(t.Context(), app.Config{DataDir: dir, Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}

	_, err = app.Open(t.Context(), app.Config{DataDir: dir, Key: newKey(t)})
	var wrong *operator.WrongKeyError
	if !errors.As(err, &wrong) {
		t.Errorf("with another key: %v", err)
	}

	ofNewerVersion(t, filepath.Join(dir, "avain.db"))
	_, err = app.Open(t.Context(), app.Config{DataDir: dir, Key: key})
	if err == nil || !strings.Contains(err.Error(), "schema version 99") {
		t.Errorf("on a database of a newer version: %v", err)
	}
}

// A newer version that has upgraded the database says which programs may go on with it.
func TestANewerVersionSaysWhoMayServe(t *testing.T) {
	t.Parallel()
	dir, key := t.TempDir(), newKey(t)
	opens := func() error {
		a, err := app.Open(t.Context(), app.Config{DataDir: dir, Key: key})
		if err != nil {
			return err
		}
		return a.Close()
	}
	if err := opens(); err != nil {
		t.Fatal(err)
	}
	status, err := app.MigrationStatus(t.Context(), app.Config{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "avain.db")
	ofNewerVersion(t, path)
	for oldest, may := range map[int64]bool{status.Latest - 1: true, status.Latest: true, status.Latest + 1: false} {
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), `INSERT OR REPLACE INTO meta (key, value) VALUES ('schema.beside', CAST(? AS BLOB))`, fmt.Sprintf("99 %d", oldest))
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		if err := opens(); (err == nil) != may {
			t.Errorf("migration %d is needed, %d is known: %v", oldest, status.Latest, err)
		}
	}
}

// ofNewerVersion notes a migration that this program does not have.
func ofNewerVersion(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
}

func TestListenChecksTheAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*app.Config)
		want   string // the URL, or a part of the error
	}{
		"https":                    {func(c *app.Config) { c.PublicURL = "https://auth.example" }, "https://auth.example"},
		"default port":             {func(c *app.Config) { c.PublicURL = "https://auth.example:443/" }, "https://auth.example"},
		"http in the clear":        {func(c *app.Config) { c.PublicURL = "http://auth.example" }, "--insecure-http"},
		"http, allowed":            {func(c *app.Config) { c.PublicURL, c.InsecureHTTP = "http://auth.example", true }, "http://auth.example"},
		"http on loopback":         {func(c *app.Config) { c.PublicURL = "http://localhost:9" }, "http://localhost:9"},
		"a path":                   {func(c *app.Config) { c.PublicURL = "https://auth.example/avain" }, "no path"},
		"a user":                   {func(c *app.Config) { c.PublicURL = "https://me@auth.example" }, "user name"},
		"no scheme":                {func(c *app.Config) { c.PublicURL = "auth.example" }, "https://host"},
		"all addresses, no public": {func(c *app.Config) { c.Listen = "0.0.0.0:0" }, "--public-url is needed"},
		"half of TLS":              {func(c *app.Config) { c.TLSCert = "cert.pem" }, "go together"},
		"a broken proxy":           {func(c *app.Config) { c.TrustedProxies = []string{"10.0.0.0/99"} }, "--trusted-proxies"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := app.Config{DataDir: t.TempDir(), Key: newKey(t), Listen: "127.0.0.1:0"}
			c.change(&cfg)
			a, err := app.Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = a.Close() }()
			server, err := a.Listen(t.Context())
			var got string
			var usage *app.UsageError
			switch {
			case errors.As(err, &usage):
				got = err.Error()
			case err != nil:
				t.Fatal(err)
			default:
				got = server.URL
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLocation(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]app.Location{
		"":                      {File: filepath.Join("dir", "avain.db")},
		"sqlite:/x/y.db":        {File: "/x/y.db"},
		"postgres://h/db":       {URL: "postgres://h/db"},
		"postgresql://h/db?x=y": {URL: "postgresql://h/db?x=y"},
		"sqlite:":               {}, "avain.db": {}, "mysql://h/db": {},
	} {
		got, err := app.Config{DataDir: "dir", Database: in}.Location()
		var usage *app.UsageError
		if got != want || (want == app.Location{}) != errors.As(err, &usage) {
			t.Errorf("Location of %q = %+v, %v", in, got, err)
		}
	}
}

func TestALocationShowsNoPassword(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"postgres://me:hunter2@h:5/db?sslmode=require":       "postgres://me@h:5/db?sslmode=require",
		"postgres://h/db?password=hunter2&sslpassword=x&a=b": "postgres://h/db?a=b",
		"postgres://%zz:hunter2@h":                           "postgres://…",
	} {
		if got := (app.Location{URL: in}).String(); got != want {
			t.Errorf("%q is shown as %q", in, got)
		}
	}
	if got := (app.Location{File: "/x/y.db"}).String(); got != "/x/y.db" {
		t.Errorf("a file is shown as %q", got)
	}
}

// A database that cannot be opened is a failure, a URL that cannot be read wrong use.
func TestOpenOnPostgresSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for address, wrongUse := range map[string]bool{
		"postgres://me:hunter2@127.0.0.1:1/avain": false, "postgres://me:hunter2@%zz": true,
		"postgres://me:hunter2@h/avain?pool_max_conns=0": true,
	} {
		_, err := app.MigrationStatus(t.Context(), app.Config{Database: address})
		var usage *app.UsageError
		if err == nil || wrongUse != errors.As(err, &usage) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
