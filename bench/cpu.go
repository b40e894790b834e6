package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of /proc/PID/stat: USER_HZ, which is 100 on Linux.
const tick = 10 * time.Millisecond

// stat is the part of /proc/PID/stat that is needed here.
type stat struct {
	name     string
	parent   int
	own      time.Duration // processor time of the process
	children time.Duration // of its children that have ended
}

func readStat(pid int) (stat, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, fmt.Errorf("processor time is read from /proc, which Linux has: %w", err)
	}
	head, rest, _ := strings.Cut(string(text), ") ")
	_, name, _ := strings.Cut(head, "(")
	fields := strings.Fields(rest)
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("/proc/%d/stat is too short", pid)
	}
	number := func(field int) int { // as numbered in proc_pid_stat(5)
		n, _ := strconv.Atoi(fields[field-3])
		return n
	}
	return stat{
		name: name, parent: number(4), own: time.Duration(number(14)+number(15)) * tick, children: time.Duration(number(16)+number(17)) * tick,
	}, nil
}

// processorTime is what the database's own processes have used: none on SQLite,
// which runs within ours.
func (e engine) processorTime(ctx context.Context) (total time.Duration, err error) {
	if e.server == "" {
		return 0, nil
	}
	err = e.asAdministrator(func(db *sql.DB) error {
		var backend int
		if err := db.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
			return err
		}
		found, err := readStat(backend)
		if err != nil {
			return err
		}
		if found.name != "postgres" {
			return errors.New("the server is on another machine")
		}
		total, err = familyTime(found.parent)
		return err
	})
	return total, err
}

// familyTime is what a process and its children have used, those that ended too.
func familyTime(parent int) (total time.Duration, err error) {
	head, err := readStat(parent)
	if err != nil {
		return 0, err
	}
	total = head.own + head.children
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0, err
	}
	for _, folder := range folders {
		pid, _ := strconv.Atoi(filepath.Base(folder))
		if child, err := readStat(pid); err == nil && child.parent == parent { // others come and go
			total += child.own
		}
	}
	return total, nil
}
