package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

const fieldNames = "vendor, endpoint, kind, status, retryAfter, delay, error, description, location, times"

// wireFault is a fault as POST /_control/faults takes it.
type wireFault struct {
	Vendor      string   `json:"vendor"`
	Endpoint    Endpoint `json:"endpoint"`
	Kind        Kind     `json:"kind"`
	Status      int      `json:"status"`
	RetryAfter  text     `json:"retryAfter"`
	Delay       string   `json:"delay"` // Go duration: "1.5s"
	Error       string   `json:"error"`
	Description string   `json:"description"`
	Location    string   `json:"location"`
	Times       int      `json:"times"`
}

// text takes "2" and 2 alike: scripts write Retry-After either way.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(raw []byte) error {
	var n json.Number
	if err := json.Unmarshal(raw, &n); err == nil {
		*t = text(n)
		return nil
	}
	return json.Unmarshal(raw, (*string)(t))
}

// ParseFaults reads a JSON list of faults, or one alone. Error texts name what
// is allowed; endpoints and kinds are checked by [Gate.Set].
func ParseFaults(raw []byte) ([]Fault, error) {
	raw = bytes.TrimSpace(raw)
	if bytes.HasPrefix(raw, []byte("{")) {
		raw = append(append([]byte("["), raw...), ']')
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var wires []wireFault
	if err := dec.Decode(&wires); err != nil {
		return nil, fmt.Errorf("faults must be a JSON list of objects with %s: %s",
			fieldNames, strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("faults must be one JSON list, with nothing after it")
	}
	faults := make([]Fault, 0, len(wires))
	for i, w := range wires {
		f := Fault{
			Vendor: w.Vendor, Endpoint: w.Endpoint, Kind: w.Kind, Status: w.Status,
			RetryAfter: string(w.RetryAfter), Error: w.Error, Description: w.Description, Location: w.Location, Times: w.Times,
		}
		if w.Delay != "" {
			d, err := time.ParseDuration(w.Delay)
			if err != nil {
				return nil, fmt.Errorf(`fault %d: delay %q is no duration; write it like "500ms" or "2s"`, i+1, w.Delay)
			}
			f.Delay = d
		}
		faults = append(faults, f)
	}
	return faults, nil
}
