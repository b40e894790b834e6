// Package journey takes a driver through the whole server: the conformance suite
// beside it tries the driver alone. A driver's test hands over the subject that the
// suite had:
//
//	journey.Run(t, open(t), "contacts")
//
// The server has every provider of provider/all, so a driver that is not named there
// does not get far.
package journey
