// Package mailbox holds the personas' invented mail and address book, the same at
// every vendor; the dialects give them their API's shape.
package mailbox
