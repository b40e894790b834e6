package operator_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/access"
	"github.com/avain-project/avain/internal/operator"
	"github.com/avain-project/avain/internal/secret"
)

const wholeFile = `
applications:
  - name: CRM
    tokenMode: true
    codeLifetime: 90s
    origins: [https://app.example]
    webhooks: [https://app.example/hook]
    signingSecret: {file: signing.secret}
    returnUrls: [https://app.example/back, crm://done]
    registrations:
      - serviceType: google
        clientId: client.apps.example
        clientSecret: {env: GOOGLE_SECRET}
        scopes: [Mail.Read]
        nativeScopes: [extra]
        endpoints: {token: "https://accounts.example/token", issuer: "https://accounts.example"}
  - name: Billing
    clientId: 0123456789abcdef0123456789abcdef
    clientSecret: {file: billing.secret}
    returnUrls: [https://billing.example/back]
`

func read(t *testing.T, text string) operator.File {
	t.Helper()
	f, err := operator.ReadFile(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// resolve knows the secrets of wholeFile.
func resolve(s operator.SecretSource) (secret.Text, error) {
	switch s {
	case operator.SecretSource{Env: "GOOGLE_SECRET"}:
		return secret.New("google-secret"), nil
	case operator.SecretSource{File: "billing.secret"}:
		return secret.New(strings.Repeat("billing", 8)), nil
	case operator.SecretSource{File: "signing.secret"}:
		return secret.New(strings.Repeat("signing", 8)), nil
	}
	return secret.Text{}, errors.New("no such secret")
}

func actions(changes []operator.Change) (out []string) {
	for _, c := range changes {
		out = append(out, c.Kind+" "+c.Name+" "+string(c.Action))
	}
	return out
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, err := b.Apply(t.Context(), read(t, wholeFile), resolve)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"application CRM created", "registration CRM/Google created", "application Billing created"}
	if diff := cmp.Diff(want, actions(first)); diff != "" {
		t.Error(diff)
	}
	if first[0].Secret.IsZero() || !first[2].Secret.IsZero() {
		t.Error("a made secret is told, a given one is not")
	}
	stamps := func() (out []time.Time) {
		apps, err := b.Applications(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range apps {
			out = append(out, a.UpdatedAt)
		}
		regs, err := b.Registrations(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range regs {
			out = append(out, r.UpdatedAt)
		}
		return out
	}
	before := stamps()
	second, err := b.Apply(t.Context(), read(t, wholeFile), resolve)
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(second, func(c operator.Change) bool { return c.Action != operator.Unchanged || !c.Secret.IsZero() }) {
		t.Errorf("the second time: %v", actions(second))
	}
	if diff := cmp.Diff(before, stamps()); diff != "" {
		t.Errorf("something was written the second time:\n%s", diff)
	}
	if events, err := b.AuditEvents(t.Context(), 100); err != nil || len(events) != 4 {
		t.Errorf("%d audit events, %v; want the 4 of the first time", len(events), err)
	}
}

func TestApplyChangesWhatTheFileChanges(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.Apply(t.Context(), read(t, wholeFile), resolve); err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("    tokenMode: true\n", "", "        nativeScopes: [extra]\n", "").Replace(wholeFile)
	newSecret := secret.New(strings.Repeat("another", 8))
	changes, err := b.Apply(t.Context(), read(t, changed), func(s operator.SecretSource) (secret.Text, error) {
		if s.File != "" {
			return newSecret, nil
		}
		return resolve(s)
	})
	want := []string{"application CRM updated", "registration CRM/Google updated", "application Billing updated"}
	if diff := cmp.Diff(want, actions(changes)); err != nil || diff != "" {
		t.Error(diff, err)
	}
	app, err := b.Application(t.Context(), "CRM")
	if err != nil || app.Settings.TokenMode || app.Settings.CodeLifetime != 90*time.Second {
		t.Errorf("%+v, %v", app.Settings, err)
	}
	if _, err := access.New(b.store).Application(t.Context(), "0123456789abcdef0123456789abcdef", newSecret); err != nil {
		t.Errorf("the new secret does not work: %v", err)
	}
}

func TestJSONIsReadToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	changes, err := b.Apply(t.Context(), read(t, `{"applications": [{"name": "CRM", "returnUrls": ["https://app.example/back"]}]}`), resolve)
	if err != nil || len(changes) != 1 {
		t.Errorf("%v, %v", actions(changes), err)
	}
}

func TestWrongFilesNameTheirLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"unknown field":        {"applications:\n  - name: x\n    retrunUrls: []\n", "line 3"},
		"repeated field":       {"applications:\n  - name: x\n    name: y\n", "line 3"},
		"secret in the file":   {"applications:\n  - name: x\n    clientSecret: hunter2\n", "line 3: a secret does not belong"},
		"secret from nowhere":  {"applications:\n  - name: x\n    clientSecret: {}\n", "line 3"},
		"secret from two":      {"applications:\n  - name: x\n    clientSecret: {env: A, file: hunter2}\n", "line 3"},
		"secret of a new kind": {"applications:\n  - name: x\n    clientSecret: {value: hunter2}\n", "line 3"},
		"registration's secret": {
			"applications:\n  - name: x\n    registrations:\n      - serviceType: Google\n        clientSecret: hunter2\n", "line 5",
		},
		"wrong type":    {"applications:\n  - name: x\n    returnUrls: hunter2\n", "line 3"},
		"broken YAML":   {"applications:\n  - name: [\n", "line"},
		"empty":         {"", "empty"},
		"two documents": {"applications: []\n---\napplications: []\n", "one document"},
	} {
		_, err := operator.ReadFile(strings.NewReader(test.text))
		wantUsage(t, name, err)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want one with %q, without the value", name, err, test.want)
		}
	}
}

func TestApplyChecksAllBeforeItWritesAnything(t *testing.T) {
	t.Parallel()
	const good = "applications:\n  - name: good\n  - name: CRM\n"
	for name, text := range map[string]string{
		"no name":              "applications:\n  - name: good\n  - tokenMode: true\n",
		"twice":                "applications:\n  - name: good\n  - name: good\n",
		"bad return URL":       good + "    returnUrls: [http://app.example]\n",
		"bad lifetime":         good + "    codeLifetime: soon\n",
		"unknown service":      good + "    registrations: [{serviceType: Gogle, clientId: a}]\n",
		"one service twice":    good + "    registrations: [{serviceType: Google, clientId: a}, {serviceType: google, clientId: b}]\n",
		"bad endpoint":         good + "    registrations: [{serviceType: Google, clientId: a, endpoints: {token: 'http://x.example'}}]\n",
		"public with a secret": good + "    public: true\n    clientSecret: {file: billing.secret}\n",
	} {
		b := setup(t)
		_, err := b.Apply(t.Context(), read(t, text), resolve)
		wantUsage(t, name, err)
		if apps, err := b.Applications(t.Context()); err != nil || len(apps) != 0 {
			t.Errorf("%s: %d applications were made, %v", name, len(apps), err)
		}
	}
}

func TestApplyMeansOneApplication(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.application(t, "twin")
	b.application(t, "twin")
	_, err := b.Apply(t.Context(), read(t, "applications:\n  - name: twin\n"), resolve)
	wantUsage(t, "a name of two", err)
	_, err = b.Apply(t.Context(), read(t, "applications:\n  - name: renamed\n    clientId: "+first.ClientID+"\n"), resolve)
	if app, showErr := b.Application(t.Context(), "renamed"); err != nil || showErr != nil || app.ID != first.ID {
		t.Errorf("renaming by client id: %v, %v", err, showErr)
	}
	_, err = b.Apply(t.Context(), read(t, "applications:\n  - name: renamed\n    public: true\n"), resolve)
	wantUsage(t, "becoming public", err)
	_, err = b.Apply(t.Context(), read(t, "applications:\n  - name: renamed\n  - name: x\n    clientId: "+first.ClientID+"\n"), resolve)
	wantUsage(t, "one by name and by id", err)
}
