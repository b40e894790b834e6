// Package operator is what the person who runs Avain does: applications and their
// return URLs, registrations at providers, accounts, the key, the check-up.
//
// Each act is one method of [Service], which the command line calls, and a console
// later. Nothing here prints, reads a file or looks at the environment: secrets
// come in as [secret.Text] and go out once, when they are made. What changes
// something is written to the audit trail.
//
// A [UsageError] says that what was asked for is wrong as it stands; any other
// error says that it could not be done.
//
// Start reading at service.go. apply.go brings applications and registrations to
// what a file says (file.go), doctor.go looks for what will not work, and key.go
// makes sure that the key given is the one the data was sealed with.
package operator
