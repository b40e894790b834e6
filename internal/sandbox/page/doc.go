// Package page draws the sandbox's web pages: consent, error and index. They
// work without JavaScript, on a phone, by keyboard, in light and dark, and never
// look like the vendor's own.
package page
