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
	profile := w.engine.profile(profiles, "")
	server, err := starting(binary, profile)(ctx, w.serving())
	if err != nil {
		return err
	}
	names, meter := w.engine.meter(ctx, metered{
		[]string{"Avain", "sandbox", "bare handler", "client"}, []int{server.pid(), w.provider.pid(), bare.pid(), os.Getpid()},
	})
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
	return reportAreas(ctx, os.Stdout, profile, "flow", flows)
}

// profile names the file for the profile of what; empty where there is no folder for it.
func (e engine) profile(folder, what string) string {
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, strings.ToLower(e.name)+what+".pprof")
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

// starter starts a server.
type starter func(context.Context, serving) (process, error)

// starting is the built binary; or, for a profile, the same server in a copy of this program,
// since the binary has no door for a profiler.
func starting(binary, profile string) starter {
	return func(ctx context.Context, s serving) (process, error) {
		if profile == "" {
			server, _, err := startServer(ctx, binary, s)
			return server, err
		}
		if err := os.MkdirAll(filepath.Dir(profile), 0o755); err != nil {
			return process{}, err
		}
		input, err := json.Marshal(profiled{DataDir: s.folder, Database: s.database, Listen: s.listen, Profile: profile})
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
}

// metered are processes whose processor time is read.
type metered struct {
	names []string
	pids  []int
}

// meter reads what each has used so far, and names them. The database's own is one of them where
// it is a process, and on this machine.
func (e engine) meter(ctx context.Context, m metered) (names []string, read func() ([]time.Duration, error)) {
	_, err := e.processorTime(ctx)
	seen := e.server != "" && err == nil
	if names = slices.Clone(m.names); seen {
		names = append(names, namePostgres)
	}
	return names, func() ([]time.Duration, error) {
		var used []time.Duration
		for _, pid := range m.pids {
			s, err := readStat(pid)
			if err != nil {
				return nil, err
			}
			used = append(used, s.own)
		}
		if !seen {
			return used, nil
		}
		database, err := e.processorTime(ctx)
		return append(used, database), err
	}
}
