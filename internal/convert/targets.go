package convert

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// targets converts the targets of an ExternalService, and reports whether the
// service can be served. so is whether it could until now; w has its ports.
func (r *report) targets(in []v1alpha1.Target, w *Wanted, so bool) ([]model.Target, bool) {
	root := at("spec", "targets")
	if len(in) == 0 {
		r.error("NoTargets", root, "an ExternalService needs at least one target", "write targets: [{name: primary, hostname: db.example.com}]")
		return nil, false
	}
	names := make(map[string]*field.Path, len(in))
	targets := make([]model.Target, 0, len(in))
	for i := range in {
		path := root.Index(i)
		so = r.targetName(path.Child("name"), in[i].Name, names) && so
		t, outcome := r.target(path, &in[i], w)
		switch outcome {
		case kept:
			targets = append(targets, t)
		case refused:
			so = false
		case leftOut:
		}
	}
	if so && len(targets) == 0 {
		r.error("NoTargets", root, "no target is left: the service is not served", "write at least one target with a hostname or addresses")
		return nil, false
	}
	return targets, so
}

// outcome says what becomes of a target.
type outcome int

const (
	kept    outcome = iota
	leftOut         // the service does without it
	refused         // and so is the service
)

func (r *report) targetName(path *field.Path, name string, seen map[string]*field.Path) bool {
	if name == "" {
		r.error("NameMissing", path, "a target needs a name", "write name: primary")
		return false
	}
	if !r.label(path, name, validation.IsDNS1123Label) {
		return false
	}
	if first, ok := seen[name]; ok {
		r.error("TargetsClash", path, fmt.Sprintf("target name %q is already that of %s", name, first), "give each target a name of its own")
		return false
	}
	seen[name] = path
	return true
}

func (r *report) target(path *field.Path, in *v1alpha1.Target, w *Wanted) (model.Target, outcome) {
	t := model.Target{Name: in.Name, Priority: int(in.Priority)}
	if in.Priority < 0 {
		r.error("OutOfRange", path.Child("priority"), fmt.Sprintf("priority %d is negative", in.Priority),
			fmt.Sprintf("write 0 for the best tier, up to %d", math.MaxInt32))
		return t, refused
	}
	if !r.weight(path.Child("weight"), in.Weight, w, &t) {
		return t, refused
	}
	var set []string
	for _, f := range []struct {
		name string
		set  bool
	}{{"hostname", in.Hostname != ""}, {"addresses", in.Addresses != nil}, {"srv", in.SRV != ""}, {"service", in.Service != nil}} {
		if f.set {
			set = append(set, f.name)
		}
	}
	switch {
	case len(set) == 0:
		r.error("TargetEmpty", path, "a target needs one of hostname, addresses, srv and service", "write hostname: db.example.com, or addresses: [10.0.1.25]")
		return t, refused
	case len(set) > 1:
		r.error("TargetAmbiguous", path, "a target has exactly one of hostname, addresses, srv and service; this one has "+strings.Join(set, " and "),
			"write a target for each, with a name of its own")
		return t, refused
	case in.Service != nil && r.c.in.InCluster != nil:
		if !r.reference(path.Child("service"), in.Service) {
			return t, refused
		}
		r.inCluster(&t, in.Service, w)
	case in.Service != nil:
		r.error("NeedsCluster", path.Child("service"), "a target that is a Service of the cluster needs a cluster: this target is left out",
			"write its hostname or addresses")
		return t, leftOut
	case in.Addresses != nil:
		t.Addresses = r.addresses(path.Child("addresses"), in.Addresses)
		if len(t.Addresses) == 0 {
			return t, leftOut
		}
	case in.SRV != "":
		t.SRV = trimDot(in.SRV)
		if !r.srv(path.Child("srv"), t.SRV) {
			return t, refused
		}
	default:
		t.Hostname = trimDot(in.Hostname)
		if !r.hostname(path.Child("hostname"), t.Hostname) {
			return t, refused
		}
	}
	return t, kept
}

func (r *report) addresses(path *field.Path, in []string) []netip.Addr {
	if len(in) == 0 {
		r.error("TargetEmpty", path, "addresses is empty: this target is left out", "write addresses: [10.0.1.25]")
	}
	var addrs []netip.Addr
	for i, text := range in {
		if a, ok := r.address(path.Index(i), text); ok && !slices.Contains(addrs, a) {
			addrs = append(addrs, a)
		}
	}
	return addrs
}

// weight checks the share of the load, which only the relay can give.
func (r *report) weight(path *field.Path, weight int32, w *Wanted, t *model.Target) bool {
	switch {
	case weight < 0 || weight > maxWeight:
		r.error("OutOfRange", path, fmt.Sprintf("weight %d is out of range", weight), fmt.Sprintf("write a number from 1 to %d", maxWeight))
		return false
	case weight > 1 && w.Gateway == nil:
		r.error("GatewayMissing", path, "weights are for the relay, and without a gateway the load is shared evenly", "write gateway: {} in spec, or leave weight out")
		return false
	case w.Gateway != nil:
		t.Weight = max(1, int(weight))
	}
	return true
}

// maxWeight is the greatest share of the load.
const maxWeight = 100
