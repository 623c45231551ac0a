package convert

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// The words of a failover.
const (
	failbackAutomatic = "Automatic"
	failbackManual    = "Manual"
	downKeepLast      = "KeepLast"
	downWithdraw      = "Withdraw"
)

// failover fills in the defaults and checks the bounds.
func (r *report) failover(f *v1alpha1.Failover) model.Failover {
	out := model.DefaultFailover()
	if f == nil {
		return out
	}
	path := at("spec", "failover")
	r.oneOf(path.Child("failback"), f.Failback, failbackAutomatic, failbackManual)
	r.oneOf(path.Child("whenAllDown"), f.WhenAllDown, downKeepLast, downWithdraw)
	out.ManualFailback, out.Withdraw = f.Failback == failbackManual, f.WhenAllDown == downWithdraw
	if f.FailbackDelay != nil {
		out.FailbackDelay = f.FailbackDelay.Duration
	}
	if out.FailbackDelay < 0 {
		r.error("OutOfRange", path.Child("failbackDelay"), fmt.Sprintf("failbackDelay %s is negative", out.FailbackDelay), "write a duration such as 1m")
	}
	if f.MinimumReady < 0 {
		r.error("OutOfRange", path.Child("minimumReady"), fmt.Sprintf("minimumReady %d is negative", f.MinimumReady), "write 1 or more")
	}
	out.MinimumReady = max(out.MinimumReady, int(f.MinimumReady))
	return out
}

// oneOf checks a word that may be left out.
func (r *report) oneOf(path *field.Path, word string, allowed ...string) {
	if word == "" || slices.Contains(allowed, word) {
		return
	}
	r.error("UnknownValue", path, fmt.Sprintf("%q is not a value of this field", word), "write "+orList(allowed))
}
