// Package mailbox holds the personas' invented mail, the same at every vendor; the
// dialects give it their API's shape.
package mailbox
