package sample

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Config is what the application is made of.
type Config struct {
	AvainURL     string // where Avain answers, "http://127.0.0.1:8080"
	BaseURL      string // where this application answers, "http://127.0.0.1:8081"
	ClientID     string
	ClientSecret string
	// SandboxURL is the provider's stand-in, mentioned on the pages; empty where
	// a real provider is used.
	SandboxURL string
	// Logins are shown for people to type where Avain asks for a password; none where
	// real providers are used.
	Logins []Login
	HTTP   *http.Client     // for calls to Avain; nil is one with a timeout
	Logger *slog.Logger     // nil logs nothing
	Now    func() time.Time // nil is the clock
}

// Login is an invented person's at one service: what to type into which field.
type Login struct {
	Service string // as Avain names it
	Fields  []LoginField
}

// LoginField is one field by its label, and what belongs there.
type LoginField struct{ Label, Value string }

// New makes the application. Register BaseURL + "/connected", "/connected-token"
// and "/landing" as its return URLs. Requests for another host than BaseURL's are
// led to it, since the session's cookie is there.
func New(cfg Config) http.Handler {
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 20 * time.Second}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.AvainURL = strings.TrimSuffix(cfg.AvainURL, "/")
	cfg.BaseURL = strings.TrimSuffix(cfg.BaseURL, "/")
	app := &application{
		Config:   cfg,
		avain:    client{url: cfg.AvainURL, id: cfg.ClientID, secret: cfg.ClientSecret, http: cfg.HTTP},
		sessions: newSessions(cfg.Now, strings.HasPrefix(cfg.BaseURL, "https:")),
		pages:    parsePages(),
	}
	return app.guarded(app.routes())
}

type application struct {
	Config
	avain    client
	sessions *sessions
	pages    pages
}

func (a *application) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /connect", a.connect)
	mux.HandleFunc("GET /connected", a.connected)
	mux.HandleFunc("GET /connected-token", a.connectedToken)
	mux.HandleFunc("GET /landing", a.landing)
	mux.HandleFunc("POST /send", a.send)
	mux.HandleFunc("POST /disconnect", a.disconnect)
	for _, name := range []string{"sample.css", "sample.js", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, files, "static/"+name)
		})
	}
	return mux
}

// guarded sets what every answer carries and turns away what no route may see:
// other hosts (the cookie would be missing; DNS rebinding) and POSTs of other sites.
func (a *application) guarded(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.show(w, r, http.StatusForbidden, "problem", problem{
			Title:   "That request came from another site",
			Failure: failure{Code: "crossorigin.refused", Message: "Nothing was done. Use the buttons of this application's own page."},
			Again:   "/",
		})
	}))
	next = protection.Handler(next)
	host, policy := hostOf(a.BaseURL), a.policy()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer") // addresses here carry codes
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		switch {
		case strings.EqualFold(r.Host, host):
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet:
			http.Redirect(w, r, a.BaseURL+"/", http.StatusSeeOther)
		default:
			http.Error(w, "Open "+a.BaseURL+"/ instead.", http.StatusMisdirectedRequest)
		}
	})
}

// policy is the Content-Security-Policy. Chromium applies form-action to every
// redirect behind a form, and the connect form is redirected to Avain and on to
// the provider; so both are named, and where the provider is a real one, whose
// pages redirect further, the directive is left out.
func (a *application) policy() string {
	p := []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
		"connect-src 'self' " + origin(a.AvainURL), "base-uri 'none'", "frame-ancestors 'none'",
	}
	if a.SandboxURL != "" {
		p = append(p, "form-action 'self' "+origin(a.AvainURL)+" "+origin(a.SandboxURL))
	}
	return strings.Join(p, "; ")
}

func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func hostOf(raw string) string {
	_, host, _ := strings.Cut(origin(raw), "://")
	return host
}

// told makes a failure of any error and logs those that are this server's own.
func (a *application) told(err error) failure {
	var f *failure
	if errors.As(err, &f) {
		if f.cause != nil {
			a.Logger.Warn("sample: call to Avain failed", "code", f.Code, "error", f.cause)
		}
		return *f
	}
	a.Logger.Error("sample: unexpected", "error", fmt.Sprint(err))
	return failure{Code: "sample.internal", Message: "The sample application itself failed. Its log says why."}
}
