package gate

import (
	"fmt"
	"strings"
)

const xmlType = "text/xml; charset=utf-8"

// bomb is a document of a kilobyte whose one word would grow to ten thousand million.
func bomb() string {
	var b strings.Builder
	b.WriteString("<?xml version=\"1.0\"?>\n<!DOCTYPE bomb [\n<!ENTITY e0 \"lol\">\n")
	for i := range 10 {
		fmt.Fprintf(&b, "<!ENTITY e%d %q>\n", i+1, strings.Repeat(fmt.Sprintf("&e%d;", i), 10))
	}
	b.WriteString("]>\n<bomb>&e10;</bomb>")
	return b.String()
}

// entity is a document whose text lies elsewhere, for a reader that fetches it.
func entity(where string) string {
	return fmt.Sprintf("<?xml version=\"1.0\"?>\n<!DOCTYPE leak [<!ENTITY outside SYSTEM %q>]>\n<leak>&outside;</leak>", where)
}
