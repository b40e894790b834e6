package sqlite

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/store"
)

// What is deleted is in no file any more, though the database stays open.
func TestForgetLeavesNothingOfTheDeleted(t *testing.T) {
	t.Parallel()
	e := open(t)
	secret := "sealed-" + strings.Repeat("secret", 20)
	if err := e.Write(t.Context(), insert(secret)); err != nil {
		t.Fatal(err)
	}
	if !inFiles(t, e, secret) {
		t.Fatal("it was never in a file: this test has lost its subject")
	}
	err := e.Write(t.Context(), func(ctx context.Context, q store.Querier) error {
		_, err := q.ExecContext(ctx, `DELETE FROM words WHERE word = $1`, secret)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if !inFiles(t, e, secret) {
		t.Fatal("nothing is left to forget: this test has lost its subject")
	}
	if err := e.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	if inFiles(t, e, secret) {
		t.Error("what was deleted is still in a file")
	}
	if err := e.Write(t.Context(), insert("after")); err != nil {
		t.Error(err)
	}
}

// A reader that does not end is no reason to wait, and no error.
func TestForgetDoesNotWaitForReaders(t *testing.T) {
	t.Parallel()
	e := open(t)
	if err := e.Write(t.Context(), insert("one")); err != nil {
		t.Fatal(err)
	}
	rows, err := e.Reader().QueryContext(t.Context(), `SELECT word FROM words`)
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	if err := e.Write(t.Context(), insert("two")); err != nil {
		t.Fatal(err)
	}
	if err := e.Forget(t.Context()); err != nil {
		t.Error(err)
	}
}

func inFiles(t *testing.T, e *Engine, text string) bool {
	t.Helper()
	for _, behind := range []string{"", "-wal"} {
		raw, err := os.ReadFile(e.path + behind)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte(text)) {
			return true
		}
	}
	return false
}
