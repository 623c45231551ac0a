package failover_test

import (
	"net/netip"
	"strings"
	"testing"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// TestUnaskedStories: what hinders the prober itself moves nobody and counts as nothing.
func TestUnaskedStories(t *testing.T) {
	for name, s := range map[string]story{
		"a prober that cannot ask takes nothing down": {tiers: "a b | c", lines: `
			0s  a+ b+ c+ -> a b
			5s  a? b? c+ -> a b
			10s a? b? c+ -> a b
			15s a? b? c+ -> a b
			20s a? b? c+ -> a b Started`},
		"failures before and after it are in a row": {tiers: "a | b", lines: `
			0s  a+ b+ -> a
			5s  a- b+ -> a
			10s a? b+ -> a
			15s a- b+ -> a
			20s a? b+ -> a
			25s a- b+ -> b TierDown`},
		"nor does it bring anything up": {tiers: "a b", lines: `
			0s  a+ b+ -> a b
			5s  a- b+ -> a b
			6s  a- b+ -> a b
			7s  a- b+ -> (a) b
			8s  a? b+ -> (a) b
			9s  a+ b+ -> (a) b
			10s a? b+ -> (a) b
			11s a+ b+ -> a b`},
		"a tier that cannot be asked is not waited for": {tiers: "a | b | c", lines: `
			0s  a+ b+ c+ -> a
			5s  a- b? c+ -> a
			6s  a- b? c+ -> a
			7s  a- b? c+ -> c TierDown`},
		"nor gone back to": {tiers: "a | b | c", lines: `
			0s   a+ b+ c+ -> a
			5s   a- b? c+ -> a
			6s   a- b? c+ -> a
			7s   a- b? c+ -> c TierDown
			80s  a- b? c+ -> c
			90s  a- b+ c+ -> b Failback`},
		"one of those that were never judged is the primary's place at last": {tiers: "a b", spec: primary, lines: `
			0s       -> (a) (b)
			1s a? b? -> (a) (b)
			2s a? b? -> (a) (b)
			3s a? b? -> a (b)
			4s a! b+ -> (a) b`},
	} {
		t.Run(name, func(t *testing.T) { tell(t, s) })
	}
}

// TestSaidIsProof: what an endpoint has said stands although it could not be asked since,
// or has failed and is not down; and where the other one's failure is all that is missing,
// that is waited for.
func TestSaidIsProof(t *testing.T) {
	for name, then := range map[string]string{
		"it was up":              "9s b+ -> a",
		"it cannot be asked":     "9s b? b? b? -> a",
		"it has failed just now": "9s b- -> a",
	} {
		t.Run(name, func(t *testing.T) {
			r := tell(t, story{tiers: "a | b", lines: `
				0s a+ b- b- b- -> a
				5s a- a- a-    -> a
				8s b+ b+       -> a`})
			r.line(then)
			if _, waited := r.last.Urgent[model.Check{Addr: netip.AddrPortFrom(at("a"), 6432)}]; !waited {
				t.Errorf("the next probe of a is not waited for: %v", r.last.Urgent)
			}
			r.line("10s a- -> b TierDown")
		})
	}
}

// TestUnaskedIsTold, and only that.
func TestUnaskedIsTold(t *testing.T) {
	r := tell(t, story{tiers: "a", lines: `
		0s a? -> a
		1s a? -> a`})
	says := func(verdict model.Verdict, reason, part, healthy string) {
		t.Helper()
		c := r.last.Targets[0].Checks[0]
		if c.Verdict != verdict || c.Reason != reason || !strings.Contains(c.Message, part) {
			t.Errorf("the status says %+v, want %q %s with %q", c, verdict, reason, part)
		}
		if got := r.says(model.Healthy); got != healthy {
			t.Errorf("it says %s\nwant %s", got, healthy)
		}
	}
	says(model.Unjudged, "", "", "false NotProbedYet: the first probes are under way")
	r.line("2s a? -> a")
	says(model.Unjudged, model.ProbeNotAsked, "a was not asked", "false NotAsked: a was not asked")
	r.line("3s a+ -> a")
	says(model.Up, "", "", "true ProbesPass: 1 of 1 endpoints are up")
	for _, line := range []string{"4s a? -> a", "5s a? -> a", "6s a? -> a"} {
		r.line(line)
	}
	says(model.Up, model.ProbeNotAsked, "a was not asked",
		"true ProbesPass: 1 of 1 endpoints are up; a was not asked; what was held before that is taken to be so")
	for _, line := range []string{"7s a- -> a", "8s a- -> a", "9s a- -> a", "10s a? -> a", "11s a? -> a", "12s a? -> a"} {
		r.line(line)
	}
	says(model.Down, model.ProbeRefused, "nothing listens there; a was not asked",
		"false AllEndpointsDown: a: nothing listens there; a was not asked; the last ones stay published")
}

// TestUnaskedKeepsCounts: nothing but what tells it changes.
func TestUnaskedKeepsCounts(t *testing.T) {
	p := &model.Probe{FailureThreshold: 1, SuccessThreshold: 2}
	for _, r := range []model.Result{{Up: true, Began: now}, {Reason: model.ProbeRefused, Detail: "d", Began: now}} {
		before := failover.Judge(model.Health{}, p, r)
		after := failover.Judge(before, p, model.Result{Inconclusive: true, Reason: model.ProbeCredentials, Detail: "no Secret", Began: now.Add(1)})
		if after.Unasked != 1 || after.UnaskedReason != model.ProbeCredentials || after.UnaskedDetail != "no Secret" {
			t.Errorf("it tells %+v", after)
		}
		after.Unasked, after.UnaskedReason, after.UnaskedDetail = 0, "", ""
		if after != before {
			t.Errorf("held is %+v, want %+v", after, before)
		}
	}
}
