package convert

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// leastProbeInterval is the shortest interval between two probes of an endpoint.
const leastProbeInterval = 100 * time.Millisecond

// mostProbeTimeout is how long one probe may take: it holds a place that others
// wait for.
const mostProbeTimeout = 30 * time.Second

// The defaults of a probe.
const (
	defaultInterval         = 5 * time.Second
	defaultTimeout          = time.Second
	defaultFailureThreshold = 3
	defaultSuccessThreshold = 2
)

// probe fills in the defaults and checks the bounds. Nil stays nil.
func (r *report) probe(p *v1alpha1.Probe, w *Wanted) *model.Probe {
	if p == nil {
		return nil
	}
	path := at("spec", "probe")
	out := &model.Probe{
		Kind:             model.ProbeTCP,
		Interval:         orDefault(p.Interval, defaultInterval),
		Timeout:          orDefault(p.Timeout, defaultTimeout),
		FailureThreshold: r.threshold(path.Child("failureThreshold"), p.FailureThreshold, defaultFailureThreshold),
		SuccessThreshold: r.threshold(path.Child("successThreshold"), p.SuccessThreshold, defaultSuccessThreshold),
	}
	if out.Interval < leastProbeInterval {
		r.error("OutOfRange", path.Child("interval"), fmt.Sprintf("interval %s is too short for the endpoints probed", out.Interval),
			fmt.Sprintf("write %s or more", leastProbeInterval))
	}
	r.probeTimeout(path.Child("timeout"), out)
	r.probePort(path.Child("port"), p.Port, out, w)
	r.probeKind(path, p, out)
	return out
}

// probeTimeout checks the bounds, and warns of probes that wait so long that
// thresholds mean little.
func (r *report) probeTimeout(path *field.Path, p *model.Probe) {
	switch {
	case p.Timeout <= 0:
		r.error("OutOfRange", path, fmt.Sprintf("timeout %s is not a positive duration", p.Timeout), "write a duration such as 1s")
		return
	case p.Timeout > mostProbeTimeout:
		r.error("OutOfRange", path, fmt.Sprintf("timeout %s is too long for one probe, which others wait for", p.Timeout),
			fmt.Sprintf("write %s or less", mostProbeTimeout))
		return
	case p.Timeout <= p.Interval*time.Duration(p.FailureThreshold):
		return
	}
	r.warn("TimeoutLong", path, fmt.Sprintf("an endpoint that hangs is taken down after %s only: %d probes in a row wait for %s each",
		p.Timeout*time.Duration(p.FailureThreshold), p.FailureThreshold, p.Timeout), fmt.Sprintf("write %s or less", p.Interval))
}

// probePort says where endpoints are probed. One that is not written is where each
// of them serves the first TCP port; the names of type ExternalName serve none, so
// that it is fixed here.
func (r *report) probePort(path *field.Path, n int32, p *model.Probe, w *Wanted) {
	if n != 0 {
		if !validPort(n) {
			r.error("InvalidPort", path, fmt.Sprintf("port %d is out of range", n), "write a number from 1 to 65535")
			return
		}
		p.Port = uint16(n)
		return
	}
	for _, port := range w.Ports {
		if port.Protocol != model.TCP {
			continue
		}
		if w.Type == model.ExternalName {
			p.Port = port.TargetPort
		}
		return
	}
	what := "there are no ports"
	if len(w.Ports) > 0 {
		what = portStrings(w.Ports) + " is none"
	}
	r.error("ProbePortMissing", path, "probes go to a TCP port, and "+what, "write the number of one in probe: {port: 5432}")
}

// probeKind finds out which kind of probe it is, and what that has to be told.
func (r *report) probeKind(path *field.Path, p *v1alpha1.Probe, out *model.Probe) {
	var set []string
	for _, k := range []struct {
		kind model.ProbeKind
		set  bool
	}{
		{model.ProbeTCP, p.TCP != nil},
		{model.ProbeTLS, p.TLS != nil},
		{model.ProbeHTTP, p.HTTP != nil},
		{model.ProbeGRPC, p.GRPC != nil},
		{model.ProbePostgres, p.Postgres != nil},
		{model.ProbeMySQL, p.MySQL != nil},
		{model.ProbeRedis, p.Redis != nil},
	} {
		if k.set {
			out.Kind = k.kind
			set = append(set, string(k.kind))
		}
	}
	if len(set) > 1 {
		r.error("ProbeAmbiguous", path, "a probe has at most one of tcp, tls, http, grpc, postgres, mysql and redis; this one has "+strings.Join(set, " and "), "write one")
		return
	}
	path = path.Child(string(out.Kind))
	switch out.Kind {
	case model.ProbeTCP:
	case model.ProbeTLS:
		r.probeTLS(path, p.TLS.ServerName, p.TLS.CABundle, out)
	case model.ProbeHTTP:
		r.probeHTTP(path, p.HTTP, out)
	case model.ProbeGRPC:
		out.HealthService = p.GRPC.Service
		r.optionalTLS(path.Child("tls"), p.GRPC.TLS, out)
	case model.ProbePostgres:
		r.probeSQL(path, p.Postgres.Role, p.Postgres.CredentialsSecretRef, p.Postgres.Database, out)
		if out.Role != model.AnyRole && out.Database == "" {
			out.Database = "postgres"
		}
	case model.ProbeMySQL:
		r.probeSQL(path, p.MySQL.Role, p.MySQL.CredentialsSecretRef, p.MySQL.Database, out)
	case model.ProbeRedis:
		r.probeLogin(path, p.Redis.Role, p.Redis.CredentialsSecretRef, out)
		r.optionalTLS(path.Child("tls"), p.Redis.TLS, out)
	}
}

func orDefault(d *metav1.Duration, unset time.Duration) time.Duration {
	if d == nil {
		return unset
	}
	return d.Duration
}

func (r *report) threshold(path *field.Path, n int32, unset int) int {
	if n < 0 {
		r.error("OutOfRange", path, fmt.Sprintf("a threshold of %d is negative", n), "write 1 or more")
	}
	if n <= 0 {
		return unset
	}
	return int(n)
}
