// Package logintext judges the texts that a login is made of, before a driver sends any of
// them to a server: addresses, login names and passwords, as a person typed them on a
// sign-in form. It speaks to nobody.
package logintext
