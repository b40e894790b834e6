// Package journal keeps new tokens that a provider has given and the store did not take, in files beside the
// process, until the store takes them.
//
// An entry is what would have been stored: sealed tokens, their wrapped data key, the generation that they replace
// and the account's new state. Nothing in it can be read without the key ring. Each is a file of its own, written
// aside, synced, renamed into place, and its folder synced: once [Journal.Keep] returns nil, no crash and no power
// loss takes it away. What cannot be written (a full disk, no folder) is kept in memory, and written later if that
// becomes possible.
//
// A file that is no whole entry is set aside under another name and told in the log; it never stops anything.
//
// Start with [Journal]; its user is package credential, which decides when an entry is saved or overtaken.
package journal
