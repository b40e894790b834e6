package provider

// Button is how a provider wants people to be sent to its sign-in page: its words,
// its mark and its colours, by its own rules. What the rules leave free (width,
// font, the way focus shows) is the page's. Each provider's folder names its source.
type Button struct {
	Label string // what the provider allows it to say
	// Hint tells which accounts are meant, in the provider's words; it stands below
	// the button.
	Hint string
	// Logo is an <svg> element that loads nothing and styles by attributes alone,
	// decoration beside the label.
	Logo string
	// Light and Dark are the colours for a page of that scheme.
	Light, Dark Colors
	Corner      int // radius in px
}

// Colors are a button's, as #rrggbb. The label on the fill has a contrast of at
// least 4.5:1.
type Colors struct{ Fill, Border, Label string }
