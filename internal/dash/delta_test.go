package dash

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

func TestDelta(t *testing.T) {
	service := func(name, reason string) *model.Published {
		return &model.Published{
			Service:  model.Service{Key: model.Key{Namespace: "a", Name: name}},
			Decision: model.Decision{Conditions: []model.Condition{{Type: model.Ready, Reason: reason}}},
		}
	}
	snap := func(domain string, services ...*model.Published) *model.Snapshot {
		return model.NewSnapshot(domain, []string{"a"}, services, nil)
	}
	one, two := service("one", "Fine"), service("two", "Fine")
	for _, test := range []struct {
		name     string
		from, to *model.Snapshot
		reset    bool
		changed  []string
		removed  []string
	}{
		{"nothing yet", nil, nil, true, nil, nil},
		{"everything at first", nil, snap("d", one, two), true, []string{"one", "two"}, nil},
		{"first snapshot after none", nil, snap("d", one), true, []string{"one"}, nil},
		{"the same", snap("d", one, two), snap("d", one, two), false, nil, nil},
		{"equal copies", snap("d", one), snap("d", service("one", "Fine")), false, nil, nil},
		{"one changed", snap("d", one, two), snap("d", one, service("two", "Down")), false, []string{"two"}, nil},
		{"one more", snap("d", one), snap("d", one, two), false, []string{"two"}, nil},
		{"one less", snap("d", one, two), snap("d", two), false, nil, []string{"a/one"}},
		{"all gone", snap("d", one), nil, true, nil, nil},
		{"another domain renames everything", snap("d", one), snap("e", one), true, []string{"one"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := delta(wire.Info{}, time.Now(), test.from, test.to)
			var changed []string
			for _, p := range u.Changed {
				changed = append(changed, p.Service.Name)
			}
			if u.Reset != test.reset {
				t.Errorf("reset is %v, want %v", u.Reset, test.reset)
			}
			if diff := cmp.Diff(test.changed, changed); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.removed, u.Removed); diff != "" {
				t.Errorf("removed (-want +got):\n%s", diff)
			}
		})
	}
}
