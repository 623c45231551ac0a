package pin

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
	"fairlead.dev/test/leak"
)

func TestMain(m *testing.M) { os.Exit(leak.Run(m)) }

// world is a backend with one service, which follows a pin after it was looked at so
// many times.
type world struct {
	service Service
	slow    int
	written []*model.Pin
	fail    error
}

func (w *world) Find(_ context.Context, _, name string) (Service, error) {
	if name != w.service.Key.Name {
		return Service{}, errors.New("there is no such service")
	}
	if len(w.written) == 0 {
		return w.service, nil
	}
	if w.slow--; w.slow >= 0 {
		return w.service, nil
	}
	s := w.service
	if p := w.written[len(w.written)-1]; p != nil {
		s.Followed, s.Active = p.Target, []string{p.Target}
	} else {
		s.Followed = ""
	}
	return s, nil
}

func (w *world) Write(_ context.Context, _ Service, p *model.Pin) error {
	w.written = append(w.written, p)
	return w.fail
}

func (w *world) Who(context.Context) string { return "ada" }

func db() Service {
	return Service{
		Key: model.Key{Namespace: "reporting", Name: "db"}, Kind: "ExternalService", Type: model.ClusterIP,
		Targets: []Target{{Name: "standby", Priority: 1}, {Name: "primary"}, {Name: "mirror", Priority: 1, Trouble: "10.0.3.1:5432: connection refused"}},
		Active:  []string{"primary"}, Probed: true, Failover: model.DefaultFailover(), Where: "db.yaml:3",
	}
}

func request(target string) Request {
	return Request{
		Name: "db", Target: target, Now: time.Date(2026, 3, 1, 12, 0, 0, 5, time.FixedZone("CET", 3600)),
		Command: "fairlead switch", Wait: time.Second, Pause: time.Microsecond,
		Near: func(word string, _ []string) string { return map[string]string{"stanby": "standby"}[word] },
	}
}

func TestSwitch(t *testing.T) {
	const open = "connections that are open stay where they are"
	pinned := func(target string) func(*Service) {
		return func(s *Service) {
			s.Pin, s.Followed, s.Active = &model.Pin{Target: target, By: "bob"}, target, []string{target}
		}
	}
	for _, test := range []struct {
		name   string
		edit   func(*Service)
		target string
		text   string
		warn   string
	}{
		{"to another", nil, "standby", "reporting/db is pinned to standby (priority 1), and was served by primary\n" +
			"  by       ada: a drill of two lines\n  written  db.yaml:3\n  status   followed: standby is published\n" +
			"  clients  " + open + "; new ones go to standby, whatever probes say\n  undo     fairlead switch -n reporting db --auto\n", ""},
		{"to where it is", nil, "primary", "is pinned to primary (priority 0)\n...\n" +
			"  clients  " + open + ", and new ones go where they went, whatever probes say\n", ""},
		{"to one that is down", nil, "mirror", "is pinned to mirror", "mirror is not up now: 10.0.3.1:5432: connection refused; new connections fail until it is"},
		{"from another pin", pinned("standby"), "primary", "is pinned to primary (priority 0), and was served by standby\n...\n" +
			"  undo     fairlead switch -n reporting db standby\n", ""},
		{"from the pin of somebody who gave a reason", func(s *Service) {
			pinned("standby; reboot")(s)
			s.Pin.Reason = "it's \x1b[31mdown"
		}, "primary", "is pinned to primary (priority 0), and was served by standby; reboot\n...\n" +
			"  undo     fairlead switch -n reporting db 'standby; reboot' --reason 'it'\\''s  [31mdown'\n", ""},
		{"once more", pinned("standby"), "standby", "is pinned to standby (priority 1)\n...\n  undo     fairlead switch -n reporting db --auto\n", ""},
		{"let go", pinned("standby"), "", "reporting/db is no longer pinned to standby\n  written  db.yaml:3\n  status   followed: standby is published\n" +
			"  clients  " + open + "; new ones go to standby as long as it is up, and to the best tier (primary) once that has been up for 1m\n" +
			"  undo     fairlead switch -n reporting db standby\n", ""},
		{
			"let go, and it stays", func(s *Service) { pinned("standby")(s); s.Failover.ManualFailback = true }, "",
			"; new ones go to standby as long as it is up: failback is Manual\n", "",
		},
		{"let go where it belongs", pinned("primary"), "", "; new ones go to the best tier (primary)\n", ""},
		{"let go without a probe", func(s *Service) { pinned("standby")(s); s.Probed = false }, "", "; new ones go to the best tier (primary)\n", ""},
		{"let go of nothing", nil, "", "reporting/db is not pinned: there is nothing to let go of\n", ""},
		{"a name", func(s *Service) { s.Type = model.ExternalName }, "standby", open + "; clients that look the name up anew go to standby", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := &world{service: db(), slow: 2}
			if test.edit != nil {
				test.edit(&w.service)
			}
			r := request(test.target)
			if test.target != "" {
				r.Reason = " a drill\nof two lines"
			}
			got, err := Switch(t.Context(), w, r)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := got.Write(&b); err != nil {
				t.Fatal(err)
			}
			for part := range strings.SplitSeq(test.text, "...\n") {
				if !strings.Contains(b.String(), part) {
					t.Errorf("it says\n%s\nwant\n%s", b.String(), part)
				}
			}
			if warnings := strings.Join(got.Warnings, "\n"); warnings != test.warn {
				t.Errorf("it warns %q, want %q", warnings, test.warn)
			}
			if got.Unchanged != (len(w.written) == 0) {
				t.Errorf("unchanged: %v, and written were %v", got.Unchanged, w.written)
			}
			if test.target != "" {
				want := &model.Pin{Target: test.target, By: "ada", Reason: "a drill of two lines", At: time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)}
				if diff := cmp.Diff([]*model.Pin{want}, w.written); diff != "" {
					t.Errorf("written (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestSwitchRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*Service, *Request)
		want string
	}{
		{"a plain Service", func(s *Service, _ *Request) { s.Kind = "Service" }, "reporting/db is a Service, and only an ExternalService has targets to choose from: declare it as one"},
		{"an unknown target", func(_ *Service, r *Request) { r.Target = "other" }, `reporting/db has no target "other"; there are standby, primary, mirror`},
		{"a near one", func(_ *Service, r *Request) { r.Target = "stanby" }, `reporting/db has no target "stanby": did you mean standby?`},
		{"one that is not followed", func(s *Service, _ *Request) { s.Targets = nil }, "reporting/db has no targets that are followed: fairlead status -n reporting db says why"},
		{"an unknown service", func(_ *Service, r *Request) { r.Name = "crm" }, "there is no such service"},
		{"a long story", func(_ *Service, r *Request) { r.Reason = strings.Repeat("x", 201) }, "the reason has 201 bytes, and 200 are the most: write a shorter one"},
	} {
		w, r := &world{service: db()}, request("standby")
		test.edit(&w.service, &r)
		if _, err := Switch(t.Context(), w, r); err == nil || err.Error() != test.want || len(w.written) > 0 {
			t.Errorf("%s: error %v, written %v; want %q", test.name, err, w.written, test.want)
		}
	}
}

func TestSwitchTellsWhatIsNotFollowed(t *testing.T) {
	w, r := &world{service: db(), slow: 1 << 30}, request("standby")
	r.Wait = time.Millisecond
	got, err := Switch(t.Context(), w, r)
	var b strings.Builder
	if err != nil || got.Followed || got.Write(&b) != nil || !strings.Contains(b.String(), "not followed within 1ms: fairlead status -n reporting db says more") {
		t.Errorf("%v:\n%s", err, b.String())
	}
	w.fail = errors.New("may not")
	if _, err := Switch(t.Context(), w, r); !errors.Is(err, w.fail) {
		t.Errorf("error %v", err)
	}
	w.fail = nil
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Switch(ctx, w, r); !errors.Is(err, context.Canceled) {
		t.Errorf("broken off, error %v", err)
	}
}

func TestFromWire(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	got := FromWire(wire.Published{
		Service: wire.Service{
			Namespace: "reporting", Name: "db", Type: "Headless", Origin: wire.Origin{Kind: "ExternalService", File: "db.yaml", Line: 3},
			Probe: &wire.Probe{}, Failover: wire.Failover{Failback: "Manual", FailbackDelay: wire.Duration(time.Minute)},
			Pin: &wire.Pin{Target: "b", By: "ada", Reason: "x", At: at},
		},
		Decision: wire.Decision{
			Active: []string{"a"}, Pinned: "b",
			Targets: []wire.TargetStatus{
				{Name: "a", Where: "a.example.com", Message: "all is down", Checks: []wire.Check{{Verdict: wire.Down}}},
				{Name: "b", Priority: 1, Message: "b.example.com does not exist"},
			},
		},
	})
	want := Service{
		Key: model.Key{Namespace: "reporting", Name: "db"}, Kind: "ExternalService", Type: model.Headless, Active: []string{"a"}, Followed: "b",
		Targets: []Target{
			{Name: "a", Where: "a.example.com", Trouble: "all is down"},
			{Name: "b", Priority: 1, Trouble: "b.example.com does not exist"},
		},
		Pin: &model.Pin{Target: "b", By: "ada", Reason: "x", At: at}, Probed: true,
		Failover: model.Failover{ManualFailback: true, FailbackDelay: time.Minute}, Where: "db.yaml:3",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
