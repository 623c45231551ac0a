package convert

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// listeners returns what clients speak on each of the service's ports.
func (r *report) listeners(path *field.Path, g *v1alpha1.Gateway, w *Wanted) []model.Listener {
	out := make([]model.Listener, len(w.Ports))
	for i, p := range w.Ports {
		out[i] = model.Listener{Protocol: spoken(p)}
	}
	seen := make(map[int32]*field.Path, len(g.Listeners))
	for i := range g.Listeners {
		l, here := &g.Listeners[i], path.Index(i)
		if first, twice := seen[l.Port]; twice {
			r.error("ListenersClash", here.Child("port"), fmt.Sprintf("port %d has a listener already, %s", l.Port, first), "write one for each port")
			continue
		}
		seen[l.Port] = here
		at := portOf(w.Ports, l)
		if at < 0 {
			r.error("UnknownPort", here.Child("port"), fmt.Sprintf("the service has no port %d for %s", l.Port, transport(l.Protocol)),
				"write the number of one of its ports, and protocol: UDP for UDP alone")
			continue
		}
		out[at] = r.listener(here, l)
	}
	return out
}

// spoken is what the clients of a port speak that has no listener.
func spoken(p model.Port) model.ListenerProtocol {
	switch {
	case p.Protocol == model.UDP:
		return model.ListenUDP
	case p.AppProtocol == "http", p.AppProtocol == "grpc", p.AppProtocol == appH2C, p.AppProtocol == "kubernetes.io/ws":
		return model.ListenHTTP
	case p.AppProtocol == "postgres", p.AppProtocol == "postgresql":
		return model.ListenPostgres
	}
	return model.ListenTCP
}

// appH2C is HTTP/2 by prior knowledge (KEP-3726).
const appH2C = "kubernetes.io/h2c"

func transport(protocol string) model.Protocol {
	if model.ListenerProtocol(protocol) == model.ListenUDP {
		return model.UDP
	}
	return model.TCP
}

// portOf is where the port of a listener stands; -1 if it does not.
func portOf(ports []model.Port, l *v1alpha1.GatewayListener) int {
	for i, p := range ports {
		if int32(p.Port) == l.Port && p.Protocol == transport(l.Protocol) {
			return i
		}
	}
	return -1
}

func (r *report) listener(path *field.Path, l *v1alpha1.GatewayListener) model.Listener {
	out := model.Listener{Protocol: model.ListenerProtocol(l.Protocol)}
	r.oneOf(path.Child("protocol"), l.Protocol, string(model.ListenTCP), string(model.ListenUDP), string(model.ListenTLS),
		string(model.ListenHTTP), string(model.ListenHTTPS), string(model.ListenPostgres))
	needs := out.Protocol == model.ListenTLS || out.Protocol == model.ListenHTTPS
	switch {
	case l.Protocol == "":
		r.error("ProtocolMissing", path.Child("protocol"), "a listener needs a protocol", "write what clients speak: protocol: HTTP")
	case l.TLS == nil && needs:
		r.error("CertificateMissing", path.Child("tls"), fmt.Sprintf("a listener of protocol %s needs a certificate", l.Protocol),
			"write tls: {certificateRefs: [{name: web-tls}]}; or, for TLS as it is, protocol: TLS and tls: {mode: Passthrough}")
	case l.TLS != nil && !needs && out.Protocol != model.ListenPostgres:
		r.error("TLSMisplaced", path.Child("tls"), "tls is for listeners of protocol TLS, HTTPS and Postgres", "write one of these, or leave tls out")
	case l.TLS != nil:
		r.listenerTLS(path.Child("tls"), l.TLS, &out)
	}
	return out
}

func (r *report) listenerTLS(path *field.Path, t *v1alpha1.ListenerTLS, out *model.Listener) {
	r.oneOf(path.Child("mode"), t.Mode, modeTerminate, modePassthrough)
	out.Passthrough = t.Mode == modePassthrough
	for i, ref := range t.CertificateRefs {
		r.secretName(path.Child("certificateRefs").Index(i).Child("name"), ref.Name)
		out.Certificates = append(out.Certificates, ref.Name)
	}
	switch {
	case out.Passthrough && out.Protocol == model.ListenHTTPS:
		r.error("TLSMisplaced", path.Child("mode"), "requests inside TLS that is passed through cannot be read", "write protocol: TLS")
	case out.Passthrough && out.Protocol == model.ListenPostgres:
		r.error("TLSMisplaced", path.Child("mode"), "PostgreSQL begins TLS inside a connection, which a listener of protocol Postgres ends", "for TLS as it is write protocol: TCP")
	case out.Passthrough && len(out.Certificates) > 0:
		r.error("CertificateUnused", path.Child("certificateRefs"), "TLS that is passed through shows the target's certificate", "leave certificateRefs out, or write mode: Terminate")
	case !out.Passthrough && len(out.Certificates) == 0:
		r.error("CertificateMissing", path.Child("certificateRefs"), "mode Terminate needs a certificate", "write certificateRefs: [{name: web-tls}], or mode: Passthrough")
	}
}
