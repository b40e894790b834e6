package operator_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
	"github.com/avain-project/avain/internal/store"
)

func TestAnApplicationIsMadeAndFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app, minted, err := b.CreateApplication(t.Context(), operator.CreateApplication{
		Name: "CRM", ReturnURLs: []string{"https://app.example/back", "https://app.example/back", "crm://done"},
		Settings: account.Settings{TokenMode: true, CodeLifetime: 90 * time.Second, Origins: []string{"https://app.example:8443"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !account.ValidClientID(app.ClientID) || !strings.HasPrefix(minted.Reveal(), access.SecretPrefix) {
		t.Errorf("client id %q, secret with prefix %q", app.ClientID, minted.Reveal()[:4])
	}
	if want := []string{"https://app.example/back", "crm://done"}; !slices.Equal(app.ReturnURLs, want) {
		t.Errorf("return URLs %q, want %q", app.ReturnURLs, want)
	}
	for _, ref := range []string{app.ClientID, "CRM"} {
		found, err := b.Application(t.Context(), ref)
		if err != nil || found.ID != app.ID {
			t.Errorf("Application(%q) = %q, %v", ref, found.ID, err)
		}
	}
	if _, err := access.New(b.store).Application(t.Context(), app.ClientID, minted); err != nil {
		t.Errorf("the minted secret does not work: %v", err)
	}
	events, err := b.AuditEvents(t.Context(), 10)
	if err != nil || len(events) != 1 || events[0].Kind != "application.created" {
		t.Errorf("audit trail: %+v, %v", events, err)
	}
}

func TestAGivenClientIDAndSecretAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in := operator.CreateApplication{Name: "moved in", ClientID: account.NewClientID(), Secret: secret.New(strings.Repeat("s3cret", 10))}
	app, given, err := b.CreateApplication(t.Context(), in)
	if err != nil || app.ClientID != in.ClientID || !given.Equal(in.Secret) {
		t.Fatalf("got %s, %v", app.ClientID, err)
	}
	_, _, err = b.CreateApplication(t.Context(), in)
	wantUsage(t, "the client id a second time", err)
}

func TestWrongApplicationsAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	good := func() operator.CreateApplication {
		return operator.CreateApplication{Name: "x", ReturnURLs: []string{"https://app.example/back"}}
	}
	for name, spoil := range map[string]func(*operator.CreateApplication){
		"no name":               func(in *operator.CreateApplication) { in.Name = " " },
		"name of two lines":     func(in *operator.CreateApplication) { in.Name = "a\nb" },
		"http return URL":       func(in *operator.CreateApplication) { in.ReturnURLs[0] = "http://app.example/back" },
		"our name in its query": func(in *operator.CreateApplication) { in.ReturnURLs[0] += "?code=1" },
		"malformed client id":   func(in *operator.CreateApplication) { in.ClientID = "crm" },
		"guessable secret":      func(in *operator.CreateApplication) { in.Secret = secret.New("hunter2") },
		"secret with newline":   func(in *operator.CreateApplication) { in.Secret = secret.New(strings.Repeat("x", 40) + "\n") },
		"public with a secret": func(in *operator.CreateApplication) {
			in.Settings.Public, in.Secret = true, secret.New(strings.Repeat("x", 40))
		},
		"code too short-lived": func(in *operator.CreateApplication) { in.Settings.CodeLifetime = 29 * time.Second },
		"code too long-lived":  func(in *operator.CreateApplication) { in.Settings.CodeLifetime = 601 * time.Second },
		"origin with a path":   func(in *operator.CreateApplication) { in.Settings.Origins = []string{"https://app.example/"} },
		"origin without host":  func(in *operator.CreateApplication) { in.Settings.Origins = []string{"null"} },
		"origin of any host":   func(in *operator.CreateApplication) { in.Settings.Origins = []string{"*"} },
	} {
		in := good()
		spoil(&in)
		_, _, err := b.CreateApplication(t.Context(), in)
		wantUsage(t, name, err)
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the secret: %v", name, err)
		}
	}
	if apps, err := b.Applications(t.Context()); err != nil || len(apps) != 0 {
		t.Errorf("something was made all the same: %v, %v", apps, err)
	}
}

func TestANameOfTwoFindsNeither(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.application(t, "twin")
	b.application(t, "twin")
	_, err := b.Application(t.Context(), "twin")
	wantUsage(t, "a name of two", err)
	if _, err := b.Application(t.Context(), "nobody"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an unknown name: %v", err)
	}
}

func TestSettingAnApplicationKeepsTheRest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.application(t, "CRM")
	on := true
	changed, err := b.SetApplication(t.Context(), "CRM", operator.SetApplication{TokenMode: &on})
	if err != nil {
		t.Fatal(err)
	}
	want := app
	want.Settings.TokenMode, want.UpdatedAt = true, changed.UpdatedAt
	if diff := cmp.Diff(want.Settings, changed.Settings); diff != "" || changed.Name != app.Name || !slices.Equal(changed.ReturnURLs, app.ReturnURLs) {
		t.Error(diff, changed)
	}
	again, err := b.SetApplication(t.Context(), "CRM", operator.SetApplication{TokenMode: &on})
	if err != nil || !again.UpdatedAt.Equal(changed.UpdatedAt) {
		t.Errorf("setting the same again moved UpdatedAt from %s to %s (%v)", changed.UpdatedAt, again.UpdatedAt, err)
	}
}

func TestReturnURLsComeAndGo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.application(t, "CRM")
	_, err := b.AddReturnURL(t.Context(), "CRM", "https://evil.example/#x")
	wantUsage(t, "a return URL with a fragment", err)
	app, err := b.AddReturnURL(t.Context(), "CRM", "http://localhost:3000/back")
	if err != nil || len(app.ReturnURLs) != 2 {
		t.Fatalf("%q, %v", app.ReturnURLs, err)
	}
	app, err = b.RemoveReturnURL(t.Context(), "CRM", "https://app.example/back")
	if want := []string{"http://localhost:3000/back"}; err != nil || !slices.Equal(app.ReturnURLs, want) {
		t.Errorf("%q, %v", app.ReturnURLs, err)
	}
	if _, err = b.RemoveReturnURL(t.Context(), "CRM", "https://app.example/back"); err == nil {
		t.Error("removing what is not there passed in silence")
	}
}

// Two operators at once: neither loses what the other has added, nor brings back
// what the other has removed.
func TestReturnURLsAddedAtOnceAllStay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	before := len(b.application(t, "CRM").ReturnURLs)
	const adders = 20
	failed := make(chan error, adders)
	for i := range adders {
		go func() {
			_, err := b.AddReturnURL(t.Context(), "CRM", fmt.Sprintf("https://app.example/%d", i))
			failed <- err
		}()
	}
	for range adders {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	app, err := b.Application(t.Context(), "CRM")
	if err != nil || len(app.ReturnURLs) != before+adders {
		t.Errorf("%d of %d return URLs are there, %v", len(app.ReturnURLs)-before, adders, err)
	}
}

func TestRotationKeepsOneOldSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app, first, err := b.CreateApplication(t.Context(), operator.CreateApplication{Name: "CRM"})
	if err != nil {
		t.Fatal(err)
	}
	rotate := func(endOld bool) secret.Text {
		_, minted, err := b.RotateSecret(t.Context(), app.ClientID, endOld)
		if err != nil {
			t.Fatal(err)
		}
		return minted
	}
	live := func(secrets ...secret.Text) (out []bool) {
		for _, one := range secrets {
			_, err := access.New(b.store).Application(t.Context(), app.ClientID, one)
			out = append(out, err == nil)
		}
		return out
	}
	second := rotate(false)
	if got := live(first, second); !slices.Equal(got, []bool{true, true}) {
		t.Errorf("after one rotation: %v", got)
	}
	third := rotate(false)
	if got := live(first, second, third); !slices.Equal(got, []bool{false, true, true}) {
		t.Errorf("after two rotations: %v", got)
	}
	fourth := rotate(true)
	if got := live(second, third, fourth); !slices.Equal(got, []bool{false, false, true}) {
		t.Errorf("after ending the old ones: %v", got)
	}
}

func TestAPublicApplicationHasNoSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app, none, err := b.CreateApplication(t.Context(), operator.CreateApplication{Name: "phone", Settings: account.Settings{Public: true}})
	if err != nil || !none.IsZero() {
		t.Fatalf("secret %v, %v", none, err)
	}
	_, _, err = b.RotateSecret(t.Context(), app.ClientID, false)
	wantUsage(t, "rotating the secret of a public application", err)
}

func TestDeletingAnApplicationMindsItsAccounts(t *testing.T) {
	t.Parallel()
	b := setup(t)
	app := b.application(t, "CRM")
	reg := b.registration(t, app)
	b.connect(t, reg, "ada", 7)
	b.connect(t, reg, "bob", 8)
	if _, err := b.DeleteApplication(t.Context(), "CRM", false); err == nil {
		t.Fatal("an application with accounts was deleted without force")
	}
	deleted, err := b.DeleteApplication(t.Context(), "CRM", true)
	if err != nil || len(deleted) != 2 || deleted[0].Grant != "revoked" {
		t.Errorf("deleted %+v, %v", deleted, err)
	}
	if n := b.vendor.revocations.Load(); n != 2 {
		t.Errorf("%d grants were ended at the provider, want 2", n)
	}
	if apps, err := b.Applications(t.Context()); err != nil || len(apps) != 0 {
		t.Errorf("left: %v, %v", apps, err)
	}
}
