package signin

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/connect"
	"github.com/avain-project/avain/internal/provider"
)

// ChoosePage asks which service the person's account is with.
type ChoosePage struct {
	Choices []connect.Choice
	// BackURL leads back to the application, which learns that nothing was chosen.
	BackURL string
}

// chooseView is what choose.html shows.
type chooseView struct {
	words
	Title, Application, Label string
	Choices                   []choiceView
	Form                      bool // one of them signs in here
	Back                      template.URL
}

type choiceView struct {
	ServiceType account.ServiceType
	URL         template.URL
	Label, Hint sentence
	Logo        template.HTML
}

// Choose writes headers and body of the page with one button a service, each drawn
// as its provider wants it.
func (p *Pages) Choose(w http.ResponseWriter, look Look, page ChoosePage) {
	text := p.words(look)
	name := text.named(look.ApplicationName)
	view := chooseView{
		words: text, Title: text.Text("choose.title", "application", name), Application: name,
		Back: backLink(page.BackURL), Label: text.back(look.ApplicationName),
	}
	var colors strings.Builder
	for _, c := range page.Choices {
		view.Form = view.Form || c.Form
		paint(&colors, c.ServiceType, c.Button)
		key := "provider." + string(c.ServiceType) + ".button."
		view.Choices = append(view.Choices, choiceView{
			ServiceType: c.ServiceType, URL: ownLink(c.URL), Label: text.sentence(c.Button.Label, key), Hint: text.sentence(c.Button.Hint, key),
			Logo: template.HTML(c.Button.Logo), //nolint:gosec // a provider's own embedded file
		})
	}
	p.draw(w, sheet{look: look, status: http.StatusOK, name: "choose", title: view.Title, css: colors.String(), view: view})
}

// paint adds a provider's colours to the style sheet: the policy admits no style
// attribute.
func paint(css *strings.Builder, t account.ServiceType, b provider.Button) {
	const rule = "#choose-%s { background-color: %s; border-color: %s; color: %s; border-radius: %dpx; }"
	fmt.Fprintf(css, rule+"\n", t, b.Light.Fill, b.Light.Border, b.Light.Label, b.Corner)
	fmt.Fprintf(css, "@media (prefers-color-scheme: dark) { "+rule+" }\n", t, b.Dark.Fill, b.Dark.Border, b.Dark.Label, b.Corner)
}

// ownLink makes a link of a query, which leads to the page's own path on the host
// where the browser is; anything else becomes no address.
func ownLink(query string) template.URL {
	if !strings.HasPrefix(query, "?") {
		return ""
	}
	return template.URL(query) //nolint:gosec // a query has no scheme and no host
}
