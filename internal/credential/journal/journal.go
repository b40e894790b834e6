package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
)

// Config is what a journal is made of.
type Config struct {
	// Dir is the folder, made where it is needed. Empty: entries are kept in memory alone.
	Dir    string
	Files  Files // default: Disk
	Logger *slog.Logger
	// Max bounds the entries; default 10,000. What comes then is not kept.
	Max int
	// Observe is told what becomes of entries; may be nil.
	Observe func(Event)
}

// Event is what becomes of an entry.
type Event string

// The events.
const (
	Written   Event = "written"   // it is on disk
	Held      Event = "held"      // it is in memory alone
	Refused   Event = "refused"   // it is nowhere: there are too many
	Saved     Event = "saved"     // the store has it
	Overtaken Event = "overtaken" // the store has another credential by now
	Aside     Event = "aside"     // set aside for a person to look at
)

// Journal keeps entries. It is safe for concurrent use, and several processes may share a folder.
type Journal struct {
	Config
	mu   sync.Mutex
	held map[string]Entry // by name: in memory alone
	// done are files that are dealt with and could not be taken away.
	done map[string]bool
}

// New makes a journal; nothing is read or written yet.
func New(cfg Config) *Journal {
	if cfg.Files == nil {
		cfg.Files = Disk{}
	}
	if cfg.Max == 0 {
		cfg.Max = 10_000
	}
	if cfg.Observe == nil {
		cfg.Observe = func(Event) {}
	}
	return &Journal{Config: cfg, held: map[string]Entry{}, done: map[string]bool{}}
}

// Kept is an entry in the journal.
type Kept struct {
	Entry
	name string
}

// Name is that of its file.
func (k Kept) Name() string { return k.name }

// ErrFull says that the journal has no place left.
var ErrFull = errors.New("the journal is full")

// errNoFolder is of a journal in memory.
var errNoFolder = errors.New("there is no folder for it")

// Keep keeps an entry. After a nil error it is on disk for good; after another one it is in memory, if at all.
func (j *Journal) Keep(e Entry) (Kept, error) {
	kept := Kept{e, newName(e)}
	if j.Len() >= j.Max {
		j.Observe(Refused)
		return kept, ErrFull
	}
	err := j.write(kept)
	if err == nil {
		j.Observe(Written)
		return kept, nil
	}
	j.mu.Lock()
	j.held[kept.name] = e
	j.mu.Unlock()
	j.Observe(Held)
	return kept, err
}

// Flush writes what is in memory alone, as far as that has become possible.
func (j *Journal) Flush() error {
	for _, kept := range j.inMemory("") {
		if err := j.write(kept); err != nil {
			return err
		}
		j.mu.Lock()
		delete(j.held, kept.name)
		j.mu.Unlock()
		j.Observe(Written)
	}
	return nil
}

// write puts an entry on disk for good. A name may be written again after a failure.
func (j *Journal) write(k Kept) error {
	if j.Dir == "" {
		return errNoFolder
	}
	content, err := encode(k.Entry)
	if err != nil {
		return err
	}
	if err := j.ready(); err != nil {
		return err
	}
	part, path := j.path(k.name+endPart), j.path(k.name)
	_ = j.Files.Remove(part)
	if err := j.fill(part, content); err != nil {
		_ = j.Files.Remove(part)
		return fmt.Errorf("write %s: %w", part, err)
	}
	if err := j.Files.Rename(part, path); err != nil {
		_ = j.Files.Remove(part)
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := j.Files.SyncDir(j.Dir); err != nil {
		return fmt.Errorf("sync the folder of %s: %w", path, err)
	}
	return nil
}

func (j *Journal) fill(name string, content []byte) error {
	file, err := j.Files.Create(name)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// ready makes the folder, for good.
func (j *Journal) ready() error {
	if err := j.Files.MakeDir(j.Dir); err != nil {
		return fmt.Errorf("make the folder of the journal: %w", err)
	}
	if err := j.Files.SyncDir(filepath.Dir(j.Dir)); err != nil {
		return fmt.Errorf("sync the folder above the journal: %w", err)
	}
	return nil
}

// Check proves that entries can be put on disk, and takes over what a process left that ended while it wrote.
func (j *Journal) Check(ctx context.Context) error {
	if j.Dir == "" {
		return errNoFolder
	}
	if err := j.ready(); err != nil {
		return err
	}
	j.adopt(ctx)
	probe := j.path("check-" + newName(Entry{}) + endPart)
	defer func() { _ = j.Files.Remove(probe) }()
	if err := j.fill(probe, []byte("a durable write\n")); err != nil {
		return fmt.Errorf("write into the journal: %w", err)
	}
	return j.Files.SyncDir(j.Dir)
}

// adopt makes entries of files that were whole already, and removes the others: nobody was told that they are kept.
func (j *Journal) adopt(ctx context.Context) {
	names, _ := j.Files.List(j.Dir)
	for _, name := range names {
		entry, isPart := strings.CutSuffix(name, endPart)
		if !isPart {
			continue
		}
		content, err := j.Files.ReadFile(j.path(name))
		if err == nil {
			_, err = decode(content)
		}
		if err == nil && isEntry(entry) {
			err = j.Files.Rename(j.path(name), j.path(entry))
		} else {
			err = j.Files.Remove(j.path(name))
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			j.Logger.WarnContext(ctx, "a half-written entry of the journal stays", "file", j.path(name), "error", err)
		}
	}
}

func (j *Journal) path(name string) string { return filepath.Join(j.Dir, name) }
