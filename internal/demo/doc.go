// Package demo puts together what a newcomer meets with `avain demo`: a real
// server on a throw-away database, the sandbox vendors, and a sample application
// that uses both as a customer's would.
//
// The server is 127.0.0.1, the sandbox and the sample application are localhost,
// so that cookies and CORS behave as they will in production, and one ssh -L line
// reaches all of them. Tests give the sample a third host (Config.SampleListen),
// which not every system has. Everything listens on loopback only.
//
// It is the only importer of internal/sandbox besides tests.
package demo
