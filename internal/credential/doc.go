// Package credential is the only reader and writer of provider secrets.
//
// It keeps three promises:
//
//   - One refresh per account at a time. Callers share one flight; a cancelled
//     caller does not cancel the others. A caller that comes with an older
//     generation gets the newer credential instead of a second refresh.
//   - Persist before use. A new token is stored, by compare-and-set on the
//     credential's generation, before anyone sees it; who loses the race takes the
//     winner's credential.
//   - Merge, never replace. A field that a provider leaves out keeps its old value.
//
// [Service.Use] gives a live session at the provider; connect asks [Service.Plan]
// how a new sign-in changes what is stored, and [Service.PlanLogin] where a password
// was typed. The classes of provider errors become
// faults in [Fault], and nowhere else.
package credential
