// Package connect is the flow by which a person connects an account: authorize,
// the provider's sign-in, callback, code, access token.
//
// One run of it is an attempt, a row in the store, found by the hash of its state:
//
//	state      event                          next       what happens
//	---------  -----------------------------  ---------  ------------------------------------------
//	–          Authorize at another host      –          one redirect to the application's own host
//	–          Authorize, all checks pass     open       row made; browser goes to the provider
//	–          Authorize, no service named    –          page to choose one of several; same link, named
//	–          Authorize, return URL proven   –          error goes back to the application
//	–          Authorize, otherwise           –          error page; nothing redirects
//	–          Reauthorize, link in force     open       as Authorize for the link's account
//	–          Authorize, service by form     open       row made; browser goes to our own page
//	open       Form, the provider's page      open       a second attempt, with that place; browser goes there
//	open       Form, login refused            open       page asks again; nothing is spent
//	open       Form, login proven             consumed   one atomic statement; then as a good sign-in
//	open       Callback, right browser        consumed   one atomic statement; then the exchange
//	open       Callback, another browser      open       error page; the person can still finish
//	open       15 minutes                     expired    Callback answers state.expired
//	consumed   less granted than asked for    held       page asks the person; nothing else changes
//	held       choice: the rest, once         held       a second attempt asks the provider again
//	held       choice: without                finished   as if the sign-in had been good
//	held       choice: cancel                 finished   error goes back; what was held is wiped
//	held       the rest's attempt finished    finished   what was held is wiped
//	held       15 minutes                     expired    what was held is wiped
//	consumed   no refresh token, none held    –          a second attempt forces consent, once
//	consumed   sign-in good                   finished   account and credential saved, code made
//	consumed   sign-in bad                    finished   error goes back; no account is touched
//	consumed   the store is away              –          page offers to start the same anew
//	finished   Callback again                 finished   state.used, with the way back on its page
//
// A code waits 60 seconds (by application 30–600) for Redeem, which only the
// application itself can call, and which works once.
//
// Where an administrator must approve first, the person gets a link for one; its
// return to the callback concerns no attempt (admin.go).
//
// Start reading at authorize.go, then callback.go, complete.go, finish.go, partial.go
// and redeem.go; form.go is the sign-in page of services that have none. Where the application leaves the service open, choose.go comes in
// between. Return URLs have a page of their own: returnurl.go; so have the words of RFC
// 6749, in which the same flow can be asked for and answered: standard.go.
package connect
