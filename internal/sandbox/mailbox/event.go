package mailbox

import "time"

// Event is in a persona's calendar.
type Event struct {
	ID, Title, Location string
	Start, End          time.Time
}

// Events are everybody's, in the three days to come.
func Events(now time.Time) []Event {
	midnight := now.UTC().Truncate(24 * time.Hour)
	event := func(id, title, location string, start, length time.Duration) Event {
		return Event{id, title, location, midnight.Add(start), midnight.Add(start + length)}
	}
	return []Event{
		event("planning0001", "Planning", "The room with the blue door", 34*time.Hour, time.Hour),
		event("lunch0000002", "Lunch with Grace", "", 60*time.Hour, 90*time.Minute),
		event("engine000003", "Analytical Engine, second reading", "Dorset Street", 87*time.Hour, 2*time.Hour),
	}
}
