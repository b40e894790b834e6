package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"

	"github.com/avain-project/avain/internal/app"
	"github.com/avain-project/avain/internal/secret"
)

// profiled is what the role of Avain itself needs.
type profiled struct{ DataDir, Database, Listen, Profile string }

// serveProfiled is `avain serve` under the profiler.
func serveProfiled(ctx context.Context, input []byte) (err error) {
	var p profiled
	if err := json.Unmarshal(input, &p); err != nil {
		return err
	}
	key, err := os.ReadFile(filepath.Join(p.DataDir, keyFile))
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(p.DataDir, "serve.log"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	avain, err := app.Open(ctx, app.Config{
		DataDir: p.DataDir, Database: p.Database, Key: secret.New(string(key)), Listen: p.Listen, LogTo: log,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, avain.Close()) }()
	server, err := avain.Listen(ctx)
	if err != nil {
		return err
	}
	fmt.Println(server.URL)
	out, err := os.Create(p.Profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	defer pprof.StopCPUProfile()
	return server.Serve(ctx)
}
