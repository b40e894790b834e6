package signin

import (
	"net/http"
	"strings"
)

// EndPage is the last one of a sign-in in a window of its own. It tells whoever opened the
// window that it is done, where that is a page of one of the origins, and closes the
// window where the browser lets it. Without an opener it says what to do.
type EndPage struct{ Origins []string }

// endView is what end.html shows.
type endView struct {
	words
	Lead, Next, Origins string
}

// End writes that page. What it posts is the same for everybody, so that it tells a page
// nothing but that there is something to ask the server for.
func (p *Pages) End(w http.ResponseWriter, look Look, page EndPage) {
	text := p.words(look)
	p.draw(w, sheet{
		look: look, status: http.StatusOK, name: "end", title: text.Text("done.lead"), script: p.end,
		view: endView{words: text, Lead: text.Text("done.lead"), Next: text.Text("end.next", "application", text.named(look.ApplicationName)), Origins: strings.Join(page.Origins, " ")},
	})
}
