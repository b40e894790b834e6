package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

const (
	// renewed is how many accounts are due when the server starts; renewingApps is over how
	// many applications they are spread.
	renewed, renewingApps = 12_000, 8
	// renewedWithin is when it is given up.
	renewedWithin = 2 * time.Minute
	// minRenewals is the product's bound, in accounts a second.
	minRenewals = 500.0
)

// measureRefresh measures how credentials are renewed: for callers, and in the background.
func measureRefresh(ctx context.Context, w *world, binary, profiles string, t *table) error {
	if profiles == "" {
		if err := measureBurst(ctx, w, binary, t); err != nil {
			return fmt.Errorf("callers at once: %w", err)
		}
	}
	profile := w.engine.profile(profiles, "-renewal")
	if err := measureRenewal(ctx, w, binary, profile, t); err != nil {
		return fmt.Errorf("in the background: %w", err)
	}
	if profile == "" {
		return nil
	}
	return reportAreas(ctx, os.Stdout, profile, "refresh", renewed)
}

// measureRenewal starts a server on accounts that are all due, and takes the rate at which their
// credentials are renewed.
func measureRenewal(ctx context.Context, w *world, binary, profile string, t *table) (err error) {
	standIn, err := startRole(ctx, "token", nil)
	if err != nil {
		return err
	}
	defer standIn.stop()
	s, err := w.newStock(ctx, stocked{name: "renewal", apps: renewingApps, accounts: renewed, whole: renewed, due: true}, standIn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.db.Close()) }()
	server, err := starting(binary, profile)(ctx, s.serving())
	if err != nil {
		return err
	}
	defer server.stop()
	names, meter := w.engine.meter(ctx, metered{[]string{"Avain", "stand-in"}, []int{server.pid(), standIn.pid()}})
	before, err := meter()
	if err != nil {
		return err
	}
	book, err := untilAsked(ctx, standIn, renewed)
	if err != nil {
		return err
	}
	if err := s.untilSaved(ctx, 2, renewed); err != nil {
		return err
	}
	after, err := meter()
	if err != nil {
		return err
	}
	t.line("background refreshes/s, the provider answering in "+tokenLatency.String(),
		fmt.Sprintf("%.0f /s", book.PerSecond), fmt.Sprintf(">= %.0f /s", minRenewals), book.PerSecond >= minRenewals)
	t.line(fmt.Sprintf("questions to the provider for %d accounts", renewed), fmt.Sprintf("%d, %d twice", book.Times, book.Twice),
		fmt.Sprintf("%d, none twice", renewed), book.Times == renewed && book.Twice == 0)
	for i, name := range names {
		t.tell("processor time a refresh, "+name, fmt.Sprintf("%.2f ms", milliseconds(after[i]-before[i])/renewed))
	}
	return nil
}

// untilAsked waits until the stand-in has been asked so often.
func untilAsked(ctx context.Context, standIn process, times int) (book asked, err error) {
	for began := time.Now(); time.Since(began) < renewedWithin; time.Sleep(100 * time.Millisecond) {
		if book, err = standIn.book(ctx); err != nil || book.Times >= times {
			return book, err
		}
	}
	return book, fmt.Errorf("%d of %d refreshes after %s", book.Times, times, renewedWithin)
}

// untilSaved waits until so many credentials have that generation.
func (s *stock) untilSaved(ctx context.Context, generation, want int) error {
	n := 0
	for began := time.Now(); time.Since(began) < 10*time.Second; time.Sleep(100 * time.Millisecond) {
		var err error
		if n, err = s.count(ctx, generation); err != nil || n == want {
			return err
		}
	}
	return fmt.Errorf("of %d credentials %d are of generation %d", want, n, generation)
}

// book asks the stand-in what it was asked.
func (p process) book(ctx context.Context) (a asked, err error) {
	body, err := fetch(ctx, p.url+"/asked", "")
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal(body, &a)
}
