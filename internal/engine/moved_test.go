package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"fairlead.dev/internal/engine"
	"fairlead.dev/internal/model"
)

// TestAnAnswerOutlivesItsService: what is known of a name is not asked anew where one
// service wants it no more and another one does from the same change on.
func TestAnAnswerOutlivesItsService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		world := newOutside()
		world.set("db.example.com", time.Hour, "10.0.1.25")
		world.set("other.example.com", time.Hour, "10.0.1.99")
		e := run(t, world, &sink{})
		apply(t, e, engine.Change{Services: []engine.Entry{
			{Service: byHost("a", "db.example.com")}, {Service: byHost("b", "other.example.com")},
		}})
		world.delay = time.Second
		apply(t, e, engine.Change{Services: []engine.Entry{
			{Service: byHost("a", "other.example.com")}, {Service: byHost("b", "db.example.com")},
		}})
		want(t, e, "a", "10.0.1.99 ")
		want(t, e, "b", "10.0.1.25 ")
		if n := world.count("db.example.com") + world.count("other.example.com"); n != 2 {
			t.Errorf("the names are asked %d times, want once each", n)
		}
		apply(t, e, engine.Change{Gone: []model.Key{byHost("b", "").Key}})
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if n := world.count("db.example.com"); n != 1 {
			t.Errorf("a name that nobody wants is asked %d times", n)
		}
	})
}
