package app

import (
	"net/url"
	"path/filepath"
	"strings"
)

// Location is where the records are: one of the two is set.
type Location struct {
	File string // of SQLite
	URL  string // of PostgreSQL
}

// Location reads Database; errors are of wrong use.
func (c Config) Location() (Location, error) {
	switch {
	case c.Database == "":
		return Location{File: filepath.Join(c.DataDir, "avain.db")}, nil
	case strings.HasPrefix(c.Database, "sqlite:"):
		if path := strings.TrimPrefix(c.Database, "sqlite:"); path != "" {
			return Location{File: path}, nil
		}
		return Location{}, usage("--database sqlite: needs a path, as in sqlite:/var/lib/avain/avain.db")
	case strings.HasPrefix(c.Database, "postgres://"), strings.HasPrefix(c.Database, "postgresql://"):
		return Location{URL: c.Database}, nil
	}
	return Location{}, usage("--database %q: write sqlite:PATH or postgres://USER@HOST/DATABASE", c.Database)
}

// String names it for people: a URL without its passwords.
func (l Location) String() string {
	if l.URL == "" {
		return l.File
	}
	u, err := url.Parse(l.URL)
	if err != nil {
		return "postgres://…"
	}
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	q := u.Query()
	q.Del("password")
	q.Del("sslpassword")
	u.RawQuery = q.Encode()
	return u.String()
}
