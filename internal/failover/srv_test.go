package failover_test

import (
	"slices"
	"testing"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// TestOtherHosts: where SRV records name another host, the one from before serves until
// something is known of that one; also without a probe.
func TestOtherHosts(t *testing.T) {
	const name = "_pg._tcp.example.com"
	to := func(host string) model.Answer {
		o := model.Observation{Class: model.Answered, At: now, Hosts: []model.Host{{Name: host, Port: 7000}}}
		return model.Answer{Good: o, Last: o}
	}
	before := known{name + " SRV": to("old.example.com"), "old.example.com A": records(0, "10.0.0.1")}.then("old.example.com AAAA", model.Empty, 0)
	old, neu := []string{"s@10.0.0.1:7000"}, []string{"s@10.0.0.2:7000"}
	rows := []struct {
		name  string
		known known
		want  []string
	}{
		{"not looked up yet", known{}, old},
		{"half of it", known{}.then("new.example.com A", model.NotFound, time.Hour), old},
		{"its server fails", known{}.then("new.example.com A", model.ServerFailure, 0).then("new.example.com AAAA", model.Timeout, 0), old},
		{"it does not exist yet", known{}.then("new.example.com A", model.NotFound, 59*time.Second).then("new.example.com AAAA", model.NotFound, 59*time.Second), old},
		{"it does not exist", known{}.then("new.example.com A", model.NotFound, time.Minute).then("new.example.com AAAA", model.NotFound, time.Minute), nil},
		{"one family is known", known{"new.example.com A": records(0, "10.0.0.2")}, neu},
		{"one family is known, and its server fails for the other", known{"new.example.com A": records(0, "10.0.0.2")}.then("new.example.com AAAA", model.ServerFailure, 0), neu},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			in := input(model.ClusterIP, []model.Target{{Name: "s", SRV: name}}, before)
			in.State = failover.Decide(in).State
			row.known[name+" SRV"] = to("new.example.com")
			in.Answer = row.known.answer
			// Twice: what is remembered once is remembered.
			for range 2 {
				d := failover.Decide(in)
				in.State = d.State
				if !slices.Equal(told(d), row.want) {
					t.Errorf("%v is published, want %v", told(d), row.want)
				}
				if d.Next.Before(now) && !d.Next.IsZero() {
					t.Errorf("it is to be decided again at %s, which is over", d.Next)
				}
			}
		})
	}
}

// TestNothingIsWaitedFor: a tier that has nothing left but a first lookup is not waited
// for while another one has an address.
func TestNothingIsWaitedFor(t *testing.T) {
	k := known{"a.example.com A": records(0, "10.0.0.1"), "c.example.com A": records(0, "10.0.0.3")}
	k.then("a.example.com AAAA", model.Empty, 0).then("c.example.com AAAA", model.Empty, 0)
	in := input(model.ClusterIP, []model.Target{host("a", 0, "a.example.com"), host("b", 0, "b.example.com"), host("c", 1, "c.example.com")}, k)
	in.Service.Probe = &model.Probe{Kind: model.ProbeTCP, Interval: 5 * time.Second, FailureThreshold: 1, SuccessThreshold: 1}
	in.Health = func(model.Check) model.Health { return model.Health{Verdict: model.Up, Successes: 1, SuccessAt: now} }
	d := failover.Decide(in)
	if want := []string{"a@10.0.0.1:6432"}; !slices.Equal(told(d), want) {
		t.Fatalf("%v is published, want %v", told(d), want)
	}
	in.State = d.State
	k["a.example.com A"] = model.Answer{}
	k.then("a.example.com A", model.NotFound, time.Minute)
	if d, want := failover.Decide(in), []string{"c@10.0.0.3:6432"}; !slices.Equal(told(d), want) {
		t.Errorf("once a has no address, %v is published, want %v", told(d), want)
	}
}

// TestAPinEmptiesNothing: a pin to a name that is not known yet, while what was published
// has gone, is for later.
func TestAPinEmptiesNothing(t *testing.T) {
	k := known{"e.example.com A": records(0, "10.0.0.5")}
	k.then("e.example.com AAAA", model.Empty, 0)
	in := input(model.ClusterIP, []model.Target{fixed("a", 0, "10.0.0.1"), host("c", 1, "c.example.com"), host("e", 2, "e.example.com")}, k)
	in.Service.Probe = &model.Probe{Kind: model.ProbeTCP, Interval: 5 * time.Second, FailureThreshold: 1, SuccessThreshold: 1}
	in.Service.Pin = &model.Pin{Target: "e"}
	d := failover.Decide(in)
	if want := []string{"e@10.0.0.5:6432"}; !slices.Equal(told(d), want) {
		t.Fatalf("%v is published, want %v", told(d), want)
	}
	in.State, in.Service.Pin = d.State, &model.Pin{Target: "c"}
	k["e.example.com A"] = model.Answer{}
	k.then("e.example.com A", model.NotFound, time.Minute)
	if d, want := failover.Decide(in), []string{"a@10.0.0.1:6432"}; !slices.Equal(told(d), want) {
		t.Errorf("%v is published, want %v", told(d), want)
	}
}

// TestAPinAfterARestart: a target of which nothing is known but what stood before is pinned
// if that is its own, or it was pinned before; what may be another one's stays as it is.
func TestAPinAfterARestart(t *testing.T) {
	srv := model.Target{Name: "s", SRV: "_pg._tcp.example.com"}
	for name, row := range map[string]struct {
		targets    []model.Target
		standing   []string
		before     string
		want, then []string
	}{
		"another's, perhaps": {
			targets: []model.Target{srv, host("b", 0, "b.example.com")}, standing: []string{"@10.0.0.6:6432", "@10.0.0.6:7000"},
			want: []string{"s@10.0.0.6:6432", "s@10.0.0.6:7000"},
		},
		"pinned before": {
			targets: []model.Target{srv, host("b", 0, "b.example.com")}, standing: []string{"@10.0.0.6:6432", "@10.0.0.6:7000"},
			before: "b", want: []string{"b@10.0.0.6:6432"},
		},
		"its own": {
			targets: []model.Target{srv, host("b", 0, "b.example.com")}, standing: []string{"s@10.0.0.6:7000", "b@10.0.0.7:6432"},
			want: []string{"s@10.0.0.6:7000", "b@10.0.0.7:6432"}, then: []string{"b@10.0.0.7:6432"},
		},
		"nobody else's": {
			targets: []model.Target{host("b", 0, "b.example.com"), host("c", 1, "c.example.com")}, standing: []string{"@10.0.0.6:6432"},
			want: []string{"b@10.0.0.6:6432"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(model.ClusterIP, row.targets, known{})
			in.Service.Pin, in.Standing = &model.Pin{Target: "b"}, stood(row.standing...)
			in.State = failover.Recall(&in.Service, failover.Memory{Active: []string{row.targets[0].Name}, Pinned: row.before, Standing: in.Standing})
			if got := told(failover.Decide(in)); !slices.Equal(got, row.want) {
				t.Errorf("%v is published, want %v", got, row.want)
			}
			if row.then == nil {
				row.then = row.want
			}
			k := known{}
			k.then("b.example.com A", model.Timeout, 0).then("b.example.com AAAA", model.Timeout, 0)
			in.Answer = k.answer
			if got := told(failover.Decide(in)); !slices.Equal(got, row.then) {
				t.Errorf("once it cannot be looked up, %v is published, want %v", got, row.then)
			}
		})
	}
}

// TestAPinThatWasCarriedOut: a process pins a target, and ends before it has told so. The
// next one does not go back, whatever DNS says first.
func TestAPinThatWasCarriedOut(t *testing.T) {
	in := input(model.ClusterIP, []model.Target{host("a", 0, "a.example.com"), host("b", 0, "b.example.com")}, known{})
	in.Service.Pin, in.Standing = &model.Pin{Target: "b"}, stood("b@10.0.0.2:6432")
	in.State = failover.Recall(&in.Service, failover.Memory{Active: []string{"a", "b"}, Standing: in.Standing})
	first := failover.Decide(in)
	if got := told(first); !slices.Equal(got, []string{"b@10.0.0.2:6432"}) {
		t.Errorf("at first %v is published", got)
	}
	if len(first.History) != 1 || first.History[0].Reason != failover.ReasonPinned || !slices.Equal(first.History[0].From, []string{"a", "b"}) {
		t.Errorf("the history is %+v", first.History)
	}
	in.State = first.State
	in.Answer = known{"a.example.com A": records(0, "10.0.0.1")}.then("a.example.com AAAA", model.Empty, 0).answer
	if got := told(failover.Decide(in)); !slices.Equal(got, []string{"b@10.0.0.2:6432"}) {
		t.Errorf("once a is known, %v is published", got)
	}
}

// TestAPrimaryAtAnotherPort: new records for the host of a primary are another endpoint,
// which waits until it has said what it is.
func TestAPrimaryAtAnotherPort(t *testing.T) {
	const name = "_pg._tcp.example.com"
	k := known{"c.example.com A": records(0, "10.0.0.9")}
	k.then("c.example.com AAAA", model.Empty, 0).then(name+" SRV", model.NotFound, time.Hour)
	in := input(model.ClusterIP, []model.Target{{Name: "b", SRV: name}, host("c", 0, "c.example.com")}, k)
	in.Service.Probe = &model.Probe{Kind: model.ProbePostgres, Role: model.RolePrimary, Interval: 5 * time.Second, FailureThreshold: 1, SuccessThreshold: 1}
	in.Health = func(c model.Check) model.Health {
		if c.Addr.Port() == 6432 {
			return model.Health{Verdict: model.Up, Successes: 1, SuccessAt: now}
		}
		return model.Health{}
	}
	in.State = failover.Decide(in).State
	o := model.Observation{Class: model.Answered, At: now, Hosts: []model.Host{{Name: "c.example.com", Port: 7000}}}
	k[name+" SRV"] = model.Answer{Good: o, Last: o}
	if d, want := failover.Decide(in), []string{"!b@10.0.0.9:7000", "c@10.0.0.9:6432"}; !slices.Equal(told(d), want) {
		t.Errorf("%v is published, want %v", told(d), want)
	}
}
