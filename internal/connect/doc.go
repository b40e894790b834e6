// Package connect is the flow by which a person connects an account: authorize,
// the provider's sign-in, callback, code, access token.
//
// One run of it is an attempt, a row in the store, found by the hash of its state:
//
//	state      event                          next       what happens
//	---------  -----------------------------  ---------  ------------------------------------------
//	–          Authorize, all checks pass     open       row made; browser goes to the provider
//	–          Authorize, return URL proven   –          error goes back to the application
//	–          Authorize, otherwise           –          error page; nothing redirects
//	open       Callback, right browser        consumed   one atomic statement; then the exchange
//	open       Callback, another browser      open       error page; the person can still finish
//	open       15 minutes                     expired    Callback answers state.expired
//	consumed   no refresh token, none held    –          a second attempt forces consent, once
//	consumed   sign-in good                   finished   account and credential saved, code made
//	consumed   sign-in bad                    finished   error goes back; no account is touched
//	finished   Callback again                 finished   state.used, with the way back on its page
//
// A code waits 60 seconds (by application 30–600) for Redeem, which only the
// application itself can call, and which works once.
//
// Start reading at authorize.go, then callback.go, finish.go and redeem.go.
// Return URLs have a page of their own: returnurl.go.
package connect
