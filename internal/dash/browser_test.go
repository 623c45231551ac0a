package dash

import (
	"net"
	"strings"
	"testing"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// What the tests ask the page.
const (
	rows = `document.querySelectorAll("tr.service").length`
	// all is true once every service of sample is shown.
	all = rows + ` === 5`
)

func stateOf(id string) string {
	return `document.querySelector("[data-service='` + id + `']").dataset.state`
}

func (c *chrome) click(selector string) { c.eval(`document.querySelector("` + selector + `").click()`) }

func (c *chrome) size(width, height int) {
	c.call(c.tab, "Emulation.setDeviceMetricsOverride",
		map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})
}

// TestPageShowsEverything looks at each kind of service, its details and the
// problems, wide and narrow, light and dark.
func TestPageShowsEverything(t *testing.T) {
	c := browse(t, serve(t, newLive(sample())).url, 1280)
	c.await(all)
	c.shoot("light")
	c.size(380, 800)
	c.shoot("narrow")
	c.size(1280, 900)
	text := c.eval(`document.body.innerText`)
	for _, want := range []string{
		"127.0.0.1:5353", "192.0.2.53:53", "examples/shop", "2 problems", "examples/shop/legacy.yaml:9",
		"use an ExternalService with addresses: [10.9.8.7]", "primary-db.example.com", "1 on standby", "2 of 2 ready",
		"3 of 4 ready", "127.96.0.12", "443/TCP", "12m ago", "3h ago", "Not ready", "Degraded",
		"the lookup timed out; the addresses of 4m ago stay", "1 not ready", "crm.partner.example",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q; it shows:\n%s", want, text)
		}
	}
	for _, id := range []string{"reporting/analytics-db", "shop/crm", "shop/payments"} {
		c.click(`[data-open='` + id + `']`)
	}
	details := c.eval(`[...document.querySelectorAll("tr.details")].map((e) => e.innerText).join("\n")`)
	for _, want := range []string{
		"analytics-db.reporting.svc.cluster.local", "examples/reporting/services.yaml:3", "standby-db.example.com",
		"10.0.1.26:5432", "Programmed", "NameNotFound", "1m30s", "203.0.113.7", "never", "listening on every port",
	} {
		if !strings.Contains(details, want) {
			t.Errorf("the details lack %q; they show:\n%s", want, details)
		}
	}
	c.shoot("light-details")
	c.call(c.tab, "Emulation.setEmulatedMedia",
		map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}})
	c.shoot("dark-details")
	c.size(380, 800)
	c.shoot("narrow-details")
	if got := c.eval(`document.documentElement.scrollWidth <= innerWidth`); got != "true" {
		t.Error("the page is wider than a window of 380")
	}
	c.quiet()
}

// TestPageFollowsChanges sees that a change appears, and that filter, scroll
// position, focus and open details survive it.
func TestPageFollowsChanges(t *testing.T) {
	l := newLive(sample())
	c := browse(t, serve(t, l).url, 1280)
	c.size(1280, 300)
	c.await(all)
	c.eval(`{ const f = document.getElementById("filter"); f.value = "shop"; f.dispatchEvent(new Event("input")); }`)
	c.await(rows + ` === 3`)
	c.click(`[data-open='shop/search']`)
	c.eval(`{ scrollTo(0, 150); document.querySelector("[data-open='shop/payments']").focus(); scrollTo(0, 150); }`)

	l.change(model.Key{Namespace: "shop", Name: "payments"}, func(p *model.Published) {
		p.Decision.Endpoints = at("partner", true, 443, "203.0.113.9")
		p.Decision.Conditions = said(0, true, true, "", "")
	})
	c.await(stateOf("shop/payments") + ` === "Ready"`)
	for expression, want := range map[string]string{
		rows: "3",
		`document.getElementById("filter").value`: "shop",
		`scrollY`:                             "150",
		`document.activeElement.dataset.open`: "shop/payments",
		`document.querySelectorAll("tr.details").length`:       "1",
		`document.getElementById("news").textContent`:          "payments in shop is ready",
		`document.querySelector("[data-show=''] b").innerText`: "5",
	} {
		if got := c.eval(expression); got != want {
			t.Errorf("after a change %s is %q, want %q", expression, got, want)
		}
	}

	s := l.snapshot()
	l.set(model.NewSnapshot(s.Domain, s.Namespaces, s.Services[:3], nil)) // without payments and search
	c.await(rows + ` === 1 && document.getElementById("problems").hidden`)
	c.quiet()
}

// TestPageTellsALostConnection stops the server and starts another one.
func TestPageTellsALostConnection(t *testing.T) {
	l := newLive(sample())
	r := serve(t, l)
	c := browse(t, r.url, 1280)
	c.await(all)
	must(t, r.stop())
	c.await(`document.getElementById("link").dataset.link === "lost"`)
	text := c.eval(`document.getElementById("lost").innerText`)
	if !strings.HasPrefix(text, "fairlead stopped at ") || !strings.Contains(text, "Trying again") {
		t.Errorf("the banner says %q", text)
	}
	if got := c.eval(rows); got != "5" {
		t.Errorf("%s services are left, want what was known", got)
	}
	c.shoot("lost")

	ln, err := net.Listen("tcp", r.addr)
	must(t, err)
	serveOn(t, ln, newLive(crowd(3)))
	c.await(`document.getElementById("link").dataset.link === "live" && ` + rows + ` === 3`)
	if got := c.eval(`document.getElementById("lost").hidden`); got != "true" {
		t.Error("the banner stays")
	}
}

// TestPageShowsMarkupAsText gives every text that comes from outside markup.
func TestPageShowsMarkupAsText(t *testing.T) {
	const evil = `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">`
	s := sample()
	p := s.Services[0]
	p.Service.Key = model.Key{Namespace: evil, Name: evil}
	p.Service.Origin.File = evil
	p.Service.Ports[0].Name = evil
	p.Decision.Targets[0].Where, p.Decision.Targets[0].Message = evil, evil
	p.Decision.Conditions = said(0, true, false, evil, evil)
	p.Service.Probe = &model.Probe{Kind: evil, Role: evil}
	p.Service.Pin = &model.Pin{Target: evil, By: evil, Reason: evil}
	p.Decision.State.Pinned = evil
	p.Decision.Targets[0].Checks = []model.CheckStatus{{Verdict: model.Down, Reason: evil, Message: evil}}
	p.Decision.History = []model.Transition{{From: []string{evil}, To: []string{evil}, Reason: evil, Message: evil}}
	for i := range s.Problems {
		s.Problems[i] = model.Problem{Severity: evil, Reason: evil, Object: evil, File: evil, Field: evil, Message: evil, Hint: evil}
	}
	c := browse(t, serve(t, newLive(model.NewSnapshot(evil, s.Namespaces, s.Services, s.Problems)), func(c *Config) {
		info := sampleInfo()
		info.Version, info.Paths = evil, []string{evil}
		c.Info = func() wire.Info { return info }
	}).url, 1280)
	c.await(all)
	c.eval(`document.querySelector("[data-open^='<script']").click()`)
	c.await(`document.querySelectorAll("tr.details").length === 1`)
	if n := strings.Count(c.eval(`document.body.innerText`), evil); n < 26 {
		t.Errorf("the markup is shown %d times as text, want at least 26", n)
	}
	if got := c.eval(`document.querySelectorAll("body script, img[onerror]").length + document.title`); strings.Contains(got, "owned") || got[0] != '0' {
		t.Errorf("the markup took effect: %s", got)
	}
	c.quiet()
}

// TestPageStaysUsableWithManyServices has 10,000 of them.
func TestPageStaysUsableWithManyServices(t *testing.T) {
	l := newLive(crowd(10000))
	c := browse(t, serve(t, l).url, 1280)
	c.await(`document.querySelector("[data-show=''] b")?.innerText === "10,000"`)
	c.shoot("crowd")
	if got := c.eval(rows); got != "0" {
		t.Errorf("%s services are shown at first, want namespaces only", got)
	}
	c.click(`[data-fold='team-03']`)
	c.await(rows + ` === 200`)
	c.click(`#more`)
	c.await(rows + ` === 250`)
	c.click(`[data-show='NotReady']`)
	c.await(rows + ` === 100`)
	c.click(`[data-show='NotReady']`)
	c.eval(`{ const f = document.getElementById("filter"); f.value = "service-0123 example.com"; f.dispatchEvent(new Event("input")); }`)
	c.await(rows + ` === 10`)
	if got := c.eval(`document.getElementById("count").innerText`); got != "10 of 10,000 match" {
		t.Errorf("the count says %q", got)
	}
	l.change(model.Key{Namespace: "team-30", Name: "service-01230"}, func(p *model.Published) {
		p.Decision.Conditions = said(0, true, false, "NoReadyEndpoints", "0 of 1 endpoints are ready")
	})
	c.await(stateOf("team-30/service-01230") + ` === "NotReady"`)
	c.quiet()
}
