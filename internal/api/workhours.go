package api

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/avain-project/avain/internal/fault"
)

// weekWorkSchedule is the contract's WeekWorkSchedule.
type weekWorkSchedule struct {
	DaySchedules []dayWorkSchedule `json:"daySchedules"`
	Timezone     string            `json:"timezone,omitempty"`
}

type dayWorkSchedule struct {
	DayOfWeek        string            `json:"dayOfWeek"`
	WorkingIntervals []workingInterval `json:"workingIntervals"`
}

type workingInterval struct {
	Start string `json:"start"` // HH:MM or HH:MM:SS
	End   string `json:"end"`   // likewise; 24:00 is the end of the day
}

const maxIntervals = 24 // of a day

var (
	// timeOfDay sorts as text.
	timeOfDay = regexp.MustCompile(`^(([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?)$`)
	// zoneName is a name of the IANA database, or what else programs call a zone.
	zoneName = regexp.MustCompile(`^[A-Za-z0-9_+:./ ()&,-]{0,64}$`)
	weekdays = regexp.MustCompile(`^(mon|tues|wednes|thurs|fri|satur|sun)day$`)
)

// readWorkHours reads the body of a change of a user's settings: working hours in an
// envelope, or bare (contract §6.4). They come back as they are kept; "" is none. given
// is false where the body says nothing of them.
func readWorkHours(r *http.Request) (hours string, given bool, err error) {
	var body struct {
		WorkHours    json.RawMessage   `json:"workHours"`
		DaySchedules []dayWorkSchedule `json:"daySchedules"`
		Timezone     string            `json:"timezone"`
	}
	if err := readObject(r, &body); err != nil {
		return "", false, err
	}
	week := weekWorkSchedule{DaySchedules: body.DaySchedules, Timezone: body.Timezone}
	switch {
	case string(body.WorkHours) == "null":
		return "", true, nil
	case body.WorkHours != nil:
		week = weekWorkSchedule{}
		err = decode(body.WorkHours, "workHours", &week)
	case week.DaySchedules == nil && week.Timezone == "":
		return "", false, nil
	}
	if err == nil {
		err = week.check()
	}
	if err != nil {
		return "", false, err
	}
	kept, err := json.Marshal(week)
	return string(kept), true, err
}

// check refuses what is no week, and gives every list its brackets.
func (w *weekWorkSchedule) check() error {
	wrong := func(field, form string) error {
		return fault.Newf(fault.ParameterInvalid, "It is %s; %s.", field, form)
	}
	if !zoneName.MatchString(w.Timezone) {
		return wrong("timezone", "the name of a time zone, such as Europe/Berlin")
	}
	if w.DaySchedules == nil {
		w.DaySchedules = []dayWorkSchedule{}
	}
	seen := map[string]bool{}
	for i := range w.DaySchedules {
		day := &w.DaySchedules[i]
		if day.DayOfWeek = strings.ToLower(day.DayOfWeek); !weekdays.MatchString(day.DayOfWeek) || seen[day.DayOfWeek] {
			return wrong("daySchedules.dayOfWeek", "each of monday to sunday once at most")
		}
		seen[day.DayOfWeek] = true
		if day.WorkingIntervals == nil {
			day.WorkingIntervals = []workingInterval{}
		}
		if len(day.WorkingIntervals) > maxIntervals {
			return wrong("daySchedules.workingIntervals", "24 a day at most")
		}
		for _, v := range day.WorkingIntervals {
			if !timeOfDay.MatchString(v.Start) || !timeOfDay.MatchString(v.End) || v.Start >= v.End {
				return wrong("daySchedules.workingIntervals", "start and end as HH:MM, the start first")
			}
		}
	}
	return nil
}
