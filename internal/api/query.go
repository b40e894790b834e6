package api

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/listing"
)

// query reads the parameters of a call and keeps the first thing that is wrong. Parameters
// that nobody asks for are ignored, and an empty one is absent.
type query struct {
	values url.Values
	err    error
}

func queryOf(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.fail(fault.New(fault.ParameterInvalid, "The query is malformed."))
	}
	return q
}

func (q *query) fail(err error) {
	if q.err == nil {
		q.err = err
	}
}

// text is a parameter that may come once.
func (q *query) text(name string, most int) string {
	if len(q.values[name]) > 1 {
		q.fail(fault.Newf(fault.ParameterRepeated, "It is %s.", name))
	}
	value := q.values.Get(name)
	if err := bounded(name, value, most); err != nil {
		q.fail(err)
	}
	return value
}

// number is a whole number of at least least; otherwise where it is absent.
func (q *query) number(name string, otherwise, least, most int64) int64 {
	value := q.text(name, 32)
	if value == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most {
		q.fail(fault.Newf(fault.ParameterInvalid, "It is %s; a number from %d on.", name, least))
		return otherwise
	}
	return n
}

// page is where a page of the contract begins, and how long it is at the most.
func (q *query) page() (offset, limit int) {
	return int(q.number("offset", 0, 0, math.MaxInt32)), int(q.number("limit", listing.DefaultLimit, 1, math.MaxInt32))
}

// flag is true or false; false where it is absent.
func (q *query) flag(name string) bool {
	switch strings.ToLower(q.text(name, 8)) {
	case "", "false", "0":
		return false
	case "true", "1":
		return true
	}
	q.fail(fault.Newf(fault.ParameterInvalid, "It is %s; true or false.", name))
	return false
}
