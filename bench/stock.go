package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

// stock is a database with as many accounts as are wanted: copies, made by SQL, of one that has
// signed in. Some of them are whole, with a credential that opens and a bearer that is known; those
// are what is called. The others are there to be stored.
type stock struct {
	engine   engine
	folder   string // of the server
	database string // as --database names it
	listen   string
	db       *sql.DB // beside Avain
	apps     []application
	size     int
	empty    int64    // bytes on disk before there was an account
	bearers  []string // of the whole accounts
}

// stocked is how a stock is made.
type stocked struct {
	name     string
	apps     int // that the accounts are spread over
	accounts int
	whole    int
	expired  bool // the whole accounts' access tokens have ended
	due      bool // the accounts are due to be renewed; else in some weeks
}

// newStock makes one, whose accounts are renewed by the stand-in.
func (w *world) newStock(ctx context.Context, c stocked, standIn process) (s *stock, err error) {
	s = &stock{engine: w.engine, size: c.accounts}
	if s.listen, err = freeAddress(); err != nil {
		return nil, err
	}
	if s.folder, err = w.engine.folder(c.name); err != nil {
		return nil, err
	}
	key, err := s.engine.key()
	if err != nil {
		return nil, err
	}
	if s.database, err = w.engine.database(ctx, c.name); err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, w, c.apps, key, standIn); err != nil {
		return nil, err
	}
	if s.db, err = w.engine.direct(s.database); err != nil {
		return nil, err
	}
	if err := s.fill(ctx, w, c); err != nil {
		return nil, errors.Join(fmt.Errorf("make %d accounts: %w", c.accounts, err), s.db.Close())
	}
	return s, nil
}

// prepare makes the applications.
func (s *stock) prepare(ctx context.Context, w *world, apps int, key secret.Text, standIn process) (err error) {
	avain, err := app.Open(ctx, app.Config{DataDir: s.folder, Database: s.database, Key: key, Listen: s.listen})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, avain.Close()) }()
	for i := range apps {
		one, err := newApplication(ctx, avain.Operator(), i, account.Endpoints{
			Authorize: standIn.url + "/authorize", Token: standIn.url + "/token", Revoke: standIn.url + "/revoke", Userinfo: standIn.url + "/userinfo",
			API: w.upstream.url,
		})
		if err != nil {
			return err
		}
		s.apps = append(s.apps, one)
	}
	return nil
}

// fill makes the accounts.
func (s *stock) fill(ctx context.Context, w *world, c stocked) (err error) {
	model, plain, err := w.model(ctx)
	if err != nil {
		return err
	}
	if err := s.insertModel(ctx, model); err != nil {
		return err
	}
	if s.empty, err = s.engine.bytes(ctx, s.db, s.database); err != nil {
		return err
	}
	for _, statement := range s.copies(ctx, model, c) {
		if _, err := s.db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	if err := s.makeWhole(ctx, w, plain, c); err != nil {
		return err
	}
	for _, table := range copied {
		if _, err := s.db.ExecContext(ctx, fmt.Sprintf(`DELETE FROM %s WHERE %s = %s`, table, keyOf(table), model.Account.ID)); err != nil {
			return err
		}
	}
	return s.engine.settle(ctx, s.db)
}

// model reads the account that has signed in, with its credential unsealed.
func (w *world) model(ctx context.Context) (c store.Connection, plain map[string]any, err error) {
	opened, err := w.engine.open(ctx, w.database)
	if err != nil {
		return c, nil, err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	s := store.New(opened)
	token, acct, err := s.Bearer(ctx, access.Hash(secret.New(w.token)))
	if err != nil {
		return c, nil, err
	}
	credential, err := s.Credential(ctx, acct.ID)
	if err != nil {
		return c, nil, err
	}
	plain, err = w.unseal(credential)
	return store.Connection{Account: acct, New: true, Credential: &credential, Token: &token}, plain, err
}

// unseal is what a credential says.
func (w *world) unseal(c store.Credential) (plain map[string]any, err error) {
	key, err := w.ring.OpenDataKey(c.DataKey, c.RecordID)
	if err != nil {
		return nil, err
	}
	text, err := key.Open(c.Sealed, store.LabelCredential, c.RecordID)
	if err != nil {
		return nil, err
	}
	return plain, json.Unmarshal(text, &plain)
}

// insertModel puts that account into the stock.
func (s *stock) insertModel(ctx context.Context, model store.Connection) (err error) {
	opened, err := s.engine.open(ctx, s.database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, opened.Close()) }()
	model.Account.ApplicationID, model.Account.RegistrationID = s.apps[0].id, s.apps[0].registrationID
	return store.New(opened).SaveConnection(ctx, model)
}

// numberToID is the account id of the nth copy: all over the range, as those that Avain draws, so
// that the trees of the database are filled as they are in life. An odd factor gives no id
// twice.
const numberToID = 5364136223847

func copyID(number int) account.ID { return account.ID(number * numberToID & (1<<53 - 1)) }

// copied are the tables that hold an account.
var copied = []string{"accounts", "credentials", "refreshes", "tokens"}

// keyOf names the column with the account's id.
func keyOf(table string) string {
	if table == "accounts" {
		return "id"
	}
	return "account_id"
}

// copies are the statements that copy the model. Columns that are not named here are the
// model's own.
func (s *stock) copies(ctx context.Context, model store.Connection, c stocked) []string {
	dialect, id := s.engine.dialect(), fmt.Sprintf("(n * %d & %d)", numberToID, 1<<53-1)
	dueAt := "1 + n"
	if !c.due { // from 48 to 60 days
		dueAt = fmt.Sprintf("%d + n %% 1036800 * 1000", time.Now().Add(48*24*time.Hour).UnixMilli())
	}
	own := map[string]map[string]string{
		"accounts": {
			"id": id, "application": "(SELECT number FROM applications WHERE id = '%[1]s')",
			"registration": "(SELECT number FROM registrations WHERE id = '%[2]s')", "identity_key": dialect.bytes16, "created_at": "m.created_at + n",
			"subject": "CAST(100000000000000000 + n AS TEXT)", "email": "'person-' || n || '@sandbox.test'",
		},
		"credentials": {"account_id": id, "record_id": dialect.bytes16},
		"refreshes":   {"account_id": id, "due_at": dueAt, "registration": "(SELECT number FROM registrations WHERE id = '%[2]s')"},
		"tokens":      {"account_id": id, "application": "(SELECT number FROM applications WHERE id = '%[1]s')", "id": dialect.bytes16, "hash": dialect.bytes32},
	}
	var statements []string
	for number, app := range s.apps {
		series := fmt.Sprintf(dialect.series, number+1, len(s.apps), c.accounts)
		for _, table := range copied {
			var names, values []string
			for _, name := range s.columns(ctx, table) {
				names, values = append(names, name), append(values, "m."+name)
				if other, ok := own[table][name]; ok {
					values[len(values)-1] = strings.NewReplacer("%[1]s", app.id, "%[2]s", app.registrationID).Replace(other)
				}
			}
			statements = append(statements, fmt.Sprintf("%s INSERT INTO %s (%s) SELECT %s FROM series, %s m WHERE m.%s = %s",
				series, table, strings.Join(names, ", "), strings.Join(values, ", "), table, keyOf(table), model.Account.ID))
		}
	}
	return statements
}

// columns of a table; none where it cannot be read, which the next statement tells.
func (s *stock) columns(ctx context.Context, table string) []string {
	rows, err := s.db.QueryContext(ctx, `SELECT * FROM `+table+` LIMIT 0`)
	if err != nil {
		return nil
	}
	defer func() { _ = rows.Close() }()
	names, _ := rows.Columns()
	return names
}

// makeWhole seals a credential of its own for some of the accounts, all over the stock, and
// gives them bearers that are known.
func (s *stock) makeWhole(ctx context.Context, w *world, plain map[string]any, c stocked) (err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	seal, err := tx.PrepareContext(ctx, `UPDATE credentials SET record_id = $2, data_key = $3, sealed = $4 WHERE account_id = $1`)
	if err != nil {
		return err
	}
	bear, err := tx.PrepareContext(ctx, `UPDATE tokens SET hash = $2 WHERE account_id = $1`)
	if err != nil {
		return err
	}
	ends := time.Now().Add(24 * time.Hour)
	if c.expired {
		ends = time.Now().Add(-time.Hour)
	}
	for i := range c.whole {
		number, record := 1+i*(c.accounts/c.whole), account.NewRecordID()
		plain["refresh"], plain["expiresAt"] = fmt.Sprintf("refresh-token-of-%d", number), ends
		text, err := json.Marshal(plain)
		if err != nil {
			return err
		}
		key, wrapped, err := w.ring.NewDataKey(record)
		if err != nil {
			return err
		}
		sealed, err := key.Seal(text, store.LabelCredential, record)
		if err != nil {
			return err
		}
		bearer := access.NewToken()
		recordID, err := hex.DecodeString(record)
		if err != nil {
			return err
		}
		if _, err := seal.ExecContext(ctx, int64(copyID(number)), recordID, wrapped, sealed); err != nil {
			return err
		}
		if _, err := bear.ExecContext(ctx, int64(copyID(number)), access.Hash(bearer)); err != nil {
			return err
		}
		s.bearers = append(s.bearers, bearer.Reveal())
	}
	return tx.Commit()
}

// count counts the whole accounts whose credential has that generation.
func (s *stock) count(ctx context.Context, generation int) (n int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM credentials WHERE generation = $1`, generation).Scan(&n)
	return n, err
}

func (s *stock) serving() serving { return serving{s.folder, s.database, s.listen} }
