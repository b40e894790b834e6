package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/sandbox"
	"github.com/avain-project/avain/internal/seal"
	"github.com/avain-project/avain/internal/secret"
)

// application is one that connects accounts. Each worker has one, since the sandbox
// knows one consenting person only: sign-ins of one person wait for each other
// within an application.
type application struct {
	id, registrationID string
	clientID, secret   string
}

// world is what is measured: a migrated database with applications and one
// connected account, and the servers around Avain.
type world struct {
	engine   engine
	ring     *seal.Ring
	database string // as --database names it
	listen   string // where Avain listens, or will
	apps     []application
	token    string // the account's bearer

	upstream process // the provider's API
	provider process // the provider's sign-in: the sandbox

	seen     observed
	bare     string        // a database of the same content, for the bare changes
	bareApps []application // in there
}

func (w *world) url() string { return "http://" + w.listen }

func (w *world) serving() serving { return serving{w.engine.dir, w.database, w.listen} }

func (w *world) stop() {
	w.upstream.stop()
	w.provider.stop()
}

// newWorld prepares two databases alike, and watches one code flow in the first.
func newWorld(ctx context.Context, e engine) (w *world, err error) {
	w = &world{engine: e}
	if w.listen, err = freeAddress(); err != nil {
		return nil, err
	}
	if w.upstream, err = startRole(ctx, "upstream", nil); err != nil {
		return nil, err
	}
	if w.provider, err = startRole(ctx, "provider", []byte(w.url()+"/v1/auth/callback")); err != nil {
		w.upstream.stop()
		return nil, err
	}
	if err := w.prepare(ctx); err != nil {
		w.stop()
		return nil, err
	}
	return w, nil
}

func (w *world) prepare(ctx context.Context) (err error) {
	if err := os.MkdirAll(w.engine.dir, 0o700); err != nil {
		return err
	}
	key, err := w.makeKey()
	if err != nil {
		return err
	}
	if w.database, w.apps, err = w.populate(ctx, "avain", key); err != nil {
		return err
	}
	if w.bare, w.bareApps, err = w.populate(ctx, "bare", key); err != nil {
		return err
	}
	return w.observe(ctx)
}

// keyFile is where avain serve looks for its key, in its folder.
const keyFile = "avain.key"

// makeKey writes the key where avain serve looks for it.
func (w *world) makeKey() (key secret.Text, err error) {
	if w.ring, err = seal.NewRing(); err != nil {
		return secret.Text{}, err
	}
	if key, err = w.ring.Encode(); err != nil {
		return secret.Text{}, err
	}
	return key, os.WriteFile(filepath.Join(w.engine.dir, keyFile), []byte(key.Reveal()), 0o600)
}

// populate makes a database with an application for each worker.
func (w *world) populate(ctx context.Context, name string, key secret.Text) (database string, apps []application, err error) {
	if database, err = w.engine.database(ctx, name); err != nil {
		return "", nil, err
	}
	avain, err := app.Open(ctx, app.Config{DataDir: w.engine.dir, Database: database, Key: key, Listen: w.listen})
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, avain.Close()) }()
	e := sandbox.New(sandbox.Config{}).GoogleEndpoints(w.provider.url)
	for i := range connections {
		one, err := newApplication(ctx, avain.Operator(), i, account.Endpoints{
			Authorize: e.Authorize, Token: e.Token, Revoke: e.Revoke, Userinfo: e.Userinfo, API: w.upstream.url,
		})
		if err != nil {
			return "", nil, err
		}
		apps = append(apps, one)
	}
	return database, apps, nil
}

// newApplication makes one with a client at a provider.
func newApplication(ctx context.Context, ops *operator.Service, number int, provider account.Endpoints) (application, error) {
	created, clientSecret, err := ops.CreateApplication(ctx, operator.CreateApplication{
		Name: fmt.Sprintf("Bench %d", number), ReturnURLs: []string{returnURL},
	})
	if err != nil {
		return application{}, err
	}
	client := sandboxClient(number, "")
	registration, _, err := ops.SetRegistration(ctx, created.ClientID, operator.SetRegistration{
		ServiceType: "Google", ClientID: client.ID, Secrets: []secret.Text{secret.New(client.Secret)}, Endpoints: &provider,
	})
	return application{created.ID, registration.ID, created.ClientID, clientSecret.Reveal()}, err
}

// sandboxClient is the OAuth client of the application of that number.
func sandboxClient(number int, callback string) sandbox.Client {
	return sandbox.Client{
		ID: fmt.Sprintf("bench-%d", number), Secret: "bench-secret", Name: "Bench", RedirectURIs: []string{callback},
	}
}
