package exchange

import (
	"slices"
	"strconv"
)

// property is one of a folder or an item: the URI under which it is asked for, and how
// the answer has it. They stand in the order of the schema, which clients rely on.
type property struct{ uri, xml string }

// fieldURI names a property. Of indexed ones (contacts:EmailAddress) any index gives all.
type fieldURI struct {
	URI string `xml:"FieldURI,attr"`
}

// shape says which properties are wanted.
type shape struct {
	BaseShape            string
	AdditionalProperties struct {
		FieldURI        []fieldURI
		IndexedFieldURI []fieldURI
	}
}

// of picks the properties; the one called id is always among them.
func (s shape) of(all []property, id string) []string {
	asked := slices.Concat(s.AdditionalProperties.FieldURI, s.AdditionalProperties.IndexedFieldURI)
	var picked []string
	for _, p := range all {
		if p.uri == id || s.BaseShape != "IdOnly" || slices.Contains(asked, fieldURI{p.uri}) {
			picked = append(picked, p.xml)
		}
	}
	return picked
}

// part is what of a list is shown: from an offset on, at most so many; 0 is all.
type part struct {
	Offset int `xml:",attr"`
	Most   int `xml:"MaxEntriesReturned,attr"`
}

// rootFolder wraps a part of a list of folders or items.
func rootFolder[T any](name string, all []T, view part, written func(T) string) string {
	from := min(max(view.Offset, 0), len(all))
	to := len(all)
	if view.Most > 0 {
		to = min(from+view.Most, to)
	}
	var inner []string
	for _, entry := range all[from:to] {
		inner = append(inner, written(entry))
	}
	head := "m:RootFolder" + attribute("IndexedPagingOffset", strconv.Itoa(to)) +
		attribute("TotalItemsInView", strconv.Itoa(len(all))) + attribute("IncludesLastItemInRange", strconv.FormatBool(to == len(all)))
	return node(head, node(name, inner...))
}
