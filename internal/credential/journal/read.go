package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/avain-project/avain/internal/account"
)

// All returns the entries, as far as they can be read, with what stands in the way of others. Files that are no
// entries are set aside.
func (j *Journal) All(ctx context.Context) ([]Kept, error) { return j.entries(ctx, "") }

// Of returns an account's entries.
func (j *Journal) Of(ctx context.Context, id account.ID) ([]Kept, error) {
	return j.entries(ctx, prefix(id))
}

// Len counts the entries.
func (j *Journal) Len() int {
	names, _ := j.names("")
	return len(names) + len(j.inMemory(""))
}

// Held counts those that are in memory alone.
func (j *Journal) Held() int { return len(j.inMemory("")) }

func (j *Journal) entries(ctx context.Context, prefix string) ([]Kept, error) {
	all := j.inMemory(prefix)
	names, failed := j.names(prefix)
	for _, name := range names {
		if slices.ContainsFunc(all, func(k Kept) bool { return k.name == name }) {
			continue // written, and its folder could not be synced
		}
		content, err := j.Files.ReadFile(j.path(name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process was quicker
		}
		kept := Kept{name: name}
		if err == nil {
			kept.Entry, err = decode(content)
		}
		if err == nil && !strings.HasPrefix(name, accountOf(kept)) {
			err = errDamaged
		}
		switch {
		case err == nil:
			all = append(all, kept)
		case errors.Is(err, errDamaged), errors.Is(err, fs.ErrPermission):
			j.SetAside(ctx, kept, err)
		default: // it may be readable later
			failed = errors.Join(failed, err)
		}
	}
	if failed != nil {
		return all, fmt.Errorf("read the journal: %w", failed)
	}
	return all, nil
}

func accountOf(k Kept) string { return prefix(k.Credential.AccountID) }

// names are those of the entries on disk that nobody has dealt with.
func (j *Journal) names(prefix string) ([]string, error) {
	if j.Dir == "" {
		return nil, nil
	}
	names, err := j.Files.List(j.Dir)
	j.mu.Lock()
	defer j.mu.Unlock()
	names = slices.DeleteFunc(names, func(name string) bool {
		return !isEntry(name) || !strings.HasPrefix(name, prefix) || j.done[name]
	})
	return names, err
}

func (j *Journal) inMemory(prefix string) []Kept {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []Kept
	for _, name := range slices.Sorted(maps.Keys(j.held)) {
		if strings.HasPrefix(name, prefix) {
			all = append(all, Kept{j.held[name], name})
		}
	}
	return all
}

// Drop takes an entry away that is Saved or Overtaken.
func (j *Journal) Drop(ctx context.Context, k Kept, why Event) {
	j.Observe(why)
	j.forget(ctx, k, func() error { return j.Files.Remove(j.path(k.name)) })
}

// SetAside gives the file another name and tells a person of it. It is not looked at again.
func (j *Journal) SetAside(ctx context.Context, k Kept, why error) {
	j.Observe(Aside)
	j.Logger.ErrorContext(ctx, "an entry of the journal cannot be used and is set aside", "file", j.path(k.name+endAside), "error", why)
	j.forget(ctx, k, func() error { return j.Files.Rename(j.path(k.name), j.path(k.name+endAside)) })
}

func (j *Journal) forget(ctx context.Context, k Kept, take func() error) {
	j.mu.Lock()
	delete(j.held, k.name)
	j.mu.Unlock()
	if j.Dir == "" {
		return
	}
	if err := take(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		j.Logger.WarnContext(ctx, "an entry of the journal is dealt with and stays in its folder", "file", j.path(k.name), "error", err)
		j.mu.Lock()
		j.done[k.name] = true
		j.mu.Unlock()
	}
}
