package main

import (
	"io"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

type versionView struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints the version that the Go command built in.
func (versionCommand) Run(out output) error {
	view := versionView{Version: version(), Revision: revision(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	return out.show(view, func(w io.Writer) {
		printf(w, "avain %s (%s, %s)\n", view.Version, view.Go, view.Platform)
	})
}

// version is the module's version, or "dev" for a build from a checkout without one.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "dev"
	}
	return info.Main.Version
}

func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
