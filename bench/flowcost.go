package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/store"
)

// flowCost is what a code flow takes beside its parts done bare, with so many
// workers at once.
type flowCost struct {
	workers             int
	flow, hops, changes *side
	names               []string // of the processes whose time usage holds
}

// parts is how many flows a second there would be if each took as long as its hops
// and then its changes.
func parts(hops, changes round) float64 {
	return 1 / (1/hops.perSecond + 1/changes.perSecond)
}

// rate is the flow's rate against that of its parts: the median of what neighbouring
// rounds say.
func (c flowCost) rate() float64 {
	var all []float64
	for i, flow := range c.flow.rounds {
		all = append(all, flow.perSecond/parts(c.hops.rounds[i], c.changes.rounds[i]))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// measureFlow measures with one worker, for the time that a person waits, and with
// many, for how much a machine carries.
func measureFlow(ctx context.Context, w *world, binary, profiles string) error {
	hops, err := json.Marshal(w.seen.hops)
	if err != nil {
		return err
	}
	bare, err := startRole(ctx, "replay", hops)
	if err != nil {
		return err
	}
	defer bare.stop()
	opened, err := w.engine.open(ctx, w.bare)
	if err != nil {
		return err
	}
	s := store.New(opened)
	defer func() { _ = s.Close() }()
	profile := ""
	if profiles != "" {
		profile = filepath.Join(profiles, strings.ToLower(w.engine.name)+".pprof")
	}
	server, err := startFlowServer(ctx, w, binary, profile)
	if err != nil {
		return err
	}
	names, meter := w.processes(ctx, server, bare)
	flows := 0
	for _, workers := range []int{1, connections} {
		c := flowCost{
			workers: workers, names: names,
			flow:    &side{do: w.flow, meter: meter},
			hops:    &side{do: bareHops(bare.url, w.seen.hops), meter: meter},
			changes: &side{do: bareFlow(s, w.bareApps), meter: meter},
		}
		if err := flowRounds.alternate(ctx, workers, c.flow, c.hops, c.changes); err != nil {
			server.stop()
			return err
		}
		reportFlow(os.Stdout, w.seen, c)
		flows += c.flow.all
	}
	server.stop() // which writes the profile
	if profile == "" {
		return nil
	}
	return reportAreas(ctx, os.Stdout, profile, flows)
}

// flow is the subject as a load.
func (w *world) flow(ctx context.Context, client *http.Client, worker int) error {
	_, err := codeFlow(ctx, client, w.url(), w.apps[worker])
	return err
}

// bareFlow is bareChanges as a load.
func bareFlow(s *store.Store, apps []application) load {
	return func(ctx context.Context, _ *http.Client, worker int) error {
		return bareChanges(ctx, s, apps[worker])
	}
}

// startFlowServer starts the built binary; or, for a profile, the same server in a
// copy of this program, since the binary has no door for a profiler.
func startFlowServer(ctx context.Context, w *world, binary, profile string) (process, error) {
	if profile == "" {
		server, _, err := startServer(ctx, binary, w)
		return server, err
	}
	if err := os.MkdirAll(filepath.Dir(profile), 0o755); err != nil {
		return process{}, err
	}
	input, err := json.Marshal(profiled{DataDir: w.engine.dir, Database: w.database, Listen: w.listen, Profile: profile})
	if err != nil {
		return process{}, err
	}
	server, err := startRole(ctx, "avain", input)
	if err != nil {
		return process{}, err
	}
	_, err = server.ready(ctx, time.Now())
	return server, err
}

// processes names who works during a round, and reads what each has used.
func (w *world) processes(ctx context.Context, server, bare process) (names []string, meter func() ([]time.Duration, error)) {
	names = []string{"Avain", "sandbox", "bare handler", "client"}
	pids := []int{server.cmd.Process.Pid, w.provider.cmd.Process.Pid, bare.cmd.Process.Pid, os.Getpid()}
	_, err := w.engine.processorTime(ctx)
	seen := w.engine.server != "" && err == nil // it may run on another machine
	if seen {
		names = append(names, "PostgreSQL")
	}
	return names, func() ([]time.Duration, error) {
		var used []time.Duration
		for _, pid := range pids {
			s, err := readStat(pid)
			if err != nil {
				return nil, err
			}
			used = append(used, s.own)
		}
		if !seen {
			return used, nil
		}
		database, err := w.engine.processorTime(ctx)
		return append(used, database), err
	}
}
