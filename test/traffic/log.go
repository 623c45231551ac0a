package traffic

import (
	"encoding/json"
	"time"
)

// Log is what a client has seen.
type Log struct {
	Began time.Time
	// Every is the time between the beginnings of two connections.
	Every time.Duration
	// Attempts are in the order in which they began.
	Attempts []Attempt
	// Marks are what else happened, as whoever made it happen says.
	Marks []Mark
}

// Mark is one thing that happened.
type Mark struct {
	At   time.Time
	What string
}

// Since is the part of the log that began at a time or later.
func (l Log) Since(t time.Time) Log {
	part := Log{Began: t, Every: l.Every}
	for _, a := range l.Attempts {
		if !a.Began.Before(t) {
			part.Attempts = append(part.Attempts, a)
		}
	}
	for _, m := range l.Marks {
		if !m.At.Before(t) {
			part.Marks = append(part.Marks, m)
		}
	}
	return part
}

// MarshalJSON writes the log for plots: times are milliseconds from its
// beginning.
func (l Log) MarshalJSON() ([]byte, error) {
	type attempt struct {
		Seq     int     `json:"seq"`
		At      float64 `json:"at"`
		Took    float64 `json:"took"`
		Outcome Outcome `json:"outcome"`
		Server  string  `json:"server,omitempty"`
		Code    string  `json:"code,omitempty"`
	}
	type mark struct {
		At   float64 `json:"at"`
		What string  `json:"what"`
	}
	out := struct {
		Began    time.Time `json:"began"`
		Every    float64   `json:"every"`
		Marks    []mark    `json:"marks"`
		Attempts []attempt `json:"attempts"`
	}{Began: l.Began, Every: milliseconds(l.Every), Marks: []mark{}, Attempts: []attempt{}}
	for _, m := range l.Marks {
		out.Marks = append(out.Marks, mark{milliseconds(m.At.Sub(l.Began)), m.What})
	}
	for _, a := range l.Attempts {
		out.Attempts = append(out.Attempts, attempt{
			Seq: a.Seq, At: milliseconds(a.Began.Sub(l.Began)), Took: milliseconds(a.Took),
			Outcome: a.Outcome, Server: a.Server, Code: a.Code,
		})
	}
	return json.Marshal(out)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
