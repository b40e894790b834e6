package direct

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// paused answers each read after the next pause, unless the call is given up.
type paused struct {
	ctx    context.Context
	pauses []time.Duration
}

func (p *paused) Read(b []byte) (int, error) {
	if len(p.pauses) == 0 {
		return 0, io.EOF
	}
	select {
	case <-time.After(p.pauses[0]):
		p.pauses = p.pauses[1:]
		return copy(b, "x"), nil
	case <-p.ctx.Done():
		return 0, context.Cause(p.ctx)
	}
}

func (*paused) Close() error { return nil }

func TestSilenceCountsByTheRead(t *testing.T) {
	t.Parallel()
	const limit = time.Minute
	for name, c := range map[string]struct {
		pauses []time.Duration
		reader time.Duration // what the caller needs between two reads
		want   error
	}{
		"slow, but never silent":   {[]time.Duration{59 * time.Second, 59 * time.Second, 59 * time.Second}, 0, nil},
		"a caller who takes hours": {[]time.Duration{0, 0, 0}, time.Hour, nil},
		"silent at once":           {[]time.Duration{61 * time.Second}, 0, errStalled},
		"silent later":             {[]time.Duration{0, time.Second, time.Hour}, 0, errStalled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, giveUp := context.WithCancelCause(t.Context())
				defer giveUp(nil)
				body := newPatient(&paused{ctx, c.pauses}, limit, giveUp)
				var err error
				for err == nil {
					_, err = body.Read(make([]byte, 1))
					time.Sleep(c.reader)
				}
				if errors.Is(err, io.EOF) {
					err = nil
				}
				if !errors.Is(err, c.want) {
					t.Errorf("it ended with %v, want %v", err, c.want)
				}
				_ = body.Close()
				time.Sleep(2 * limit)
				if c.want == nil && ctx.Err() != nil {
					t.Error("the call was given up after its end")
				}
			})
		})
	}
}
