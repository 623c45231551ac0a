package convert

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
)

// probe checks a probe, so that it is right on the day that it is carried out.
func (r *report) probe(p *v1alpha1.Probe) {
	if p == nil {
		return
	}
	path := at("spec", "probe")
	r.positive(path.Child("interval"), p.Interval)
	r.positive(path.Child("timeout"), p.Timeout)
	r.threshold(path.Child("failureThreshold"), p.FailureThreshold)
	r.threshold(path.Child("successThreshold"), p.SuccessThreshold)
	var set []string
	for _, k := range []struct {
		name string
		set  bool
	}{{"tcp", p.TCP != nil}, {"tls", p.TLS != nil}, {"http", p.HTTP != nil}, {"grpc", p.GRPC != nil}} {
		if k.set {
			set = append(set, k.name)
		}
	}
	if len(set) > 1 {
		r.error("ProbeAmbiguous", path, "a probe has at most one of tcp, tls, http and grpc; this one has "+strings.Join(set, " and "), "write one")
	}
	if p.HTTP != nil {
		r.oneOf(path.Child("http", "scheme"), p.HTTP.Scheme, "http", "https")
	}
}

// failover checks the words of a failover.
func (r *report) failover(f *v1alpha1.Failover) {
	if f == nil {
		return
	}
	path := at("spec", "failover")
	r.oneOf(path.Child("failback"), f.Failback, "Automatic", "Manual")
	r.oneOf(path.Child("whenAllDown"), f.WhenAllDown, "KeepLast", "Withdraw")
	if f.FailbackDelay != nil && f.FailbackDelay.Duration < 0 {
		r.error("OutOfRange", path.Child("failbackDelay"), fmt.Sprintf("failbackDelay %s is negative", f.FailbackDelay.Duration), "write a duration such as 1m")
	}
}

// oneOf checks a word that may be left out.
func (r *report) oneOf(path *field.Path, word string, allowed ...string) {
	if word == "" || slices.Contains(allowed, word) {
		return
	}
	r.error("UnknownValue", path, fmt.Sprintf("%q is not a value of this field", word), "write "+orList(allowed))
}

func (r *report) positive(path *field.Path, d *metav1.Duration) {
	if d != nil && d.Duration <= 0 {
		r.error("OutOfRange", path, fmt.Sprintf("%s is not a positive duration", d.Duration), "write a duration such as 5s")
	}
}

func (r *report) threshold(path *field.Path, n int32) {
	if n < 0 {
		r.error("OutOfRange", path, fmt.Sprintf("a threshold of %d is negative", n), "write 1 or more")
	}
}
