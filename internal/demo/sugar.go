package demo

import "github.com/avain-project/avain/internal/sandbox"

// instances are the sandbox's two of SugarCRM, which are reached by https alone. Their
// authority is that of the mail servers.
type instances struct {
	box    *sandbox.Sandbox
	secure *sandbox.Secure
}

func (i instances) onSite() string { return i.secure.URL + sandbox.SugarCRMOnSite }
func (i instances) cloud() string  { return i.secure.URL + sandbox.SugarCRMCloud }

// sample is a persona's login, as the form's fields take it.
func (i instances) sample(persona string) map[string]string {
	return map[string]string{"serverUrl": i.onSite(), "username": persona, "password": i.box.SugarCRMPassword(persona)}
}

func (i instances) refused(persona string) map[string]string {
	fields := i.sample(persona)
	fields["password"] = "wrong-password"
	return fields
}

// words are the sample for people.
func (i instances) words(persona string) string {
	s := i.sample(persona)
	return s["serverUrl"] + ", user " + s["username"] + ", password " + s["password"] + "; or " + i.cloud() + " for a sign-in page of its own"
}
