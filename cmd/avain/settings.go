package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/secret"
)

// defaultDataDir is in the working directory.
const defaultDataDir = "avain-data"

// settings are taken by every command.
type settings struct {
	JSON     bool       `name:"json" group:"General" help:"Print JSON."`
	DataDir  string     `env:"AVAIN_DATA_DIR" default:"${dataDir}" placeholder:"DIR" group:"Data" help:"Folder of the database and the key; made where it does not exist."`
	Database string     `env:"AVAIN_DATABASE" placeholder:"DATABASE" group:"Data" help:"The database: sqlite:PATH, or postgres://USER@HOST/DATABASE; avain.db in the data directory if not given."`
	Key      keptSecret `name:"key-file" secret:"AVAIN_KEY" placeholder:"PATH" group:"Data" help:"File with the key that avain key init made (- is standard input); avain.key in the data directory if not given."`
}

// address is where browsers and providers find the server.
type address struct {
	Listen       string `env:"AVAIN_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" group:"Address" help:"Address to listen on; port 0 takes a free one."`
	PublicURL    string `name:"public-url" env:"AVAIN_PUBLIC_URL" placeholder:"URL" group:"Address" help:"How browsers and providers reach the server. Required unless it listens on a loopback address."`
	InsecureHTTP bool   `name:"insecure-http" env:"AVAIN_INSECURE_HTTP" group:"Address" help:"Allow a public URL with http on a host that is not a loopback one: for closed networks only."`
	TLSCert      string `name:"tls-cert" env:"AVAIN_TLS_CERT" placeholder:"PATH" group:"Address" help:"PEM file with the certificate chain; read again when it changes."`
	TLSKey       string `name:"tls-key" env:"AVAIN_TLS_KEY" placeholder:"PATH" group:"Address" help:"PEM file with the certificate's private key."`

	TrustedProxies []string `name:"trusted-proxies" env:"AVAIN_TRUSTED_PROXIES" placeholder:"ADDRESS" group:"Address" help:"Addresses or networks (10.0.0.0/8) of reverse proxies whose X-Forwarded-For is believed; separated by commas."`
}

// typedHosts bounds what people may type as their server.
type typedHosts struct {
	TypedNetworks  []string `name:"typed-networks" env:"AVAIN_TYPED_NETWORKS" placeholder:"NETWORK" group:"Typed hosts" help:"Addresses or networks (10.20.0.0/16) in which servers that people type may be, besides public addresses; separated by commas."`
	PlaintextHosts []string `name:"plaintext-hosts" env:"AVAIN_PLAINTEXT_HOSTS" placeholder:"HOST" group:"Typed hosts" help:"Hosts to which a typed login may go without TLS; separated by commas."`
	TypedCA        string   `name:"typed-ca" env:"AVAIN_TYPED_CA" placeholder:"PATH" group:"Typed hosts" help:"PEM file of authorities that sign the certificates of typed servers, besides the system's; read at the start."`
	TypedResolver  string   `name:"typed-resolver" env:"AVAIN_TYPED_RESOLVER" placeholder:"ADDRESS:PORT" group:"Typed hosts" help:"DNS server that names and domains which people type are looked up at; the system's resolver if not given."`
	MailISPDB      bool     `name:"mail-ispdb" env:"AVAIN_MAIL_ISPDB" group:"Typed hosts" help:"Look the domains of e-mail addresses up in Thunderbird's public directory of mail settings, too, which learns them by that."`
}

func (h typedHosts) onto(cfg app.Config) app.Config {
	cfg.TypedNetworks, cfg.PlaintextHosts, cfg.TypedCA = h.TypedNetworks, h.PlaintextHosts, h.TypedCA
	cfg.TypedResolver, cfg.MailISPDB = h.TypedResolver, h.MailISPDB
	return cfg
}

// config turns the settings into those of internal/app.
func (s *settings) config() app.Config {
	return app.Config{
		DataDir: s.DataDir, DataDirAssumed: s.DataDir == defaultDataDir, Database: s.Database, Key: s.Key.Text, Version: version(),
	}
}

func (a address) onto(cfg app.Config) app.Config {
	cfg.Listen, cfg.PublicURL, cfg.InsecureHTTP = a.Listen, a.PublicURL, a.InsecureHTTP
	cfg.TLSCert, cfg.TLSKey, cfg.TrustedProxies = a.TLSCert, a.TLSKey, a.TrustedProxies
	return cfg
}

// open opens the data with its key. cfg is the one of config, completed.
func (s *settings) open(ctx context.Context, cfg app.Config) (*app.App, error) {
	if err := s.findKey(); err != nil {
		return nil, err
	}
	cfg.Key = s.Key.Text
	if s.Key.path != "" {
		cfg.ReadKey = func() (secret.Text, error) { return readSecret(s.Key.path, nil) }
	}
	opened, err := app.Open(ctx, cfg)
	if errors.Is(err, app.ErrNoKey) {
		return nil, s.noKey(ctx)
	}
	return opened, err
}

func (s *settings) keyPath() string { return filepath.Join(s.DataDir, "avain.key") }

// findKey takes the key that `avain key init` wrote where no other is given; absent is no
// error.
func (s *settings) findKey() error {
	if !s.Key.IsZero() {
		return nil
	}
	if _, err := os.Stat(s.keyPath()); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	s.Key.path = s.keyPath()
	return s.readKey()
}

// readKey reads the key from its file, anew.
func (s *settings) readKey() (err error) {
	s.Key.Text, err = readSecret(s.Key.path, nil)
	return err
}

// noKey says what is missing: the key of these data, or any.
func (s *settings) noKey(ctx context.Context) error {
	missing := fmt.Sprintf("there is no key: neither AVAIN_KEY nor AVAIN_KEY_FILE is set, and %s does not exist", s.keyPath())
	if at, exists, err := s.databaseExists(); err == nil && exists {
		// A database that does not answer has nothing to tell; the key is missing all the same.
		if ids, err := app.RecordedKeys(ctx, s.config()); err == nil && len(ids) > 0 {
			return usagef("%s. %s was sealed with key %s: bring that one back; without it the accounts cannot be opened", missing, at, strings.Join(ids, " and key "))
		}
	}
	return usagef("%s. Make one:\n\n    %s\n", missing, s.line("key init"))
}

// line is a command line that works on the same data as this one.
func (s *settings) line(command string) string {
	out := "avain " + command
	if s.DataDir != defaultDataDir {
		out += " --data-dir " + quoted(s.DataDir)
	}
	if at, err := s.config().Location(); err == nil && at.URL != "" {
		out += " --database " + quoted(at.String()) // the password has no place on a command line
	} else if s.Database != "" {
		out += " --database " + quoted(s.Database)
	}
	return out
}

// databaseExists tells apart a database and a mistyped path, which opening would
// turn into an empty database. One on a server exists: opening tells.
func (s *settings) databaseExists() (at app.Location, exists bool, err error) {
	at, err = s.config().Location()
	if err != nil || at.URL != "" {
		return at, err == nil, err
	}
	_, err = os.Stat(at.File)
	if errors.Is(err, fs.ErrNotExist) {
		return at, false, nil
	}
	if err != nil {
		return at, false, fmt.Errorf("look for the database: %w", err)
	}
	return at, true, nil
}
