package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

type appCommands struct {
	Create        appCreateCommand        `cmd:"" help:"Make an application; prints its client id and, once, its secret."`
	List          appListCommand          `cmd:"" help:"List the applications."`
	Show          appShowCommand          `cmd:"" help:"Show an application."`
	Set           appSetCommand           `cmd:"" help:"Change an application's settings; what is not named stays."`
	RotateSecret  appRotateSecretCommand  `cmd:"" help:"Make a new secret; the one before it lives on until the next rotation."`
	SigningSecret appSigningSecretCommand `cmd:"" help:"Show, replace or make the secret that signs webhooks."`
	Delete        appDeleteCommand        `cmd:"" help:"Delete an application with its registrations."`
	ReturnURL     returnURLCommands       `cmd:"" name:"return-url" help:"Where the flow may send browsers back to."`
}

// appRef is the argument that names an application.
type appRef struct {
	App string `arg:"" help:"Client id of the application, or its name where only one has it."`
}

type appCreateCommand struct {
	Name           string        `arg:"" help:"Name, which people see when they connect an account."`
	ReturnURL      []string      `name:"return-url" sep:"none" placeholder:"URL" help:"Return URL to register; may be repeated."`
	Public         bool          `help:"For applications that cannot keep a secret: they redeem codes with PKCE alone."`
	TokenMode      bool          `help:"Allow responseType=token."`
	CodeLifetime   time.Duration `placeholder:"TIME" help:"How long a code may wait to be redeemed, 30s to 10m; 60s if not given."`
	RevokeOnReplay bool          `help:"Revoke what a code issued when the code comes again."`
	ProviderAuth   bool          `help:"Allow includeProviderAuth: handing out the provider's access token."`
	CrossSite      bool          `name:"cross-site-cookies" help:"Let users' cookies go along from pages of other sites, as in frames: SameSite=None."`
	Origin         []string      `sep:"none" placeholder:"ORIGIN" help:"Origin that CORS allows besides those of the return URLs; may be repeated."`
	PartialGrant   string        `placeholder:"WAY" help:"Where a person gives less than was asked for: ask them (ask, the default), connect with it (accept), or give the application an error (refuse)."`
	WebhookURL     []string      `name:"webhook-url" sep:"none" placeholder:"URL" help:"URL that is told what becomes of the accounts; may be repeated."`
	Alias          string        `placeholder:"URL" help:"The application's own host name for this server, as in https://connect.example.com: its sign-ins run there."`
	Logo           string        `placeholder:"FILE" help:"Logo on the pages: a PNG, JPEG or GIF that does not move, at most 64 KiB."`
	BrandColor     string        `placeholder:"#RRGGBB" help:"Colour of the buttons and links on the pages."`
	BrandColorDark string        `placeholder:"#RRGGBB" help:"The same on dark pages, if it is another."`
	PrivacyURL     string        `name:"privacy-url" placeholder:"URL" help:"Page about privacy, linked on the pages."`
	TermsURL       string        `name:"terms-url" placeholder:"URL" help:"Page of the terms of use, linked on the pages."`
	ClientID       string        `name:"client-id" placeholder:"ID" help:"Client id of an application that moves in: 32 hexadecimal digits."`
	ClientSecret   secret.Text   `name:"client-secret-file" secret:"AVAIN_APP_CLIENT_SECRET" placeholder:"PATH" help:"File with the secret of an application that moves in (- is standard input)."`
}

// Run makes the application.
func (c *appCreateCommand) Run(ctx context.Context, s *settings, out output) error {
	logo, err := readLogo(c.Logo)
	if err != nil {
		return err
	}
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	made, minted, err := a.Operator().CreateApplication(ctx, operator.CreateApplication{
		Name: c.Name, ReturnURLs: c.ReturnURL, ClientID: c.ClientID, Secret: c.ClientSecret,
		Settings: account.Settings{
			Public: c.Public, TokenMode: c.TokenMode, CodeLifetime: c.CodeLifetime, RevokeOnReplay: c.RevokeOnReplay,
			ProviderAuth: c.ProviderAuth, Origins: c.Origin, Alias: c.Alias, PartialGrant: account.PartialGrant(c.PartialGrant),
			Webhooks: c.WebhookURL, CrossSite: c.CrossSite,
		},
		Brand: brand.Brand{Color: c.BrandColor, ColorDark: c.BrandColorDark, PrivacyURL: c.PrivacyURL, TermsURL: c.TermsURL}, Logo: logo,
	})
	if err != nil {
		return err
	}
	if !c.ClientSecret.IsZero() {
		minted = secret.Text{} // the operator has it already: it is not repeated
	}
	return out.show(viewSecret(made, minted), func(w io.Writer) {
		properties(w, field{"client id", made.ClientID}, field{"client secret", minted.Reveal()})
		if !minted.IsZero() {
			printf(w, "\nKeep the secret now: it is not shown again.\n")
		}
		printf(w, "\nNext, register the application's OAuth client at a provider:\n\n    %s\n",
			s.line(fmt.Sprintf("registration set %s Google --client-id ID --client-secret-file PATH", made.ClientID)))
		if len(made.ReturnURLs) == 0 {
			printf(w, "\nand say where the flow may come back to:\n\n    %s\n", s.line("app return-url add "+made.ClientID+" URL"))
		}
	})
}

type appListCommand struct{}

// Run lists the applications.
func (appListCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	apps, err := a.Operator().Applications(ctx)
	if err != nil {
		return err
	}
	views, rows := make([]applicationView, len(apps)), make([][]string, len(apps))
	for i, one := range apps {
		views[i] = viewApplication(one)
		rows[i] = []string{one.ClientID, one.Name, fmt.Sprint(len(one.ReturnURLs)), stamp(one.CreatedAt)}
	}
	return out.show(views, func(w io.Writer) {
		table(w, []string{"CLIENT ID", "NAME", "RETURN URLS", "CREATED"}, rows)
	})
}

type appShowCommand struct {
	appRef
	address
}

// Run shows one application.
func (c *appShowCommand) Run(ctx context.Context, s *settings, out output) error {
	return s.withApplication(ctx, &c.address, out, func(o *operator.Service) (account.Application, error) {
		return o.Application(ctx, c.App)
	})
}

type appSetCommand struct {
	appRef
	address
	Name           *string        `placeholder:"NAME" help:"Name, which people see."`
	TokenMode      *bool          `negatable:"" help:"Allow responseType=token."`
	CodeLifetime   *time.Duration `placeholder:"TIME" help:"How long a code may wait to be redeemed, 30s to 10m; 0 for 60s."`
	RevokeOnReplay *bool          `negatable:"" help:"Revoke what a code issued when the code comes again."`
	ProviderAuth   *bool          `negatable:"" help:"Allow includeProviderAuth."`
	CrossSite      *bool          `name:"cross-site-cookies" negatable:"" help:"Let users' cookies go along from pages of other sites."`
	PartialGrant   *string        `placeholder:"WAY" help:"Where a person gives less than was asked for: ask, accept or refuse."`
	Origin         []string       `sep:"none" xor:"origins" placeholder:"ORIGIN" help:"Origins that CORS allows besides; they replace the stored ones. May be repeated."`
	NoOrigins      bool           `xor:"origins" help:"Remove all these origins."`
	WebhookURL     []string       `name:"webhook-url" sep:"none" xor:"webhooks" placeholder:"URL" help:"URLs that are told what becomes of the accounts; they replace the stored ones. May be repeated."`
	NoWebhooks     bool           `xor:"webhooks" help:"Remove all these URLs, with what waits for them."`
	Alias          *string        `placeholder:"URL" help:"The application's own host name for this server, as in https://connect.example.com: its sign-ins run there; empty for none."`
	Logo           *string        `placeholder:"FILE" help:"Logo on the pages: a PNG, JPEG or GIF that does not move, at most 64 KiB; empty for none."`
	BrandColor     *string        `placeholder:"#RRGGBB" help:"Colour of the buttons and links on the pages; empty for none."`
	BrandColorDark *string        `placeholder:"#RRGGBB" help:"The same on dark pages, if it is another; empty for none."`
	PrivacyURL     *string        `name:"privacy-url" placeholder:"URL" help:"Page about privacy, linked on the pages; empty for none."`
	TermsURL       *string        `name:"terms-url" placeholder:"URL" help:"Page of the terms of use, linked on the pages; empty for none."`
}

// Run changes the application.
func (c *appSetCommand) Run(ctx context.Context, s *settings, out output) error {
	in := operator.SetApplication{
		Name: c.Name, TokenMode: c.TokenMode, CodeLifetime: c.CodeLifetime,
		RevokeOnReplay: c.RevokeOnReplay, ProviderAuth: c.ProviderAuth, CrossSite: c.CrossSite, Alias: c.Alias, PartialGrant: (*account.PartialGrant)(c.PartialGrant),
		BrandColor: c.BrandColor, BrandColorDark: c.BrandColorDark, PrivacyURL: c.PrivacyURL, TermsURL: c.TermsURL,
	}
	if c.Logo != nil {
		logo, err := readLogo(*c.Logo)
		if err != nil {
			return err
		}
		in.Logo = &logo
	}
	if len(c.Origin) > 0 || c.NoOrigins {
		in.Origins = &c.Origin
	}
	if len(c.WebhookURL) > 0 || c.NoWebhooks {
		in.Webhooks = &c.WebhookURL
	}
	return s.withApplication(ctx, &c.address, out, func(o *operator.Service) (account.Application, error) {
		return o.SetApplication(ctx, c.App, in)
	})
}

type appRotateSecretCommand struct {
	appRef
	EndOld bool `help:"End the old secrets at once."`
}

// Run makes the new secret.
func (c *appRotateSecretCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	rotated, minted, err := a.Operator().RotateSecret(ctx, c.App, c.EndOld)
	if err != nil {
		return err
	}
	return out.show(viewSecret(rotated, minted), func(w io.Writer) {
		properties(w, field{"client id", rotated.ClientID}, field{"client secret", minted.Reveal()})
		printf(w, "\nKeep the secret now: it is not shown again.\n")
		if !c.EndOld {
			printf(w, "The one before it works until the next rotation; --end-old ends it at once.\n")
		}
	})
}

type appSigningSecretCommand struct {
	appRef
	Rotate        bool        `help:"Replace it by a new one: receivers must know it at once."`
	SigningSecret secret.Text `name:"signing-secret-file" secret:"AVAIN_APP_SIGNING_SECRET" placeholder:"PATH" help:"Replace it by the one in this file, of an application that moves in (- is standard input)."`
}

// Run shows the signing secret, after replacing it where that is asked for.
func (c *appSigningSecretCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	of, signing := account.Application{}, secret.Text{}
	if c.Rotate || !c.SigningSecret.IsZero() {
		of, signing, err = a.Operator().SetSigningSecret(ctx, c.App, c.SigningSecret)
	} else {
		of, signing, err = a.Operator().SigningSecret(ctx, c.App)
	}
	if err != nil {
		return err
	}
	if !c.SigningSecret.IsZero() {
		signing = secret.Text{} // the operator has it already: it is not repeated
	}
	view := signingSecretView{ClientID: of.ClientID, SigningSecret: signing.Reveal(), Name: of.Name}
	return out.show(view, func(w io.Writer) {
		properties(w, field{"client id", view.ClientID}, field{"signing secret", view.SigningSecret})
	})
}

type appDeleteCommand struct {
	appRef
	Force bool `help:"Delete its accounts too, ending their grants at the providers."`
}

// Run deletes the application.
func (c *appDeleteCommand) Run(ctx context.Context, s *settings, out output) error {
	a, err := s.open(ctx, s.config())
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	deleted, err := a.Operator().DeleteApplication(ctx, c.App, c.Force)
	if err != nil {
		return err
	}
	views := make([]deletedAccountView, len(deleted))
	for i, d := range deleted {
		views[i] = viewDeletedAccount(d)
	}
	return out.show(struct {
		Accounts []deletedAccountView `json:"accounts"`
	}{views}, func(w io.Writer) {
		for _, d := range deleted {
			printf(w, "account %s deleted: %s\n", d.ID, grantText(string(d.Grant)))
		}
		printf(w, "application deleted\n")
	})
}

// withApplication does one thing to an application and shows it afterwards, with its
// redirect URI where the command is told the server's address.
func (s *settings) withApplication(ctx context.Context, at *address, out output, do func(*operator.Service) (account.Application, error)) error {
	cfg := s.config()
	if at != nil {
		cfg = at.onto(cfg)
	}
	a, err := s.open(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	after, err := do(a.Operator())
	if err != nil {
		return err
	}
	view := viewApplication(after)
	if at != nil {
		view.RedirectURI = a.Operator().CallbackURL(after)
	}
	return out.show(view, func(w io.Writer) {
		properties(
			w,
			field{"client id", after.ClientID},
			field{"name", after.Name},
			field{"return URLs", strings.Join(after.ReturnURLs, "\n\t")},
			field{"public", yes(after.Settings.Public)},
			field{"token mode", yes(after.Settings.TokenMode)},
			field{"code lifetime", after.Settings.CodeLife().String()},
			field{"revoke on replay", yes(after.Settings.RevokeOnReplay)},
			field{"provider auth", yes(after.Settings.ProviderAuth)},
			field{"cross-site cookies", yes(after.Settings.CrossSite)},
			field{"partial grants", string(after.Settings.Partial(nil))},
			field{"origins", strings.Join(after.Settings.Origins, "\n\t")},
			field{"alias", after.Settings.Alias},
			field{"webhooks", strings.Join(after.Settings.Webhooks, "\n\t")},
			field{"brand colour", strings.TrimSpace(after.Brand.Color + " " + after.Brand.ColorDark)},
			field{"logo", view.Logo},
			field{"privacy URL", after.Brand.PrivacyURL},
			field{"terms URL", after.Brand.TermsURL},
			field{"redirect URI", view.RedirectURI},
			field{"created", stamp(after.CreatedAt)},
			field{"updated", stamp(after.UpdatedAt)},
		)
	})
}
