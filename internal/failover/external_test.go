package failover_test

import (
	"testing"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// TestExternalNameOutlastsDNS: a process that starts while DNS is down leaves the CNAME
// that it finds, whichever lookup fails first.
func TestExternalNameOutlastsDNS(t *testing.T) {
	k := known{}
	in := input(model.ExternalName, []model.Target{host("a", 0, "a.example.com"), host("b", 1, "b.example.com")}, k)
	in.Service.Probe = &model.Probe{Kind: model.ProbeTCP, Interval: 5 * time.Second, FailureThreshold: 1, SuccessThreshold: 1}
	in.State = failover.Recall(&in.Service, failover.Memory{Active: []string{"b"}, Priority: 1})
	for _, name := range []string{"b.example.com A", "b.example.com AAAA", "a.example.com A", "a.example.com AAAA"} {
		k.then(name, model.Timeout, 0)
		d := failover.Decide(in)
		if in.State = d.State; d.External.Name != "b.example.com" {
			t.Errorf("after a timeout for %s the CNAME is %s", name, d.External.Name)
		}
	}
}

// TestExternalNameThatNobodyCanLookUp: a process that starts while one server is dead
// leaves the CNAME that leads there, whatever else is up: clients may know better.
func TestExternalNameThatNobodyCanLookUp(t *testing.T) {
	k := known{"b.example.com A": records(0, "10.0.0.2")}
	k.then("b.example.com AAAA", model.Empty, 0)
	in := input(model.ExternalName, []model.Target{host("a", 0, "a.example.com"), host("b", 1, "b.example.com")}, k)
	in.Service.Probe = &model.Probe{Kind: model.ProbeTCP, Interval: 5 * time.Second, FailureThreshold: 1, SuccessThreshold: 1}
	in.State = failover.Recall(&in.Service, failover.Memory{Active: []string{"a"}})
	in.Health = func(model.Check) model.Health { return model.Health{Verdict: model.Up, Successes: 1, SuccessAt: now} }
	for _, name := range []string{"a.example.com A", "a.example.com AAAA"} {
		k.then(name, model.ServerFailure, 0)
		d := failover.Decide(in)
		if in.State = d.State; d.External.Name != "a.example.com" {
			t.Errorf("after a failure for %s the CNAME is %s", name, d.External.Name)
		}
	}
	k.then("a.example.com A", model.NotFound, 0)
	k.then("a.example.com AAAA", model.NotFound, 0)
	if d := failover.Decide(in); d.External.Name != "b.example.com" {
		t.Errorf("the name does not exist, and the CNAME is %s", d.External.Name)
	}
}

// TestExternalNameThatIsGone: what has been believed to be gone stays so while its server
// is dead, and another name is gone to once it is known.
func TestExternalNameThatIsGone(t *testing.T) {
	k := known{}
	in := input(model.ExternalName, []model.Target{host("a", 0, "a.example.com"), host("b", 1, "b.example.com")}, k)
	in.Service.Probe = &model.Probe{Kind: model.ProbeTCP, Interval: 5 * time.Second, FailureThreshold: 1, SuccessThreshold: 1}
	in.State = failover.Recall(&in.Service, failover.Memory{Active: []string{"a"}})
	in.Health = func(model.Check) model.Health { return model.Health{Verdict: model.Up, Successes: 1, SuccessAt: now} }
	for _, name := range []string{"a.example.com A", "a.example.com AAAA"} {
		k.then(name, model.NotFound, 2*in.Service.Resolution.MissingGrace).then(name, model.Timeout, 0)
	}
	k.then("b.example.com A", model.Timeout, 0).then("b.example.com AAAA", model.Timeout, 0)
	d := failover.Decide(in)
	if in.State = d.State; d.External.Name != "a.example.com" {
		t.Errorf("nothing is known of b, and the CNAME is %s", d.External.Name)
	}
	k["b.example.com A"] = records(0, "10.0.0.2")
	k["a.example.com A"] = records(0, "127.96.3.4") // nor does one that may not be published
	if d := failover.Decide(in); d.External.Name != "b.example.com" {
		t.Errorf("b is up, and the CNAME is %s", d.External.Name)
	}
}

// TestExternalNameHalfLookedUp: while a family is looked up for the first time, a name is
// not left for what it may bring; nor waited for once what is known of it is down.
func TestExternalNameHalfLookedUp(t *testing.T) {
	k := known{"a.example.com A": records(0, "10.0.0.1"), "b.example.com A": records(0, "10.0.0.2", "10.0.0.3")}
	k.then("b.example.com AAAA", model.Empty, 0)
	in := input(model.ExternalName, []model.Target{host("a", 0, "a.example.com"), host("b", 0, "b.example.com")}, k)
	in.Service.Probe = &model.Probe{Kind: model.ProbeTCP, FailureThreshold: 1, SuccessThreshold: 1}
	in.Service.Failover = model.Failover{MinimumReady: 2}
	in.State = failover.Recall(&in.Service, failover.Memory{Active: []string{"a"}})
	a := model.Health{}
	in.Health = func(c model.Check) model.Health {
		if c.Name == "a.example.com" {
			return a
		}
		return model.Health{Verdict: model.Up, Successes: 1, SuccessAt: now}
	}
	leads := func(when, want string) {
		t.Helper()
		if got := failover.Decide(in).External.Name; got != want {
			t.Errorf("%s it leads to %s, want %s", when, got, want)
		}
	}
	leads("while AAAA is out", "a.example.com")
	a = failover.Judge(a, in.Service.Probe, model.Result{Began: now, Up: true})
	leads("and A's address is up", "a.example.com")
	a = failover.Judge(a, in.Service.Probe, model.Result{Began: now, Certain: true})
	leads("and A's address is down", "b.example.com")
	a = model.Health{}
	k.then("a.example.com AAAA", model.Empty, 0)
	leads("once there is no AAAA", "b.example.com")
}

// TestExternalNameFollowsItsProbes: the CNAME moves to the best name that is up,
// also within a tier, and within a tier it does not move back.
func TestExternalNameFollowsItsProbes(t *testing.T) {
	in := input(model.ExternalName, []model.Target{
		host("a", 0, "a.example.com"), host("b", 0, "b.example.com"), host("c", 1, "c.example.com"),
	}, known{})
	k := known{}
	for name, ip := range map[string]string{"a": "10.0.0.1", "b": "10.0.0.2", "c": "10.0.0.3"} {
		k[name+".example.com A"] = records(0, ip)
		k.then(name+".example.com AAAA", model.Empty, 0)
	}
	in.Answer = k.answer
	in.Service.Probe = &model.Probe{Kind: model.ProbeTCP, Interval: 5 * time.Second, FailureThreshold: 1, SuccessThreshold: 1}
	in.Service.Failover = model.DefaultFailover()
	health := map[string]model.Health{}
	in.Health = func(c model.Check) model.Health { return health[c.Name] }

	start := now
	for _, step := range []struct {
		after    time.Duration
		up, down string
		want     string
		reason   string
	}{
		{0, "abc", "", "a.example.com", failover.ReasonStarted},
		{5 * time.Second, "bc", "a", "b.example.com", failover.ReasonTierDown},
		{10 * time.Second, "abc", "", "b.example.com", failover.ReasonTierDown},
		{15 * time.Second, "c", "ab", "c.example.com", failover.ReasonTierDown},
		{20 * time.Second, "bc", "a", "c.example.com", failover.ReasonTierDown},
		{80 * time.Second, "bc", "a", "b.example.com", failover.ReasonFailback},
		{85 * time.Second, "", "abc", "b.example.com", failover.ReasonFailback},
	} {
		in.Now = start.Add(step.after)
		for up, names := range map[bool]string{true: step.up, false: step.down} {
			for _, n := range names {
				name := string(n) + ".example.com"
				health[name] = failover.Judge(health[name], in.Service.Probe, model.Result{Began: in.Now, Up: up})
			}
		}
		d := failover.Decide(in)
		in.State = d.State
		if d.External.Name != step.want || d.History[0].Reason != step.reason || !d.External.A.Known {
			t.Errorf("after %s with %s up: the CNAME is %s by %s, want %s by %s", step.after, step.up, d.External.Name, d.History[0].Reason, step.want, step.reason)
		}
		if len(d.Endpoints) != 0 || len(d.Checks) != 3 || d.Checks[0].Addr.String() != "10.0.0.1:6432" {
			t.Errorf("%d endpoints and the checks %v, want none, and the address of each name at the targetPort", len(d.Endpoints), d.Checks)
		}
		ready, _ := d.Condition(model.Ready)
		if ready.Status != (step.up != "") {
			t.Errorf("after %s Ready is %+v", step.after, ready)
		}
	}
}
