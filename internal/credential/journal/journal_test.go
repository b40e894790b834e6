package journal_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/credential/journal"
	"github.com/avain-project/avain/internal/scope"
	"github.com/avain-project/avain/internal/store"
)

func entry(id account.ID) journal.Entry {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return journal.Entry{
		Credential: store.Credential{
			AccountID: id, RecordID: "record", DataKey: []byte("wrapped"), Sealed: bytes.Repeat([]byte{0, 1, '\n', 255}, 900), UpdatedAt: at, Due: time.Hour,
		},
		Expect: 3,
		State: store.TokenState{
			Status: account.TokenActive, IssuedAt: at, ExpiresAt: at.Add(time.Hour), NativeScopes: []string{"mail"}, Scopes: []scope.Scope{"Mail.Read"},
		},
	}
}

type told struct {
	log    bytes.Buffer
	events []journal.Event
}

func open(dir string, files journal.Files) (*journal.Journal, *told) {
	told := &told{}
	return journal.New(journal.Config{
		Dir: dir, Files: files, Logger: slog.New(slog.NewTextHandler(&told.log, nil)), Max: 3,
		Observe: func(e journal.Event) { told.events = append(told.events, e) },
	}), told
}

func keep(t *testing.T, j *journal.Journal, e journal.Entry) journal.Kept {
	t.Helper()
	kept, err := j.Keep(e)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// holds checks what is in the journal, and returns it.
func holds(t *testing.T, j *journal.Journal, want ...journal.Entry) []journal.Kept {
	t.Helper()
	all, err := j.All(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []journal.Entry
	for _, k := range all {
		got = append(got, k.Entry)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("the journal holds (-want +got):\n%s", diff)
	}
	return all
}

func TestAnEntryOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "journal")
	j, _ := open(dir, nil)
	holds(t, j)
	keep(t, j, entry(7))
	keep(t, j, entry(71))
	next, told := open(dir, nil)
	holds(t, next, entry(7), entry(71))
	mine, err := next.Of(t.Context(), 7)
	if err != nil || len(mine) != 1 || mine[0].Credential.AccountID != 7 {
		t.Fatalf("account 7 has %+v, %v", mine, err)
	}
	next.Drop(t.Context(), mine[0], journal.Saved)
	next.Drop(t.Context(), mine[0], journal.Saved) // by another process, meanwhile
	holds(t, next, entry(71))
	holds(t, j, entry(71))
	if told.log.Len() > 0 {
		t.Errorf("the log says %s", &told.log)
	}
}

func TestNobodyElseReadsTheFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "journal")
	j, _ := open(dir, nil)
	kept := keep(t, j, entry(7))
	for path, want := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, filepath.Join(dir, kept.Name()): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// The power goes before each operation of keeping an entry, beside one that is there already.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	const dir = "/data/journal"
	for _, how := range []survival{nothing, names, all} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			first := newLossy(-1)
			first.dirs["/data"], first.lastingDirs["/data"] = true, true
			told, untold := 0, 0
			for operations := 0; ; operations++ {
				files := first.afterPowerLoss(all)
				files.left = operations
				j, _ := open(dir, files)
				kept := 0
				var err error
				for id := account.ID(1); id <= 2; id++ {
					if _, err = j.Keep(entry(id)); err == nil {
						kept++
					}
				}
				found, said := open(dir, files.afterPowerLoss(how))
				if err := found.Check(t.Context()); err != nil {
					t.Fatal(err)
				}
				after, err2 := found.All(t.Context())
				if err2 != nil || len(after) < kept {
					t.Fatalf("power lost before operation %d: %d of %d entries are left, %v", operations, len(after), kept, err2)
				}
				for _, k := range after {
					if diff := cmp.Diff(entry(k.Credential.AccountID), k.Entry); diff != "" {
						t.Fatalf("power lost before operation %d: %s", operations, diff)
					}
				}
				if said.log.Len() > 0 {
					t.Fatalf("power lost before operation %d: a half-written entry was given a name: %s", operations, &said.log)
				}
				told += kept
				untold += len(after) - kept
				if err == nil && kept == 2 {
					break
				}
			}
			if told == 0 || how == all && untold == 0 {
				t.Errorf("%d entries told, %d untold: the test has seen nothing", told, untold)
			}
		})
	}
}

func TestWhatIsNoEntryIsSetAside(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(content []byte) []byte{
		"empty":    func([]byte) []byte { return nil },
		"torn":     func(c []byte) []byte { return c[:len(c)/2] },
		"no end":   func(c []byte) []byte { return c[:len(c)-1] },
		"flipped":  func(c []byte) []byte { c[len(c)/2] ^= 1; return c },
		"foreign":  func([]byte) []byte { return []byte("hello\n") },
		"of other": func(c []byte) []byte { return bytes.Replace(c, []byte("journal-1"), []byte("journal-9"), 1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			j, told := open(dir, nil)
			path := filepath.Join(dir, keep(t, j, entry(7)).Name())
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(content), 0o600); err != nil {
				t.Fatal(err)
			}
			keep(t, j, entry(8))
			holds(t, j, entry(8))
			holds(t, j, entry(8))
			if n := strings.Count(told.log.String(), filepath.Base(path)+".aside"); n != 1 {
				t.Errorf("it is told %d times: %s", n, &told.log)
			}
			if _, err := os.Stat(path + ".aside"); err != nil {
				t.Error(err)
			}
		})
	}
	dir := t.TempDir() // a file renamed to another account's
	j, _ := open(dir, nil)
	kept := keep(t, j, entry(7))
	if err := os.Rename(filepath.Join(dir, kept.Name()), filepath.Join(dir, "8"+kept.Name()[1:])); err != nil {
		t.Fatal(err)
	}
	holds(t, j)
}

func TestAFullDisk(t *testing.T) {
	t.Parallel()
	disk := &full{Files: journal.Disk{}}
	dir := filepath.Join(t.TempDir(), "journal")
	j, told := open(dir, disk)
	if err := j.Check(t.Context()); !errors.Is(err, errDiskFull) {
		t.Errorf("the check says %v", err)
	}
	if _, err := j.Keep(entry(7)); !errors.Is(err, errDiskFull) {
		t.Fatalf("keeping on a full disk: %v", err)
	}
	holds(t, j, entry(7)) // in memory
	if err := j.Flush(); !errors.Is(err, errDiskFull) || j.Held() != 1 {
		t.Errorf("%d in memory, %v", j.Held(), err)
	}
	disk.has = true
	if err := j.Flush(); err != nil || j.Held() != 0 {
		t.Errorf("with space again: %d in memory, %v", j.Held(), err)
	}
	next, _ := open(dir, nil)
	holds(t, next, entry(7))
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if diff := cmp.Diff([]journal.Event{journal.Held, journal.Written}, told.events); diff != "" {
		t.Error(diff)
	}
}

func TestEntriesAreBounded(t *testing.T) {
	t.Parallel()
	j, told := open(t.TempDir(), nil)
	for id := range account.ID(3) {
		keep(t, j, entry(id+1))
	}
	if _, err := j.Keep(entry(4)); !errors.Is(err, journal.ErrFull) {
		t.Errorf("a fourth of three: %v", err)
	}
	if j.Len() != 3 || told.events[3] != journal.Refused {
		t.Errorf("%d entries, %v", j.Len(), told.events)
	}
}

func TestWithoutAFolderItIsKeptInMemory(t *testing.T) {
	t.Parallel()
	j, _ := open("", nil)
	if err := j.Check(t.Context()); err == nil {
		t.Error("there is no folder, and the check is content")
	}
	kept, err := j.Keep(entry(7))
	if err == nil {
		t.Error("it says that it is on disk")
	}
	holds(t, j, entry(7))
	j.Drop(t.Context(), kept, journal.Overtaken)
	holds(t, j)
}

// stuck is a folder that was made read-only.
type stuck struct{ journal.Files }

func (stuck) Create(name string) (journal.File, error) {
	return nil, fmt.Errorf("create %s: read-only file system", name)
}
func (stuck) Remove(string) error         { return errors.New("read-only file system") }
func (stuck) Rename(string, string) error { return errors.New("read-only file system") }

func TestAReadOnlyFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, _ := open(dir, nil)
	keep(t, before, entry(7))
	if err := os.WriteFile(filepath.Join(dir, "8-1-x.entry"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	j, told := open(dir, stuck{journal.Disk{}})
	if err := j.Check(t.Context()); err == nil {
		t.Error("the check is content")
	}
	if _, err := j.Keep(entry(9)); err == nil || j.Held() != 1 {
		t.Errorf("%d in memory, %v", j.Held(), err)
	}
	for range 2 {
		holds(t, j, entry(9), entry(7))
	}
	kept, err := j.Of(t.Context(), 7)
	if err != nil || len(kept) != 1 {
		t.Fatal(kept, err)
	}
	j.Drop(t.Context(), kept[0], journal.Saved)
	holds(t, j, entry(9)) // what has been dealt with is not dealt with again
	if n := strings.Count(told.log.String(), "stays in its folder"); n != 2 {
		t.Errorf("told %d times:\n%s", n, &told.log)
	}
}

// A process ended between writing an entry and naming it.
func TestWhatWasWrittenWholeIsTakenOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, told := open(dir, nil)
	path := filepath.Join(dir, keep(t, j, entry(7)).Name())
	torn := filepath.Join(dir, "8-3-x.entry.part")
	if err := errors.Join(os.Rename(path, path+".part"), os.WriteFile(torn, []byte("avain-jour"), 0o600)); err != nil {
		t.Fatal(err)
	}
	holds(t, j)
	if err := j.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	holds(t, j, entry(7))
	if files, _ := os.ReadDir(dir); len(files) != 1 || told.log.Len() > 0 {
		t.Errorf("there are %v, and the log says %s", files, &told.log)
	}
}
