package mailbox

// Contact is somebody in a persona's address book.
type Contact struct{ ID, GivenName, FamilyName, Email string }

// Contacts is everybody's address book: people who write to the personas.
func Contacts() []Contact {
	return []Contact{
		{"c1843", "Charles", "Babbage", "charles@engine.test"},
		{"c1947", "Grace", "Hopper", "grace@navy.test"},
		{"c1985", "Radia", "Perlman", "radia@bridge.test"},
	}
}
