package convert

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// leastInterval is the shortest minInterval: nobody's DNS server is to be
// asked more often.
const leastInterval = 100 * time.Millisecond

// resolution fills in the defaults and checks the bounds.
func (r *report) resolution(in *v1alpha1.Resolution) model.Resolution {
	out := model.DefaultResolution()
	if in == nil {
		return out
	}
	r.duration("minInterval", in.MinInterval, &out.MinInterval)
	r.duration("maxInterval", in.MaxInterval, &out.MaxInterval)
	r.duration("missingGrace", in.MissingGrace, &out.MissingGrace)
	r.duration("retain", in.Retain, &out.Retain)

	switch path := at("spec", "resolution"); {
	case out.MinInterval >= 0 && out.MinInterval < leastInterval:
		r.error("OutOfRange", path.Child("minInterval"), fmt.Sprintf("minInterval %s is too short for the DNS servers asked", out.MinInterval),
			fmt.Sprintf("write %s or more", leastInterval))
	case in.MaxInterval == nil:
		out.MaxInterval = max(out.MaxInterval, out.MinInterval)
	case in.MinInterval == nil && out.MaxInterval >= leastInterval:
		out.MinInterval = min(out.MinInterval, out.MaxInterval)
	case out.MaxInterval >= 0 && out.MaxInterval < out.MinInterval:
		r.error("OutOfRange", path.Child("maxInterval"), fmt.Sprintf("maxInterval %s is shorter than minInterval %s", out.MaxInterval, out.MinInterval),
			fmt.Sprintf("write %s or more, or a shorter minInterval", out.MinInterval))
	}
	return out
}

// duration takes over a duration that is written, and checks its sign.
func (r *report) duration(name string, in *metav1.Duration, out *time.Duration) {
	if in == nil {
		return
	}
	*out = in.Duration
	if in.Duration < 0 {
		r.error("OutOfRange", at("spec", "resolution", name), fmt.Sprintf("%s %s is negative", name, in.Duration), "write a duration such as 5s")
	}
}
