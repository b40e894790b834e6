package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/demo"
	"github.com/avain-project/avain/internal/testenv"
)

// TestReadmeFlow types what the README tells its reader to type.
func TestReadmeFlow(t *testing.T) {
	t.Parallel()
	sh, err := exec.LookPath("sh")
	testenv.Need(t, "sh", err == nil, "the README's lines are for a POSIX shell")
	_, err = exec.LookPath("curl")
	testenv.Need(t, "curl", err == nil, "the README's lines call it")

	blocks := shellBlocks(readPage(t, filepath.Join(testenv.Root(t), "README.md")))
	if len(blocks) != 1 {
		t.Fatalf("the README has %d blocks marked as sh, not one", len(blocks))
	}
	script := blocks[0]
	if lines := strings.Count(script, "\n"); lines != 5 {
		t.Errorf("the README promises five lines and has %d", lines)
	}
	ready := startDemo(t)
	cmd := exec.CommandContext(t.Context(), sh, "-eu")
	cmd.Dir, cmd.Stdin = t.TempDir(), strings.NewReader(script)
	cmd.Env = append(os.Environ(), "AVAIN="+ready.URL, "ID="+ready.ClientID, "SECRET="+ready.ClientSecret, "RETURN="+ready.ReturnURL)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the lines fail: %v\n%s", err, &complaints)
	}

	printed := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	var acct struct {
		Email       string   `json:"email"`
		Name        string   `json:"name"`
		ServiceType string   `json:"serviceType"`
		AuthScopes  []string `json:"authScopes"`
	}
	if err := json.Unmarshal([]byte(printed[len(printed)-1]), &acct); err != nil {
		t.Fatalf("the last line is not an account: %v\n%s", err, out)
	}
	want := acct
	want.Email, want.Name, want.ServiceType, want.AuthScopes = "ada@sandbox.test", "Ada Lovelace", "Google", []string{"Mail.Read"}
	if d := cmp.Diff(want, acct); d != "" {
		t.Error(d)
	}
	if !strings.Contains(string(out), `"messages"`) {
		t.Errorf("no messages among what is printed:\n%s", out)
	}
}

// shellBlocks are the blocks of a page that are marked as shell.
func shellBlocks(page string) []string {
	var blocks []string
	for _, found := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		blocks = append(blocks, found[1])
	}
	return blocks
}

// startDemo runs the demo until the test ends, and returns what it announces.
func startDemo(t *testing.T, changes ...func(*demo.Config)) demo.Ready {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	reader, writer := io.Pipe()
	stopped := make(chan error, 1)
	cfg := demo.Config{JSON: true, Listen: "127.0.0.1:0", DataDir: t.TempDir(), Out: writer, Version: "test"}
	for _, change := range changes {
		change(&cfg)
	}
	go func() {
		err := demo.Run(ctx, cfg)
		_ = writer.CloseWithError(err)
		stopped <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(reader).ReadString('\n')
	if err != nil {
		t.Fatalf("the demo does not get ready: %v", err)
	}
	var ready demo.Ready
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		t.Fatalf("the demo announces %q: %v", line, err)
	}
	return ready
}

// TestPages reads every page for people and checks what would mislead them:
// links and pictures that lead nowhere, and paths of somebody's machine.
func TestPages(t *testing.T) {
	t.Parallel()
	root := testenv.Root(t)
	for _, page := range peoplesPages(t, root) {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			text := readPage(t, filepath.Join(root, page))
			for _, link := range relativeLinks(text) {
				if trouble := brokenLink(root, page, link); trouble != "" {
					t.Errorf("the link %s %s", link, trouble)
				}
			}
			if found := machinePath.FindString(text); found != "" {
				t.Errorf("%q is a path of one machine", found)
			}
		})
	}
}

// peoplesPages lists the Markdown of the top folder, of docs and of the changelog,
// relative to root.
func peoplesPages(t *testing.T, root string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"docs", "changelog"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() && filepath.Ext(path) == ".md" {
				found = append(found, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, path := range found {
		if found[i], err = filepath.Rel(root, path); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(found)
	return found
}

var (
	machinePath = regexp.MustCompile(`(^|[\s"'(=` + "`" + `])/(work|tmp|root|home|Users)/[\w.]*`)
	// fencedBlock and quotedCode match code, in which brackets are no links.
	fencedBlock  = regexp.MustCompile("(?ms)^```.*?^```$")
	quotedCode   = regexp.MustCompile("`[^`\n]*`")
	markdownLink = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	pageHeading  = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	notInAnchor  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	externalLink = regexp.MustCompile(`^(https?|mailto):`)
)

func relativeLinks(text string) []string {
	var found []string
	for _, match := range markdownLink.FindAllStringSubmatch(quotedCode.ReplaceAllString(fencedBlock.ReplaceAllString(text, ""), ""), -1) {
		if !externalLink.MatchString(match[1]) {
			found = append(found, match[1])
		}
	}
	return found
}

// brokenLink says what is wrong with a relative link of a page; nothing if it leads
// to a file, and to a heading where it names one.
func brokenLink(root, page, link string) string {
	path, anchor, _ := strings.Cut(link, "#")
	target := filepath.Join(root, page)
	if path != "" {
		target = filepath.Join(root, filepath.Dir(page), filepath.FromSlash(path))
	}
	if inside, err := filepath.Rel(root, target); err != nil || strings.HasPrefix(inside, "..") {
		return "leaves the repository"
	}
	info, err := os.Stat(target)
	if err != nil {
		return "leads to a file that does not exist"
	}
	if anchor == "" || info.IsDir() {
		return ""
	}
	text, err := os.ReadFile(target)
	if err != nil {
		return "cannot be read"
	}
	for _, h := range pageHeading.FindAllStringSubmatch(fencedBlock.ReplaceAllString(string(text), ""), -1) {
		// As GitHub makes them: lower case, hyphens for spaces, no punctuation.
		if strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-") == anchor {
			return ""
		}
	}
	return "names a heading that is not there"
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
