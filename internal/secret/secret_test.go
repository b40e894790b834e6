package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"log/slog"
	"strings"
	"testing"

	"github.com/avain-project/avain/internal/secret"
)

func TestTextNeverShowsItself(t *testing.T) {
	t.Parallel()
	const planted = "hunter2-planted"
	holder := struct {
		Name  string
		Token secret.Text
		Ptr   *secret.Text
	}{Name: "holder", Token: secret.New(planted)}
	holder.Ptr = &holder.Token

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+" "+verb+"\n", holder.Token, holder)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "token", holder.Token, "holder", holder)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "token", holder.Token, "holder", holder)
	if err := json.NewEncoder(&out).Encode(holder); err != nil {
		t.Fatal(err)
	}
	if err := template.Must(template.New("t").Parse("{{.Token}} {{.}}")).Execute(&out, holder); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(&out, fmt.Errorf("with %v: %w", holder, fmt.Errorf("inner %s", holder.Token)))

	if strings.Contains(out.String(), planted) {
		t.Errorf("the secret was printed:\n%s", out.String())
	}
	if strings.Contains(out.String(), fmt.Sprintf("%x", planted)) {
		t.Errorf("the secret was printed in hexadecimal:\n%s", out.String())
	}
	if !strings.Contains(out.String(), secret.Redacted) {
		t.Error("nothing shows that there is a secret")
	}
	if got := holder.Token.Reveal(); got != planted {
		t.Errorf("Reveal() = %q, want the value", got)
	}
}

func TestTextEqual(t *testing.T) {
	t.Parallel()
	a := secret.New("a")
	for _, c := range []struct {
		other secret.Text
		want  bool
	}{{secret.New("a"), true}, {secret.New("b"), false}, {secret.New("aa"), false}, {secret.Text{}, false}} {
		if got := a.Equal(c.other); got != c.want {
			t.Errorf("Equal(%q) = %v, want %v", c.other.Reveal(), got, c.want)
		}
	}
	if !(secret.Text{}).Equal(secret.New("")) {
		t.Error("two absent secrets must be equal")
	}
}

func TestTextReadsFromText(t *testing.T) {
	t.Parallel()
	var v struct{ Token secret.Text }
	if err := json.Unmarshal([]byte(`{"Token":"s3cret"}`), &v); err != nil {
		t.Fatal(err)
	}
	if v.Token.Reveal() != "s3cret" {
		t.Errorf("read %q", v.Token.Reveal())
	}
}
