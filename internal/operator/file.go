package operator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/secret"
)

// maxFile bounds a file of applications, in bytes.
const maxFile = 4 << 20

// File says which applications there shall be, and how they are set. It is YAML or
// JSON, which is YAML too. What it does not name is left alone; a field that a named
// application leaves out has its default.
type File struct {
	Applications []ApplicationSpec `yaml:"applications"`
}

// ApplicationSpec is one application of a [File]. Without a client id it is found by
// its name.
type ApplicationSpec struct {
	Name           string             `yaml:"name"`
	ClientID       string             `yaml:"clientId"`
	ClientSecret   *SecretSource      `yaml:"clientSecret"`
	Public         bool               `yaml:"public"`
	TokenMode      bool               `yaml:"tokenMode"`
	CodeLifetime   string             `yaml:"codeLifetime"` // "60s"
	RevokeOnReplay bool               `yaml:"revokeOnReplay"`
	ProviderAuth   bool               `yaml:"providerAuth"`
	CrossSite      bool               `yaml:"crossSiteCookies"`
	Origins        []string           `yaml:"origins"`
	PartialGrant   string             `yaml:"partialGrant"` // ask, accept or refuse
	Alias          string             `yaml:"alias"`
	Brand          BrandSpec          `yaml:"brand"`
	ReturnURLs     []string           `yaml:"returnUrls"`
	Webhooks       []string           `yaml:"webhooks"`
	SigningSecret  *SecretSource      `yaml:"signingSecret"`
	Registrations  []RegistrationSpec `yaml:"registrations"`
}

// RegistrationSpec is one registration of an [ApplicationSpec]. Without a secret it
// keeps the stored ones.
type RegistrationSpec struct {
	ServiceType  string        `yaml:"serviceType"`
	ClientID     string        `yaml:"clientId"`
	ClientSecret *SecretSource `yaml:"clientSecret"`
	// CentreSecrets are by data centre. A centre that is not named keeps its own.
	CentreSecrets  map[string]*SecretSource `yaml:"centreSecrets"`
	SecretExpires  string                   `yaml:"clientSecretExpires"` // a day: 2027-01-31
	Scopes         []string                 `yaml:"scopes"`
	NativeScopes   []string                 `yaml:"nativeScopes"`
	Tenant         string                   `yaml:"tenant"`
	Cloud          string                   `yaml:"cloud"`
	Endpoints      EndpointsSpec            `yaml:"endpoints"`
	CallbackURL    string                   `yaml:"callbackUrl"`
	UnboundBrowser bool                     `yaml:"unboundBrowser"`
}

// EndpointsSpec is account.Endpoints as the file writes it.
type EndpointsSpec struct {
	Authorize string `yaml:"authorize"`
	Token     string `yaml:"token"`
	Revoke    string `yaml:"revoke"`
	Userinfo  string `yaml:"userinfo"`
	API       string `yaml:"api"`
	Issuer    string `yaml:"issuer"`
}

// SecretSource says where a secret is: in a file, or in a variable of the
// environment. Files of settings are copied, shown and committed, so they hold no
// secret themselves.
type SecretSource struct {
	File string
	Env  string
}

// UnmarshalYAML reads {file: PATH} or {env: NAME}, and refuses everything else
// without repeating it: it may be the secret.
func (s *SecretSource) UnmarshalYAML(node ast.Node) error {
	line := node.GetToken().Position.Line
	if _, ok := node.(*ast.MappingNode); !ok {
		return usagef("line %d: a secret does not belong into this file: write {file: PATH} or {env: NAME} to say where it is", line)
	}
	var source struct {
		File string `yaml:"file"`
		Env  string `yaml:"env"`
	}
	err := yaml.NodeToValue(node, &source, yaml.Strict())
	if err != nil || (source.File == "") == (source.Env == "") {
		return usagef("line %d: a secret is given by exactly one of {file: PATH} and {env: NAME}", line)
	}
	*s = SecretSource(source)
	return nil
}

// ReadFile reads and checks the form of a file: unknown and repeated fields are
// errors, which name their line.
func ReadFile(r io.Reader) (File, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return File{}, fmt.Errorf("read the file: %w", err)
	}
	if len(raw) > maxFile {
		return File{}, usagef("the file is over %d MiB", maxFile>>20)
	}
	var f File
	decoder := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict())
	if err := decoder.Decode(&f); errors.Is(err, io.EOF) {
		return File{}, usagef("the file is empty: it begins with applications:")
	} else if err != nil {
		return File{}, formError(err)
	}
	if err := decoder.Decode(new(File)); !errors.Is(err, io.EOF) {
		return File{}, usagef("the file holds more than one document: put all applications into one")
	}
	return f, nil
}

// formError names the place; the source around it is left out, since it may hold
// what does not belong into an error.
func formError(err error) error {
	var usage *UsageError
	if errors.As(err, &usage) {
		return usage
	}
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		return usagef("line %d: %s", at.GetToken().Position.Line, at.GetMessage())
	}
	return usagef("the file cannot be read: %s", yaml.FormatError(err, false, false))
}

// Resolve fetches the secret that a source points at.
type Resolve func(SecretSource) (secret.Text, error)

func (r Resolve) optional(source *SecretSource) (secret.Text, error) {
	if source == nil {
		return secret.Text{}, nil
	}
	t, err := r(*source)
	if err == nil && t.IsZero() {
		return t, usagef("the secret in %s is empty", source)
	}
	return t, err
}

func (s SecretSource) String() string {
	if s.Env != "" {
		return "the environment variable " + s.Env
	}
	return "the file " + s.File
}

// application is the spec with its secret at hand.
func (spec ApplicationSpec) application(resolve Resolve) (CreateApplication, error) {
	in := CreateApplication{
		Name: spec.Name, ClientID: spec.ClientID, ReturnURLs: spec.ReturnURLs,
		Settings: account.Settings{
			Public: spec.Public, TokenMode: spec.TokenMode, RevokeOnReplay: spec.RevokeOnReplay,
			ProviderAuth: spec.ProviderAuth, CrossSite: spec.CrossSite, Origins: spec.Origins, Alias: spec.Alias, Webhooks: spec.Webhooks,
			PartialGrant: account.PartialGrant(spec.PartialGrant),
		},
		Brand: spec.Brand.brand(), Logo: spec.Brand.picture,
	}
	if spec.Brand.Logo != "" && in.Logo.Hash == "" {
		return in, usagef("the logo %s has not been read", spec.Brand.Logo)
	}
	var err error
	if spec.CodeLifetime != "" {
		if in.Settings.CodeLifetime, err = time.ParseDuration(spec.CodeLifetime); err != nil {
			return in, usagef("the code lifetime %q is not a duration such as 60s", spec.CodeLifetime)
		}
	}
	if in.Secret, err = resolve.optional(spec.ClientSecret); err != nil {
		return in, err
	}
	in.SigningSecret, err = resolve.optional(spec.SigningSecret)
	return in, err
}

// registration is the spec with its secret at hand. What it leaves out is cleared.
func (spec RegistrationSpec) registration(resolve Resolve) (SetRegistration, error) {
	endpoints := account.Endpoints(spec.Endpoints)
	in := SetRegistration{
		ServiceType: spec.ServiceType, ClientID: spec.ClientID,
		Scopes: append([]string{}, spec.Scopes...), NativeScopes: append([]string{}, spec.NativeScopes...),
		Tenant: &spec.Tenant, Cloud: &spec.Cloud, Endpoints: &endpoints, CallbackURL: &spec.CallbackURL, UnboundBrowser: &spec.UnboundBrowser,
	}
	expires, err := ParseExpiry(spec.SecretExpires)
	if err != nil {
		return in, err
	}
	in.SecretExpires = &expires
	t, err := resolve.optional(spec.ClientSecret)
	if err != nil {
		return in, err
	}
	if !t.IsZero() {
		in.Secrets = []secret.Text{t}
	}
	for centre, source := range spec.CentreSecrets {
		t, err := resolve.optional(source)
		switch {
		case err != nil:
			return in, err
		case t.IsZero():
			return in, usagef("the data centre %q is named without a secret: write {file: PATH} or {env: NAME}", centre)
		case in.CentreSecrets == nil:
			in.CentreSecrets = map[string][]secret.Text{}
		}
		in.CentreSecrets[centre] = []secret.Text{t}
	}
	return in, nil
}
