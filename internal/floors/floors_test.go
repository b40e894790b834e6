package floors_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/avain-project/avain"

// floor is one row of the house: the packages that stand on it and the floors that they may import.
// A package stands on the first row that matches its path, or else that of its nearest parent: folders
// below a matching one are one room with it, and a room's packages may import each other.
type floor struct {
	name     string
	packages []string // below the module, in the patterns of path.Match
	may      []string // names of floors; other rooms of the same floor only where it is named
}

var (
	leaves    = []string{"words", "fault", "weburl"}
	ground    = []string{"outbound", "seal", "jobs", "filelock", "store"}
	services  = []string{"access", "listing", "user", "credential", "connect", "direct", "operator", "transfer", "webhook"}
	providers = []string{"provider", "oauth", "discovery", "logintext", "driver", "drivers"}
	faces     = []string{"api", "signin"}
	product   = slices.Concat(leaves, ground, services, providers, faces)
)

var house = []floor{
	{"words", []string{"internal/account", "internal/brand", "internal/scope", "internal/secret"}, leaves},
	{"fault", []string{"internal/fault"}, leaves},
	{"weburl", []string{"internal/weburl"}, nil},
	{"openapi", []string{"openapi"}, nil},

	// Suites and look-ups that tests share: they may look at what they try, and no room looks at them.
	{"test support", []string{"internal/testenv", "internal/floors", "internal/store/storetest", "internal/provider/providertest"}, slices.Concat(product, []string{"sandbox", "test support"})},

	{"driver's journey", []string{"internal/provider/providertest/journey"}, slices.Concat(product, []string{"app", "test support"})},

	{"outbound", []string{"internal/outbound"}, leaves},
	{"seal", []string{"internal/seal"}, leaves},
	{"jobs", []string{"internal/jobs"}, leaves},
	{"filelock", []string{"internal/filelock"}, leaves},
	{"store", []string{"internal/store"}, slices.Concat(leaves, ground)},

	{"provider", []string{"internal/provider"}, []string{"words"}},
	{"drivers", []string{"internal/provider/all"}, slices.Concat(leaves, []string{"provider", "driver", "outbound"})},
	{"oauth", []string{"internal/provider/oauth"}, slices.Concat(leaves, []string{"provider", "outbound"})},         // what drivers share
	{"discovery", []string{"internal/provider/discovery"}, slices.Concat(leaves, []string{"provider", "outbound"})}, // likewise
	{"logintext", []string{"internal/provider/logintext"}, []string{"outbound"}},                                    // likewise
	{"driver", []string{"internal/provider/*"}, slices.Concat(leaves, []string{"provider", "oauth", "discovery", "logintext", "outbound"})},

	{"access", []string{"internal/access"}, slices.Concat(leaves, ground, []string{"provider"})},
	{"listing", []string{"internal/listing"}, slices.Concat(leaves, ground)},
	{"credential", []string{"internal/credential"}, slices.Concat(leaves, ground, []string{"provider"})},
	{"user", []string{"internal/user"}, slices.Concat(leaves, ground, []string{"access"})},
	{"connect", []string{"internal/connect"}, slices.Concat(leaves, ground, []string{"provider", "access", "user", "credential"})},
	{"direct", []string{"internal/direct"}, slices.Concat(leaves, ground, []string{"provider", "access", "credential"})},

	{"webhook", []string{"internal/webhook"}, slices.Concat(leaves, ground)},
	{"operator", []string{"internal/operator"}, slices.Concat(leaves, ground, []string{"provider", "access", "credential", "connect"})},

	{"transfer", []string{"internal/transfer"}, slices.Concat(leaves, ground, []string{"provider", "access", "credential"})},

	// No ground: a face that reaches for the store has taken a service's work.
	{"api", []string{"internal/api"}, slices.Concat(leaves, services, []string{"provider", "openapi"})},
	{"signin", []string{"internal/signin"}, slices.Concat(leaves, services, []string{"provider"})},

	{"app", []string{"internal/app"}, product},
	{"sandbox", []string{"internal/sandbox"}, nil}, // not even words: it cannot share our mistakes
	{"demo", []string{"internal/demo"}, slices.Concat(product, []string{"app", "sandbox"})},
	{"docgen", []string{"internal/docgen"}, slices.Concat(leaves, []string{"api"})},
	{"door", []string{"cmd/avain"}, slices.Concat(leaves, []string{"app", "demo", "operator", "transfer", "docgen"})},

	// Not part of the product: they start it and measure it.
	{"journeys", []string{"e2e", "bench"}, slices.Concat(product, []string{"app", "demo", "sandbox", "test support"})},
}

// pkg is what `go list -json` tells of a package; test files' imports are not in Imports.
type pkg struct {
	ImportPath string
	Imports    []string
}

// standsOn returns the floor and the room of a package whose path is given below the module; the room is
// "" for a package that stands nowhere.
func standsOn(local string) (f floor, room string) {
	for room = local; room != "."; room = path.Dir(room) {
		for _, f := range house {
			if slices.ContainsFunc(f.packages, func(pattern string) bool { ok, _ := path.Match(pattern, room); return ok }) {
				return f, room
			}
		}
	}
	return floor{}, ""
}

// violations returns a sentence for each import of p that its floor does not allow.
func violations(p pkg) []string {
	local, ours := strings.CutPrefix(p.ImportPath, module+"/")
	if !ours {
		return nil
	}
	from, room := standsOn(local)
	if room == "" && strings.HasPrefix(local, "internal/") {
		return []string{local + " stands on no floor: give it a floor in the table of internal/floors/floors_test.go"}
	}
	var found []string
	for _, imported := range p.Imports {
		target, ours := strings.CutPrefix(imported, module+"/")
		if !ours {
			continue
		}
		to, toRoom := standsOn(target)
		switch {
		case room == "" && to.name != "sandbox" && to.name != "test support":
		case room == "":
			found = append(found, fmt.Sprintf("%s imports %s (%s): only the demo, the journeys and tests may", local, target, to.name))
		case room == toRoom, slices.Contains(from.may, to.name):
		default:
			found = append(found, fmt.Sprintf("%s (%s) imports %s (%s): of our own, %s may import only its own room and [%s]",
				local, from.name, target, to.name, from.name, strings.Join(from.may, ", ")))
		}
	}
	return found
}

func TestPackagesImportOnlyTheirFloorsBelow(t *testing.T) {
	t.Parallel()
	readFolders(t)
	out := goCommand(t, "list", "-e", "-json=ImportPath,Imports", "./...")
	seen := 0
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; seen++ {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("reading the answer of go list: %v", err)
		}
		for _, sentence := range violations(p) {
			t.Error(sentence)
		}
	}
	if seen == 0 {
		t.Fatal("go list named no package: this test looked at nothing")
	}
}

// readFolders reads every folder of the module. The go command reuses a test's result until a file changes
// that the test itself has opened, and knows nothing of what `go list` has read for it.
func readFolders(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir("../..", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == ".git" || entry.Name() == "node_modules") {
			return fs.SkipDir
		}
		return err
	})
	if err != nil {
		t.Fatalf("reading the module's folders: %v", err)
	}
}

// goCommand runs the go command in the module's root and returns what it printed.
func goCommand(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, &stderr)
	}
	return out
}
