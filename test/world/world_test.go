//go:build linux

package world

import (
	"strings"
	"testing"

	"fairlead.dev/test/lab"
)

// TestMistakes: a person who asks for what cannot be is told what can.
func TestMistakes(t *testing.T) {
	w := new(World)
	w.add(&place{Host: &lab.Host{Name: "api"}})
	w.add(&place{Host: &lab.Host{Name: "db"}, postgres: new(lab.Postgres)})
	for args, want := range map[string]string{
		"fly":          `no command "fly"; these are`,
		"stop":         `no command "stop"; these are`,
		"stop nobody":  `no host "nobody"`,
		"stop api":     "unplug it instead",
		"start db":     "cannot start db, which is serving",
		"plug db":      "cannot plug db, which is serving",
		"paint db":     "cannot paint db",
		"move api 1":   "no database on a host",
		"move db 10.1": "write one such as 10.0.1.27",
		"dns delete":   "write a name",
	} {
		err := w.Do(t.Context(), new(strings.Builder), strings.Fields(args)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("outside %s: %v, want %q in it", args, err, want)
		}
	}
}
