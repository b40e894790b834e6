// Package app is the composition root: it turns settings into a running Avain and
// is the only room that knows all the others.
//
//	a, err := app.Open(ctx, cfg)   // store, key and services; nothing listens yet
//	defer a.Close()
//	err = a.Run(ctx)               // serves until ctx ends, then stops gracefully
//
// Commands that only operate on the data (avain app, avain account, …) stop after
// Open. End-to-end tests start the very same App.
package app
