package render

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

func decided(at time.Time) *model.Published {
	a, b := netip.MustParseAddr("10.0.1.25"), netip.MustParseAddr("10.0.1.26")
	return &model.Published{
		Service: model.Service{Type: model.ClusterIP, Origin: model.Origin{Generation: 3}, Targets: []model.Target{{Name: "primary"}, {Name: "standby", Priority: 1}}},
		Decision: model.Decision{
			Active:    []string{"primary"},
			Endpoints: []model.Endpoint{{Addr: a, Target: "primary", Ready: true}, {Addr: b, Target: "primary"}},
			Targets: []model.TargetStatus{
				{Name: "primary", Active: true, Addresses: []netip.Addr{a, b}, Reason: "Resolved", Message: "db.example.com is resolved"},
				{Name: "standby", Priority: 1, Reason: "Standby"},
			},
			Conditions: []model.Condition{{Type: model.Ready, Status: true, Reason: "EndpointsReady", Message: "1 of 2", Since: at}},
		},
	}
}

func TestStatus(t *testing.T) {
	at := time.Date(2026, 11, 21, 12, 0, 0, 5, time.UTC)
	second := metav1.NewTime(at.Truncate(time.Second))
	want := v1alpha1.ExternalServiceStatus{
		ObservedGeneration: 3,
		Conditions:         []metav1.Condition{{Type: "Ready", Status: "True", Reason: "EndpointsReady", Message: "1 of 2", ObservedGeneration: 3, LastTransitionTime: second}},
		Active:             &v1alpha1.ActiveTier{Targets: []string{"primary"}, Summary: "primary", Since: second},
		Endpoints:          "1/2",
		Targets: []v1alpha1.TargetStatus{
			{Name: "primary", Reason: "Resolved", Message: "db.example.com is resolved", Addresses: []v1alpha1.AddressStatus{{IP: "10.0.1.25", Ready: true}, {IP: "10.0.1.26"}}},
			{Name: "standby", Priority: 1, Reason: "Standby"},
		},
	}
	got := Status(decided(at), &v1alpha1.ExternalServiceStatus{}, at)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}

	// A process that starts anew says the same, to the letter.
	later := at.Add(time.Hour)
	if d := cmp.Diff(got, Status(decided(later), &got, later)); d != "" {
		t.Errorf("a restart is a transition (-before +after)\n%s", d)
	}

	// What does change has its own time.
	p := decided(later)
	p.Decision.Conditions[0].Status = false
	p.Decision.Active = []string{"standby"}
	changed := Status(p, &got, later)
	if !changed.Conditions[0].LastTransitionTime.After(at) || !changed.Active.Since.After(at) {
		t.Errorf("it has the time of before: %+v", changed)
	}
}

func TestStatusOfNothing(t *testing.T) {
	for _, kind := range []model.ServiceType{"", model.ExternalName} {
		p := &model.Published{Service: model.Service{Type: kind}, Decision: model.Decision{Conditions: []model.Condition{{Type: model.Accepted, Reason: "Invalid", Message: strings.Repeat("é", 40000)}}}}
		s := Status(p, &v1alpha1.ExternalServiceStatus{}, time.Now())
		if s.Active != nil || s.Endpoints != "" || len(s.Conditions[0].Message) > maxMessage {
			t.Errorf("%q: %+v, %q, a message of %d bytes", kind, s.Active, s.Endpoints, len(s.Conditions[0].Message))
		}
	}
}
