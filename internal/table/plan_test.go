package table

import (
	"strings"
	"testing"
	"time"

	"fairlead.dev/internal/plan"
	"fairlead.dev/internal/wire"
)

func TestWritePlan(t *testing.T) {
	at := func(p plan.Phase, after time.Duration, target string, priority int, reason, message string, ready ...string) plan.Step {
		s := plan.Step{Phase: p, After: wire.Duration(after), Priority: priority, Ready: ready, Reason: reason, Message: message}
		if target != "" {
			s.Active = []string{target}
		}
		return s
	}
	lost := plan.Plan{
		Namespace: "reporting", Name: "db", If: "if primary is lost",
		Steps: []plan.Step{
			at(plan.Now, 0, "primary", 0, "ProbesPass", "2 of 2 endpoints are up", "10.0.1.1:5432", "10.0.1.2:5432"),
			at(plan.Then, 15*time.Second, "standby", 1, "TierDown", "primary: 10.0.1.1:5432 is\nlost", "10.0.2.1:5432"),
			at(plan.Back, 70*time.Second, "primary", 0, "Failback", "it is up again", "10.0.1.1:5432", "10.0.1.2:5432"),
		},
		Notes: []string{"connections that are open stay where they are; new ones move"},
	}
	name := plan.Step{Phase: plan.Then, Active: []string{"a"}, External: "a.example.com", NotReady: []string{"10.0.0.1"}, Reason: "NameServed"}
	edited := plan.Plan{
		Namespace: "shop", Name: "crm", If: "if the manifest is applied",
		Changes: []plan.Change{
			{Field: "ports[80]", From: "protocol TCP"},
			{Field: "targets[new]", To: "hostname x\x1b.example.com"},
			{Field: "type", From: "ClusterIP", To: "ExternalName"},
		},
		Steps: []plan.Step{at(plan.Now, 0, "", 0, "NoTargets", "nothing is published"), name},
	}
	var b strings.Builder
	for _, err := range []error{
		WritePlan(&b, lost), WriteApplied(&b, plan.Applied{Plans: []plan.Plan{edited}, Unchanged: 1}), WriteApplied(&b, plan.Applied{Unchanged: 2}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "plan.txt", b.String())
}
