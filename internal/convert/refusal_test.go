package convert

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// named is an ExternalService with one target for each hostname.
func named(hostnames ...string) *v1alpha1.ExternalService {
	e := &v1alpha1.ExternalService{}
	e.Namespace, e.Name = "reporting", "db"
	e.Spec.Type = v1alpha1.ServiceTypeHeadless
	for i, h := range hostnames {
		e.Spec.Targets = append(e.Spec.Targets, v1alpha1.Target{Name: fmt.Sprintf("t%d", i), Hostname: h})
	}
	return e
}

func TestRefusal(t *testing.T) {
	const (
		inside  = "a.b.svc.cluster.local"
		insideM = "a.b.svc.cluster.local is inside the cluster domain cluster.local, and a target lives outside; write the name that the outside DNS knows"
		numberM = "10.0.1.25 is an IP address, not a hostname; write addresses: [10.0.1.25] instead of hostname"
	)
	for name, tt := range map[string]struct {
		object *v1alpha1.ExternalService
		want   *model.Refusal
	}{
		"served":              {named("db.example.com"), nil},
		"a name of ours":      {named(inside), &model.Refusal{Reason: "HostnameInCluster", Message: "spec.targets[0].hostname: " + insideM}},
		"another mistake":     {named("10.0.1.25"), &model.Refusal{Reason: "Invalid", Message: "spec.targets[0].hostname: " + numberM}},
		"two kinds":           {named(inside, "10.0.1.25"), &model.Refusal{Reason: "Invalid", Message: "spec.targets[0].hostname: " + insideM + ". spec.targets[1].hostname: " + numberM}},
		"nothing to be named": {named(), &model.Refusal{Reason: "Invalid", Message: "spec.targets: an ExternalService needs at least one target; write targets: [{name: primary, hostname: db.example.com}]"}},
	} {
		t.Run(name, func(t *testing.T) {
			other := named("OTHER.example.com")
			other.Name = "other"
			out := Convert(Input{Objects: []Object{{Value: other}, {Value: tt.object}}, ClusterDomain: "cluster.local"})
			if d := cmp.Diff(tt.want, out.Refusal(1)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if r := out.Refusal(0); r == nil || strings.Count(r.Message, "spec.") != 1 {
				t.Errorf("the other object's refusal is %+v, want its one mistake", r)
			}
		})
	}
}

func TestRefusalIsShort(t *testing.T) {
	hostnames := make([]string, 64)
	for i := range hostnames {
		hostnames[i] = strings.Repeat("ü", i)
	}
	for skip := range 2 { // so that the cut meets both halves of a character
		r := Convert(Input{Objects: []Object{{Value: named(hostnames[skip+1:]...)}}}).Refusal(0)
		if r == nil || len(r.Message) > maxRefusal || !strings.HasSuffix(r.Message, "...") || !utf8.ValidString(r.Message) {
			t.Errorf("the refusal is not at most %d bytes of text: %+v", maxRefusal, r)
		}
	}
}
