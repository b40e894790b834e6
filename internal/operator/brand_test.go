package operator_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"testing"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/brand"
	"github.com/avain-project/avain/internal/operator"
)

func aLogo(t *testing.T, side int) (brand.Logo, []byte) {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, side, side))); err != nil {
		t.Fatal(err)
	}
	logo, err := brand.ReadLogo(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return logo, b.Bytes()
}

func TestABrandIsSetAndEnded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first, _ := aLogo(t, 32)
	second, _ := aLogo(t, 64)
	made, _, err := b.CreateApplication(t.Context(), operator.CreateApplication{Name: "CRM", Brand: brand.Brand{Color: "#ffd200"}, Logo: first})
	if err != nil || made.Brand.Logo != first.Hash || made.Brand.Color != "#ffd200" {
		t.Fatalf("%+v, %v", made.Brand, err)
	}
	none, dark, page := "", "#000000", "https://crm.example/privacy"
	for i, step := range []struct {
		in   operator.SetApplication
		want brand.Brand
	}{
		{operator.SetApplication{BrandColorDark: &dark}, brand.Brand{Color: "#ffd200", ColorDark: dark, Logo: first.Hash}},
		{operator.SetApplication{Logo: &second, PrivacyURL: &page}, brand.Brand{Color: "#ffd200", ColorDark: dark, Logo: second.Hash, PrivacyURL: page}},
		{operator.SetApplication{BrandColor: &none, BrandColorDark: &none, Logo: new(brand.Logo), TermsURL: &page}, brand.Brand{PrivacyURL: page, TermsURL: page}},
	} {
		app, err := b.SetApplication(t.Context(), "CRM", step.in)
		if err != nil || app.Brand != step.want {
			t.Errorf("step %d: %+v, %v", i, app.Brand, err)
		}
		if stored, err := b.Application(t.Context(), "CRM"); err != nil || stored.Brand != step.want {
			t.Errorf("step %d is kept as %+v, %v", i, stored.Brand, err)
		}
	}
	if operator.LogoPath(made) != "/v1/auth/logo/"+first.Hash || operator.LogoPath(account.Application{}) != "" {
		t.Errorf("the logo is at %q", operator.LogoPath(made))
	}
}

func TestABrandThatCannotBe(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.application(t, "CRM")
	bad := "yellow"
	_, err := b.SetApplication(t.Context(), "CRM", operator.SetApplication{BrandColor: &bad})
	wantUsage(t, "a name of a colour", err)
	_, _, err = b.CreateApplication(t.Context(), operator.CreateApplication{Name: "New", Brand: brand.Brand{TermsURL: "http://crm.example/"}})
	wantUsage(t, "terms in the clear", err)
	_, err = b.Apply(t.Context(), read(t, "applications:\n  - name: CRM\n    brand: {colorDark: '#000000'}\n"), resolve)
	wantUsage(t, "dark alone", err)
	_, err = b.Apply(t.Context(), read(t, "applications:\n  - name: CRM\n    brand: {logo: a.png}\n"), resolve)
	wantUsage(t, "a logo that nobody has read", err)
}

func TestApplyBringsTheLogo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	logo, data := aLogo(t, 32)
	file := read(t, "applications:\n  - name: CRM\n    brand: {logo: a.png, color: '#123456'}\n")
	if err := file.ReadLogos(func(path string) ([]byte, error) {
		if path != "a.png" {
			t.Errorf("it reads %s", path)
		}
		return data, nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []operator.Action{operator.Created, operator.Unchanged} {
		changes, err := b.Apply(t.Context(), file, resolve)
		if err != nil || changes[0].Action != want {
			t.Errorf("%+v, %v; want %s", changes, err, want)
		}
	}
	if app, err := b.Application(t.Context(), "CRM"); err != nil || app.Brand != (brand.Brand{Color: "#123456", Logo: logo.Hash}) {
		t.Errorf("%+v, %v", app.Brand, err)
	}
	away := errors.New("away")
	if err := file.ReadLogos(func(string) ([]byte, error) { return nil, away }); !errors.Is(err, away) {
		t.Errorf("%v", err)
	}
	wantUsage(t, "no picture", file.ReadLogos(func(string) ([]byte, error) { return []byte("<svg/>"), nil }))
}
