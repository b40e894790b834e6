// Package jobs runs background work. It imports no service: services and the
// composition root hand it what to do.
//
// There is one kind for now, a task repeated at an interval; see
// docs/decisions/0006-background-work.md.
package jobs
