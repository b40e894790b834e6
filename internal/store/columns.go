package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/scope"
)

// row is what one record is scanned from: *sql.Row or *sql.Rows.
type row interface{ Scan(dest ...any) error }

// readAll scans every row of a query; none gives nil.
func readAll[T any](ctx context.Context, q Querier, scan func(row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// count is how many rows a statement changed. It takes what ExecContext returns.
func count(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// require returns otherwise where a statement changed no row.
func require(result sql.Result, err, otherwise error) error {
	n, err := count(result, err)
	if err == nil && n == 0 {
		return otherwise
	}
	return err
}

// millis is a time as the tables keep it.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// The types below scan a column into the type that they are converted from.
type (
	timeColumn   time.Time
	scopesColumn []scope.Scope
	wordsColumn  []string
)

func (c *timeColumn) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a time is kept as a number, not as %T", src)
	}
	*c = timeColumn{}
	if ms != 0 {
		*c = timeColumn(time.UnixMilli(ms).UTC())
	}
	return nil
}

func (c *scopesColumn) Scan(src any) error {
	var words wordsColumn
	if err := words.Scan(src); err != nil {
		return err
	}
	*c = nil
	if len(words) > 0 {
		*c = make(scopesColumn, len(words))
	}
	for i, w := range words {
		(*c)[i] = scope.Scope(w)
	}
	return nil
}

func (c *wordsColumn) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("a list is kept as text, not as %T", src)
	}
	*c = nil
	if text != "" {
		*c = strings.Split(text, " ")
	}
	return nil
}

// jsonColumn scans JSON text into what into points to.
type jsonColumn struct{ into any }

func (c jsonColumn) Scan(src any) error {
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("JSON is kept as text, not as %T", src)
	}
	return json.Unmarshal([]byte(text), c.into)
}

// jsonText writes v, a private row struct, as JSON.
func jsonText(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
