package transfer

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"sync"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential"
	"github.com/avain-project/avain/internal/secret"
)

// workers write side by side, each its own accounts; more do not make it faster.
const workers = 4

// Import is what to bring in, and how.
type Import struct {
	From        io.Reader
	Application string // client id of the application of rows that name none
	TakeOver    bool   // the other system is off: grants of which a refresh ends a token come as well
	DryRun      bool
	// Report is called once a row, of one at a time, in no order.
	Report func(Result) error
	// Bearers is called before a batch is written, with an access token for each of its
	// accounts that has none; nil where none is wanted. What is not written then after all,
	// its token is good for nothing.
	Bearers func([]Bearer) error
}

// Outcome is what became of a row.
type Outcome string

// The outcomes.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
	Rejected  Outcome = "rejected"
)

// Result is the report of a row.
type Result struct {
	Line      int
	Ref       string
	Outcome   Outcome
	AccountID account.ID // 0: rejected, or a dry run has made none
	Reason    string     // for people; no value of the row stands in it
}

// Bearer is an access token of Avain's for an imported account.
type Bearer struct {
	Line      int
	Ref       string
	AccountID account.ID
	Token     secret.Text
}

// Summary counts.
type Summary struct {
	Outcomes map[Outcome]int
	// TakenOver are the rows whose grants another system must not use any more, by service.
	TakenOver map[account.ServiceType]int
}

// Import reads to the end and imports what is right; an error is of the whole, such as a
// database that does not answer. What has been reported is done: the same file can follow.
func (s *Service) Import(ctx context.Context, in Import) (Summary, error) {
	sum := Summary{Outcomes: map[Outcome]int{}}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	report := reporter(in.Report, sum.Outcomes)
	var bearers sync.Mutex
	if hand := in.Bearers; hand != nil {
		in.Bearers = func(all []Bearer) error {
			bearers.Lock()
			defer bearers.Unlock()
			return hand(all)
		}
	}
	var group sync.WaitGroup
	queues := make([]chan wanted, workers)
	for i := range queues {
		queues[i] = make(chan wanted, batchRows)
		w := &worker{Service: s, in: in, report: report, rows: queues[i]}
		group.Go(func() {
			if err := w.run(ctx); err != nil {
				cancel(err)
			}
		})
	}
	c := s.newChecker(in)
	err := c.deal(ctx, in.From, report, queues)
	for _, q := range queues {
		close(q)
	}
	group.Wait()
	sum.TakenOver = c.rotating
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if in.DryRun {
		return sum, err
	}
	return sum, errors.Join(err, s.audit(ctx, "accounts.imported", "", fmt.Sprintf(
		"%d created, %d updated, %d unchanged, %d rejected", sum.Outcomes[Created], sum.Outcomes[Updated], sum.Outcomes[Unchanged], sum.Outcomes[Rejected])))
}

// reporter counts, and reports one at a time.
func reporter(report func(Result) error, counts map[Outcome]int) func(Result) error {
	var mu sync.Mutex
	return func(r Result) error {
		mu.Lock()
		defer mu.Unlock()
		counts[r.Outcome]++
		if err := report(r); err != nil {
			return fmt.Errorf("report line %d: %w", r.Line, err)
		}
		return nil
	}
}

func (s *Service) newChecker(in Import) *checker {
	return &checker{
		Service: s, application: in.Application, takeOver: in.TakeOver,
		applications: map[string]account.Application{}, registrations: map[registrationRef]credential.Registered{},
		rotating: map[account.ServiceType]int{},
	}
}

// deal checks the rows and deals them out. All of one person go to one worker: two of them
// never decide about one account at the same time.
func (c *checker) deal(ctx context.Context, from io.Reader, report func(Result) error, to []chan wanted) error {
	in, seen := newLines(from), map[[sha256.Size]byte]int{}
	for ctx.Err() == nil {
		number, text, tooLong, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		w, err := c.read(ctx, number, text, tooLong)
		if err == nil {
			if first, again := seen[w.key()]; again {
				err = rejectf("it is the same account as line %d", first)
			} else {
				seen[w.key()] = number
			}
		}
		var why rejection
		switch {
		case errors.As(err, &why):
			err = report(Result{Line: number, Ref: w.ref, Outcome: Rejected, Reason: string(why)})
		case err == nil:
			select {
			case to[w.share(len(to))] <- w:
			case <-ctx.Done():
			}
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (c *checker) read(ctx context.Context, number int, text []byte, tooLong bool) (wanted, error) {
	if tooLong {
		return wanted{}, rejectf("it is longer than %d KiB", longestLine>>10)
	}
	row, err := readRow(text)
	if err != nil {
		return wanted{}, err
	}
	w, err := c.check(ctx, number, row)
	if len(w.ref) > longestRef {
		w.ref = ""
	}
	return w, err
}

// key is the same for two rows of one account.
func (w wanted) key() [sha256.Size]byte {
	a := w.account
	if w.id != 0 {
		return sha256.Sum256([]byte("id " + w.id.String()))
	}
	return sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q", a.ApplicationID, a.ServiceType, a.Identity.Subject, a.ClientOrgID, a.UserID))
}

// share is the worker of a person.
func (w wanted) share(n int) int {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s %s", w.account.ApplicationID, w.account.Identity.Subject)
	return int(h.Sum32() % uint32(n)) //nolint:gosec // a handful
}
