package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

// TestWhatIsMissingHasToLast: that a name has no records withdraws its addresses only
// when DNS has gone on saying so for missingGrace, a minute. Each step of a story is
// what DNS says for how long; "10.0.2.1" is published in the end, or nothing.
func TestWhatIsMissingHasToLast(t *testing.T) {
	type step struct {
		says  model.Class
		lasts time.Duration
	}
	const hour = time.Hour
	stories := map[string]struct {
		ttl   time.Duration
		steps []step
		gone  bool
	}{
		"for a moment":                         {time.Second, []step{{model.NotFound, 59 * time.Second}}, false},
		"for longer":                           {time.Second, []step{{model.NotFound, 61 * time.Second}}, true},
		"empty for longer":                     {time.Second, []step{{model.Empty, 61 * time.Second}}, true},
		"one, then the other":                  {time.Second, []step{{model.Empty, 30 * time.Second}, {model.NotFound, 31 * time.Second}}, true},
		"with records in between":              {time.Second, []step{{model.NotFound, 50 * time.Second}, {model.Answered, 2 * time.Second}, {model.NotFound, 50 * time.Second}}, false},
		"for a moment, with a long TTL":        {hour, []step{{model.NotFound, 50 * time.Second}, {model.Answered, 20 * time.Second}}, false},
		"for longer, with a long TTL":          {hour, []step{{model.NotFound, 61 * time.Second}}, true},
		"for a moment before an outage":        {time.Second, []step{{model.NotFound, 10 * time.Second}, {model.ServerFailure, 24 * hour}}, false},
		"before and after an outage":           {time.Second, []step{{model.NotFound, 10 * time.Second}, {model.Refused, hour}, {model.NotFound, 50 * time.Second}, {model.Answered, time.Second}}, false},
		"before and for longer after it":       {time.Second, []step{{model.NotFound, 10 * time.Second}, {model.Timeout, hour}, {model.NotFound, 65 * time.Second}}, true},
		"for longer with lost answers":         {time.Second, []step{{model.NotFound, 20 * time.Second}, {model.Broken, 20 * time.Second}, {model.NotFound, 23 * time.Second}}, true},
		"for longer, and failures change that": {time.Second, []step{{model.NotFound, 61 * time.Second}, {model.ServerFailure, hour}}, true},
		"for longer, an outage and again":      {time.Second, []step{{model.NotFound, 61 * time.Second}, {model.ServerFailure, hour}, {model.NotFound, 5 * time.Second}}, true},
	}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, a := &weather{rtt: time.Millisecond, ttl: time.Second}, &arrivals{}
				a.await("10.0.2.1")
				e := engine.New(engine.Config{Domain: "cluster.local", Resolver: w, Sink: a.publish})
				w.set("10.0.2.1", all(model.Answered))
				running(t, e)
				set(t, e, byHost("db", "db.example.com"))
				time.Sleep(time.Second)
				w.mu.Lock()
				w.ttl = story.ttl
				w.mu.Unlock()
				for _, s := range story.steps {
					w.set("10.0.2.1", all(s.says))
					time.Sleep(s.lasts)
					if s != story.steps[len(story.steps)-1] && published(e, "db") == "" && !story.gone {
						t.Errorf("nothing is published after %v", s)
					}
				}
				want(t, e, "db", map[bool]string{false: "10.0.2.1 ", true: ""}[story.gone])
			})
		})
	}
}
