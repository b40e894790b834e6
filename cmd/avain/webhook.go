package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
)

type webhookCommands struct {
	List   webhookListCommand   `cmd:"" help:"List the newest deliveries of the last 30 days."`
	Replay webhookReplayCommand `cmd:"" help:"Deliver events again whose deliveries have ended; the running server does it."`
}

// webhookFilter narrows both commands.
type webhookFilter struct {
	App     string        `placeholder:"APP" help:"Of one application only: client id or name."`
	Account string        `placeholder:"ID" help:"Of one account only."`
	Event   string        `placeholder:"ID" help:"Of one event only."`
	State   string        `placeholder:"STATE" help:"In one state only: waiting, delivered or failed."`
	Since   time.Duration `placeholder:"TIME" help:"Of events of that last time only, as in 24h."`
}

func (f webhookFilter) filter() (operator.EventFilter, error) {
	out := operator.EventFilter{Application: f.App, Event: f.Event, State: f.State}
	if f.Account != "" {
		id, err := account.ParseID(f.Account)
		if err != nil {
			return out, usagef("%w", err)
		}
		out.Account = id
	}
	if f.Since > 0 {
		out.Since = time.Now().Add(-f.Since)
	}
	return out, nil
}

type webhookListCommand struct {
	webhookFilter
	Limit int `default:"100" placeholder:"N" help:"How many to list; 0 for all."`
}

type deliveryView struct {
	EventID     string    `json:"eventId"`
	Type        string    `json:"type"`
	At          time.Time `json:"at"`
	AccountID   int64     `json:"accountId,omitempty"`
	ServiceType string    `json:"serviceType"`
	URL         string    `json:"url"`
	State       string    `json:"state"`
	Tries       int       `json:"tries"`
	Failure     string    `json:"failure,omitempty"` // of the last try: unreachable, timeout or wrong answer
	EndedAt     time.Time `json:"endedAt,omitzero"`
}

// Run lists the deliveries, newest first.
func (c *webhookListCommand) Run(ctx context.Context, s *settings, out output) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	filter.Limit = c.Limit
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	list, err := a.Operator().Deliveries(ctx, filter)
	if err != nil {
		return err
	}
	views, rows := make([]deliveryView, len(list)), make([][]string, len(list))
	for i, d := range list {
		e := d.Event
		views[i] = deliveryView{
			EventID: e.ID, Type: string(e.Kind), At: utc(e.At), AccountID: int64(e.AccountID), ServiceType: string(e.Data.ServiceType),
			URL: d.URL, State: string(d.State), Tries: d.Attempts, Failure: d.Failure, EndedAt: utc(d.EndedAt),
		}
		of := "-"
		if e.AccountID != 0 {
			of = e.AccountID.String()
		}
		rows[i] = []string{stamp(e.At), string(e.Kind), of, e.ID, string(d.State), fmt.Sprint(d.Attempts), dash(d.Failure), d.URL}
	}
	return out.show(views, func(w io.Writer) {
		table(w, []string{"AT", "TYPE", "ACCOUNT", "EVENT", "STATE", "TRIES", "FAILURE", "URL"}, rows)
	})
}

type webhookReplayCommand struct {
	webhookFilter
	All bool `help:"Whatever has ended, where nothing else narrows it."`
}

// Run puts the deliveries back to wait.
func (c *webhookReplayCommand) Run(ctx context.Context, s *settings, out output) error {
	if c.webhookFilter == (webhookFilter{}) && !c.All {
		return usagef("say which events: --state failed, --event, --account, --app or --since; --all for everything of the last 30 days")
	}
	filter, err := c.filter()
	if err != nil {
		return err
	}
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	n, err := a.Operator().Redeliver(ctx, filter)
	if err != nil {
		return err
	}
	return out.show(struct {
		Deliveries int `json:"deliveries"`
	}{n}, func(w io.Writer) {
		printf(w, "%d deliveries wait to be made again\n", n)
	})
}
