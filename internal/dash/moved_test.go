package dash

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// moved is the small world with two services that are not where they should be.
func moved() *model.Snapshot {
	s := sample()
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	check := func(addr string, v model.Verdict, since time.Duration, reason, message string) model.CheckStatus {
		return model.CheckStatus{Addr: netip.MustParseAddrPort(addr), Verdict: v, Since: ago(since), Reason: reason, Message: message}
	}
	probe := &model.Probe{
		Kind: model.ProbePostgres, Role: model.RolePrimary, Interval: 5 * time.Second, Timeout: time.Second, FailureThreshold: 3, SuccessThreshold: 2,
	}
	for _, p := range s.Services {
		d := &p.Decision
		switch p.Service.Key.Name {
		case "analytics-db":
			p.Service.Probe, p.Service.Failover = probe, model.DefaultFailover()
			d.Active, d.Priority, d.ActiveSince = []string{"standby"}, 1, ago(4*time.Minute)
			d.Endpoints = append(at("standby", true, 5432, "10.0.2.25"), at("standby", false, 5432, "2001:db8::26")...)
			d.Targets[0].Active, d.Targets[1].Active = false, true
			d.Targets[0].Checks = []model.CheckStatus{
				check("10.0.1.25:5432", model.Down, 5*time.Minute, model.ProbeRefused, "connection refused"),
				check("10.0.1.26:5432", model.Down, 5*time.Minute, model.ProbeTimeout, "no answer within 1s"),
			}
			d.Targets[1].Checks = []model.CheckStatus{
				check("10.0.2.25:5432", model.Up, 3*time.Hour, "", ""),
				check("[2001:db8::26]:5432", model.Down, 3*time.Hour, model.ProbeNotPrimary, "the server is a replica"),
			}
			for i, took := range []time.Duration{15 * time.Second, 0, 31 * time.Second} {
				from, to := "primary", "standby"
				if i%2 == 1 {
					from, to = to, from
				}
				d.History = append(d.History, model.Transition{
					At: ago(4*time.Minute + time.Duration(i)*7*time.Hour), From: []string{from}, To: []string{to},
					FromPriority: i % 2, ToPriority: 1 - i%2, Reason: "TierDown", Message: from + ": 10.0.1.25:5432: connection refused", Took: took,
				})
			}
			d.History = append(d.History, model.Transition{At: ago(26 * time.Hour), To: []string{"primary"}, Reason: "Started", Message: "it is the best tier"})
		case "search":
			p.Service.Pin = &model.Pin{Target: "nodes", By: "ada@laptop", Reason: "the other one is repaired", At: ago(3 * time.Hour)}
			d.State.Pinned = "nodes"
		}
	}
	return s
}

// TestPageShowsFailover looks at tiers, health, pins and history, wide and narrow,
// light and dark.
func TestPageShowsFailover(t *testing.T) {
	l := newLive(moved())
	c := browse(t, serve(t, l).url, 1280)
	c.await(all)
	c.shoot("moved")
	for id, want := range map[string][]string{
		"reporting/analytics-db": {"Degraded", "standby-db.example.com", "priority 1", "1 down", "serves from priority 1 (standby) since", "10.0.1.25:5432: connection refused"},
		"shop/search":            {"Degraded", "pinned to nodes", "by ada@laptop", "the other one is repaired"},
	} {
		row := c.eval(`document.querySelector("[data-service='` + id + `']").innerText`)
		for _, w := range want {
			if !strings.Contains(row, w) {
				t.Errorf("the row of %s lacks %q; it shows:\n%s", id, w, row)
			}
		}
		if strings.Contains(row, "on standby") {
			t.Errorf("the row of %s counts what is down as standing by:\n%s", id, row)
		}
	}
	c.click(`[data-open='reporting/analytics-db']`)
	c.click(`[data-open='shop/search']`)
	details := c.eval(`[...document.querySelectorAll("tr.details")].map((e) => e.innerText).join("\n")`)
	for _, want := range []string{
		"postgres every 5s, timeout 1s, down after 3 failures, up after 2, role primary", "failback Automatic after 1m, when all are down KeepLast",
		"standby, priority 1, for 4m", "10.0.1.26:5432", "ConnectionRefused", "no answer within 1s", "[2001:db8::26]:5432", "not ready",
		"Transitions", "31s", "TierDown", "Started", "nothing", "to nodes by ada@laptop, 3h ago: the other one is repaired",
	} {
		if !strings.Contains(details, want) {
			t.Errorf("the details lack %q; they show:\n%s", want, details)
		}
	}
	health := c.eval(`[...document.querySelectorAll("[data-verdict]")].map((e) => e.closest("tr").innerText.split(/\s+/).slice(0, 5).join(" ")).join(";")`)
	for _, want := range []string{"primary 10.0.1.25:5432 Down no 5m", "standby 10.0.2.25:5432 Up ready 3h", "standby [2001:db8::26]:5432 Down not ready"} {
		if !strings.Contains(health, want) {
			t.Errorf("of health it shows %q, want %q", health, want)
		}
	}
	c.shoot("moved-light")
	c.call(c.tab, "Emulation.setEmulatedMedia",
		map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}})
	c.shoot("moved-dark")
	c.size(380, 800)
	c.shoot("moved-narrow")
	if got := c.eval(`document.documentElement.scrollWidth <= innerWidth`); got != "true" {
		t.Error("the page is wider than a window of 380")
	}
	c.eval(`{ const f = document.getElementById("filter"); f.value = "notprimary"; f.dispatchEvent(new Event("input")); }`)
	c.await(rows + ` === 1`)

	// It follows a failback.
	l.change(model.Key{Namespace: "reporting", Name: "analytics-db"}, func(p *model.Published) {
		p.Decision.Active, p.Decision.Priority = []string{"primary"}, 0
		p.Decision.Targets = append([]model.TargetStatus(nil), p.Decision.Targets...)
		p.Decision.Targets[0].Active, p.Decision.Targets[1].Active = true, false
	})
	c.await(stateOf("reporting/analytics-db") + ` === "Ready"`)
	c.quiet()
}
