package connect

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/avain-project/avain/internal/account"
	"github.com/avain-project/avain/internal/fault"
	"github.com/avain-project/avain/internal/store"
)

func TestEveryParameterHasAStandardWord(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for contract := range bounds {
		word := standardWords[contract]
		switch contract {
		case "responseType": // check reads it
			continue
		case "accountRole", "userAccount", "userId", "timestamp", "userSignature", "mailboxInfo": // users have the contract's face alone
			if word != "" {
				t.Errorf("%s is %q", contract, word)
			}
			continue
		}
		if word == "" || seen[word] || word != strings.ToLower(word) {
			t.Errorf("%s is %q", contract, word)
		}
		seen[word] = true
	}
	if len(seen) != len(standardWords) {
		t.Errorf("%d words for %d parameters", len(standardWords), len(seen))
	}
}

// Trying again leads to the face where the sign-in began, and asks for the same.
func TestTryingAgainStaysOnTheFace(t *testing.T) {
	t.Parallel()
	attempt := store.Attempt{
		ServiceType: account.Google, ReturnURL: "https://app.example/back", State: "s", Challenge: strings.Repeat("A", 43),
		PartialGrant: account.AskPartial, Issuer: "https://avain.example", ClientOrgID: "Org & Söhne",
	}
	path, rawQuery, _ := strings.Cut(run{attempt: attempt, app: account.Application{ClientID: "client"}}.authorizeURL(), "?")
	got, err := url.ParseQuery(rawQuery)
	want := url.Values{
		"client_id": {"client"}, "service_type": {"Google"}, "redirect_uri": {"https://app.example/back"}, "state": {"s"},
		"code_challenge": {attempt.Challenge}, "code_challenge_method": {"S256"}, "response_type": {"code"}, "client_org_id": {"Org & Söhne"},
	}
	if d := cmp.Diff(want, got); path != StandardAuthorizePath || err != nil || d != "" {
		t.Errorf("%s: %v: %s", path, err, d)
	}
	if err := (&standard{query: got}).check(); err != nil {
		t.Error(err)
	}
}

// The redirect URI is compared as text, where the contract's is read.
func TestRedirectURIsAreComparedAsText(t *testing.T) {
	t.Parallel()
	app := account.Application{ReturnURLs: []string{"https://app.example/back", "http://127.0.0.1/back", "http://[::1]:1/back?a=1", "com.example.app:/back"}}
	face := &standard{}
	for _, good := range append(app.ReturnURLs[:len(app.ReturnURLs):len(app.ReturnURLs)], "http://127.0.0.1:51234/back", "http://[::1]:51234/back?a=1") {
		if err := face.prove(app, good); err != nil || !MatchReturnURL(app.ReturnURLs, good) {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "https://app.example/back?tenant=1", "https://APP.example/back", "https://app.example:443/back", "https://app.example/back/",
		"https://app.example/Back", "http://127.0.0.1:51234/back?a=1", "http://127.0.0.1:51234/other", "http://localhost/back", "http://127.0.0.2/back",
		"com.example.app:/back?x", "https://app.example/b%61ck", "http://[::1]:2/back",
	} {
		if err := face.prove(app, bad); !fault.Is(err, fault.ReturnURLInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestWhatTheStandardAsksBesides(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]fault.Code{
		"":                                      fault.ParameterMissing,
		"response_type=":                        fault.ParameterMissing,
		"response_type=token":                   fault.ResponseTypeUnknown,
		"response_type=code+token":              fault.ResponseTypeUnknown,
		"response_type=code&response_type=code": fault.ParameterRepeated,
		"response_type=code&scope=A&scope=B":    fault.ParameterRepeated,
		"response_type=code&response_mode=fragment":     fault.ParameterInvalid,
		"response_type=code&request=ey":                 fault.ParameterInvalid,
		"response_type=code&request_uri=urn:x":          fault.ParameterInvalid,
		"response_type=code&code_challenge=x":           fault.ChallengeInvalid,
		"response_type=code&response_mode=query&nonce=": "",
	} {
		parsed, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		switch err := (&standard{query: parsed}).check(); {
		case want == "" && err != nil, want != "" && !fault.Is(err, want):
			t.Errorf("%s: %v, want %q", query, err, want)
		}
	}
}

// Every fault has a code of RFC 6749 and a text in the characters that it allows.
func TestFaultsInTheStandardsWords(t *testing.T) {
	t.Parallel()
	codes := []string{"invalid_request", "access_denied", "unsupported_response_type", "invalid_scope", "server_error", "temporarily_unavailable"}
	for _, entry := range fault.Catalogue() {
		f := fault.New(entry.Code, "It is codeChallengeMethod, \"quoted\" \\ and ünlike.")
		if code := redirectError(f); !strings.Contains(" "+strings.Join(codes, " ")+" ", " "+code+" ") {
			t.Errorf("%s is %q", entry.Code, code)
		}
		text := Description(f)
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) ||
			!strings.HasPrefix(text, string(entry.Code)+": ") || strings.Count(text, string(entry.Code)+": ") != 1 ||
			!strings.HasSuffix(text, "It is code_challenge_method, 'quoted' ? and ?nlike.") {
			t.Errorf("%s reads %q", entry.Code, text)
		}
	}
}
