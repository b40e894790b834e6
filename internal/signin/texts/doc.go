// Package texts is the one catalogue of what the pages say. Each language is a file of
// this folder, <language>.json: a flat object from keys to texts, in the order of the
// keys. A language is added by adding its file; see docs/pages.md.
//
// en.json is the source and whole. Every other file may lack keys, in whose place the
// English text stands. {name} in a text is a value; a translation has the same names, in
// whatever order its grammar wants.
//
// Where a key begins with "fault.", "provider." or "detail.", the English is also said
// elsewhere: in internal/fault, in a provider's own folder, or by whoever makes a
// fault's detail. Their words reach a page as finished English sentences, and
// [Language.Said] finds the text they were made of, as gettext does. Words that it does
// not know stay English: a new provider needs no line here to work.
//
// Start reading at texts.go; said.go finds a text by its English.
//
//go:generate go test . -run=^TestEnglishHasWhatIsSaidElsewhere$ -update
package texts
