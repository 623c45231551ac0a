package failover_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// conditionsOf are a decision's conditions as "TYPE STATUS REASON: MESSAGE".
func conditionsOf(d model.Decision) []string {
	var all []string
	for _, c := range d.Conditions {
		status := " False "
		if c.Status {
			status = " True "
		}
		all = append(all, string(c.Type)+status+c.Reason+": "+c.Message)
	}
	return all
}

func inCluster(name string, ips ...string) model.Target {
	t := model.Target{Name: name, Service: &model.Key{Namespace: "data", Name: "db"}}
	for _, a := range addrs(ips...) {
		t.Endpoints = append(t.Endpoints, model.Endpoint{Addr: a, Hostname: "pod-7", Ready: true, Ports: []model.EndpointPort{{Name: "pg", Protocol: model.TCP, Port: 5432}}})
	}
	return t
}

func refusedTarget(t model.Target, reason string) model.Target {
	t.Refusal = &model.Refusal{Reason: reason, Message: "for a reason; do this"}
	return t
}

func TestRefusals(t *testing.T) {
	db := "db.example.com"
	notFound := refusedTarget(inCluster("c"), failover.ReasonServiceNotFound)
	notPermitted := refusedTarget(inCluster("c", "10.0.1.40"), failover.ReasonNotPermitted)
	failing := known{db + " A": records(0, "10.0.1.25")}.then(db+" A", model.Timeout, 0)
	for _, row := range []struct {
		name    string
		typ     model.ServiceType
		service *model.Refusal
		targets []model.Target
		known   known
		want    []string // endpoints
		active  []string
		says    []string
	}{
		{
			name: "the service, with what was followed before", service: &model.Refusal{Reason: "Invalid", Message: "no ports; write one"},
			targets: []model.Target{fixed("a", 0, "10.0.1.25")}, want: []string{"a@10.0.1.25:6432"}, active: []string{"a"},
			says: []string{
				"Accepted False Invalid: no ports; write one",
				"Resolved True Fixed: its addresses are written in the manifest",
				"Ready True EndpointsReady: 1 of 1 endpoints are ready",
			},
		},
		{
			name: "the service, of which nothing was ever followed", service: &model.Refusal{Reason: "Invalid", Message: "no ports; write one"},
			says: []string{"Accepted False Invalid: no ports; write one", "Ready False Invalid: no ports; write one"},
		},
		{
			name: "one target of two", targets: []model.Target{notFound, fixed("a", 0, "10.0.1.25")},
			want: []string{"a@10.0.1.25:6432"}, active: []string{"a"},
			says: []string{
				"Accepted True Accepted: the manifest is valid",
				"Resolved False ServiceNotFound: for a reason; do this",
				"Ready True EndpointsReady: 1 of 1 endpoints are ready",
			},
		},
		{
			name: "nothing matters more", targets: []model.Target{host("a", 0, db), fixed("f", 0, "127.96.0.1"), notFound},
			known: failing, want: []string{"a@10.0.1.25:6432"}, active: []string{"a", "f"},
			says: []string{
				"Accepted True Accepted: the manifest is valid",
				"Resolved False ServiceNotFound: for a reason; do this",
				"Ready True EndpointsReady: 1 of 1 endpoints are ready",
			},
		},
		{
			name: "without consent", targets: []model.Target{notPermitted, fixed("a", 0, "10.0.1.25")},
			want: []string{"a@10.0.1.25:6432"}, active: []string{"a"},
			says: []string{
				"Accepted False NotPermitted: for a reason; do this",
				"Resolved False NotPermitted: for a reason; do this",
				"Ready True EndpointsReady: 1 of 1 endpoints are ready",
			},
		},
		{
			name: "the only target", targets: []model.Target{notPermitted},
			says: []string{
				"Accepted False NotPermitted: for a reason; do this",
				"Resolved False NotPermitted: for a reason; do this",
				"Ready False NotPermitted: for a reason; do this",
			},
		},
		{
			name: "the only one of its tier does not give way to a worse tier", targets: []model.Target{notFound, fixed("a", 1, "10.0.1.25")},
			says: []string{
				"Accepted True Accepted: the manifest is valid",
				"Resolved False ServiceNotFound: for a reason; do this",
				"Ready False ServiceNotFound: for a reason; do this",
			},
		},
		{
			name: "of another tier", targets: []model.Target{fixed("a", 0, "10.0.1.25"), {Name: "z", Priority: 1, Refusal: notFound.Refusal}},
			want: []string{"a@10.0.1.25:6432"}, active: []string{"a"},
			says: []string{
				"Accepted True Accepted: the manifest is valid",
				"Resolved True Fixed: its addresses are written in the manifest",
				"Ready True EndpointsReady: 1 of 1 endpoints are ready",
			},
		},
		{
			name: "the name of an ExternalName", typ: model.ExternalName, targets: []model.Target{refusedTarget(host("a", 0, db), "NotAllowed")},
			says: []string{
				"Accepted True Accepted: the manifest is valid",
				"Resolved False NotAllowed: for a reason; do this",
				"Ready False NotAllowed: for a reason; do this",
			},
		},
		{
			name: "a Service of the cluster", typ: model.Headless, targets: []model.Target{inCluster("c", "10.0.1.40")},
			want: []string{"c@10.0.1.40:5432 c"}, active: []string{"c"},
			says: []string{
				"Accepted True Accepted: the manifest is valid",
				"Resolved True InCluster: its endpoints are those of Service data/db",
				"Ready True EndpointsReady: 1 of 1 endpoints are ready",
			},
		},
		{
			name: "a Service of the cluster without endpoints", targets: []model.Target{inCluster("c")}, active: []string{"c"},
			says: []string{
				"Accepted True Accepted: the manifest is valid",
				"Resolved True InCluster: its endpoints are those of Service data/db",
				"Ready False NoEndpoints: Service data/db has no endpoints: connections to it are refused",
			},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.typ == "" {
				row.typ = model.ClusterIP
			}
			in := input(row.typ, row.targets, row.known)
			in.Service.Refusal = row.service
			d := failover.Decide(in)
			if diff := cmp.Diff(row.want, told(d)); diff != "" {
				t.Errorf("endpoints (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.says, conditionsOf(d)); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(row.active, d.Active); diff != "" {
				t.Errorf("active (-want +got):\n%s", diff)
			}
			for i, s := range d.Targets {
				target := row.targets[i]
				if target.Service != nil && s.Where != "service data/db" {
					t.Errorf("%s is at %q", s.Name, s.Where)
				}
				if r := target.Refusal; r != nil && (s.Reason != r.Reason || s.Message != r.Message || s.Active || len(s.Addresses) > 0) {
					t.Errorf("the status of a target that is refused is %+v", s)
				}
			}
		})
	}
}

// TestWhatStandsWaitsForASpec: after a restart with a spec that cannot be
// followed, what stands is for the next one.
func TestWhatStandsWaitsForASpec(t *testing.T) {
	in := after(model.ClusterIP, nil, nil, stood("@10.0.1.25:6432"), 0)
	in.Service = model.Service{Key: in.Service.Key, Refusal: &model.Refusal{Reason: "Invalid", Message: "no"}}
	if d := failover.Decide(in); d.Settled || len(d.Endpoints) > 0 {
		t.Errorf("settled: %v, published %v; want neither", d.Settled, told(d))
	}
}
