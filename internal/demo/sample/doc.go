// Package sample is the application that `avain demo` shows: a small web
// application that stands for yours. It knows Avain only as its customers do, by
// HTTP, and imports none of Avain's packages; read it as an example.
//
// It offers both ways to connect an account:
//
//	code   GET /connect?flow=code → Avain → the provider → Avain → GET /connected?code=…&state=…
//	       → POST {avain}/v1/auth/token/{code} from this server → the token rests in the session
//	token  GET /connect?flow=token → … → GET /connected-token#accessToken=…&state=…
//	       → JavaScript reads the fragment, wipes it and calls Avain from the page
//
// In both, state is a random value tied to the session of the browser that began,
// so that nobody can slip a visitor somebody else's account.
//
// All of Avain's services are offered (view.go) and take the same road; only what is
// sent to their own APIs differs (mail.go, zoho.go, contacts.go, salesforce.go).
//
// What it stores is in memory and bounded. Start reading at sample.go (routes),
// then flow.go, home.go and static/sample.js.
package sample
