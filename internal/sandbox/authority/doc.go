// Package authority certifies the sandbox's servers that speak TLS: one certificate
// authority a sandbox, made anew for each run, which a client is told to trust.
package authority
