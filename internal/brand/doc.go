// Package brand is an application's face on our pages: its logo, its colours and its
// links. It reads what an operator gives, refuses what a page could not show safely, and
// finds the colours in which words stay readable whatever the brand's colour is.
//
// Start reading at brand.go; color.go counts contrast as WCAG 2.2 does, logo.go looks
// into pictures.
package brand
