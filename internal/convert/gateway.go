package convert

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/model"
)

// The defaults of a gateway.
const (
	defaultDrainTimeout   = 5 * time.Minute
	defaultConnectTimeout = 3 * time.Second
	defaultIdleTimeout    = time.Hour
	defaultMaxHeader      = 64 << 10
)

// The words of a gateway.
const (
	roundRobin       = "RoundRobin"
	leastConnections = "LeastConnections"
	downDrain        = "Drain"
	downClose        = "Close"
	proxyV1          = "V1"
	proxyV2          = "V2"
	modeTerminate    = "Terminate"
	modePassthrough  = "Passthrough"
	forwardedAppend  = "Append"
	forwardedRemove  = "Remove"
	kindConfigMap    = "ConfigMap"
	kindSecret       = "Secret"
)

// gateway fills in the defaults and checks the bounds. Nil stays nil.
func (r *report) gateway(g *v1alpha1.Gateway, w *Wanted) *model.Gateway {
	if g == nil {
		return nil
	}
	path := at("spec", "gateway")
	if w.Type != model.ClusterIP {
		r.error("GatewayMisplaced", path, fmt.Sprintf("a gateway is behind a virtual IP, and type %s has none", w.Type),
			"write type: ClusterIP, or leave gateway out")
		return nil
	}
	if r.c.in.NoGateway {
		r.error("GatewayMissing", path, "the controller knows of no gateway: nothing would speak for this service", "install it with gateway.enabled=true (docs/install.md), or leave gateway out")
		return nil
	}
	r.oneOf(path.Child("loadBalancing"), g.LoadBalancing, roundRobin, leastConnections)
	r.oneOf(path.Child("onTargetDown"), g.OnTargetDown, downDrain, downClose)
	r.oneOf(path.Child("proxyProtocol"), g.ProxyProtocol, proxyV1, proxyV2)
	out := &model.Gateway{
		LeastConnections: g.LoadBalancing == leastConnections, CloseOnDown: g.OnTargetDown == downClose,
		DrainTimeout: orDefault(g.DrainTimeout, defaultDrainTimeout), ConnectTimeout: orDefault(g.ConnectTimeout, defaultConnectTimeout),
		IdleTimeout: orDefault(g.IdleTimeout, defaultIdleTimeout), MaxConnections: int(g.MaxConnections),
		ProxyProtocol: slices.Index([]string{"", proxyV1, proxyV2}, g.ProxyProtocol),
	}
	r.positive(path.Child("drainTimeout"), out.DrainTimeout, true, "5m")
	r.positive(path.Child("connectTimeout"), out.ConnectTimeout, false, "3s")
	r.positive(path.Child("idleTimeout"), out.IdleTimeout, false, "1h")
	if g.MaxConnections < 0 {
		r.error("OutOfRange", path.Child("maxConnections"), fmt.Sprintf("maxConnections %d is negative", g.MaxConnections), "write 1 or more, or leave it out")
	}
	out.Listeners = r.listeners(path.Child("listeners"), g, w)
	out.BackendTLS = r.backendTLS(path.Child("backendTLS"), g.BackendTLS)
	out.HTTP = r.gatewayHTTP(path.Child("http"), g.HTTP)
	r.proxyProtocol(path.Child("proxyProtocol"), g.ProxyProtocol, out)
	r.pointless(path, g, w, out)
	return out
}

// positive checks a duration that is there.
func (r *report) positive(path *field.Path, d time.Duration, zero bool, example string) {
	if d < 0 || d == 0 && !zero {
		name := path.String()[strings.LastIndexByte(path.String(), '.')+1:]
		r.error("OutOfRange", path, fmt.Sprintf("%s %s is not a positive duration", name, d), "write a duration such as "+example)
	}
}

// proxyProtocol checks that the header has a connection of one client to stand in.
func (r *report) proxyProtocol(path *field.Path, version string, g *model.Gateway) {
	if version == "" {
		return
	}
	for _, l := range g.Listeners {
		switch l.Protocol {
		case model.ListenHTTP, model.ListenHTTPS:
			r.error("ProxyProtocolMisplaced", path, "requests of several clients share a connection to a target, and the PROXY protocol names one client of a connection",
				"write http: {forwarded: Append} instead, or leave it out")
			return
		case model.ListenUDP:
			r.error("ProxyProtocolMisplaced", path, "datagrams have no connection for the PROXY protocol to stand in", "leave it out")
			return
		case model.ListenTCP, model.ListenTLS, model.ListenPostgres:
		}
	}
}

// unusedHint is what to do about backendTLS where datagrams are, beside TCP or alone.
func unusedHint(tcp bool) string {
	if tcp {
		return "have clients and targets encrypt them (DTLS, QUIC), or write an ExternalService of their own"
	}
	return "leave it out"
}

// pointless warns of what decides nothing, and of what is dangerous.
func (r *report) pointless(path *field.Path, g *v1alpha1.Gateway, w *Wanted, out *model.Gateway) {
	http, tcp := false, false
	for i, l := range out.Listeners {
		http = http || l.Protocol == model.ListenHTTP || l.Protocol == model.ListenHTTPS
		tcp = tcp || l.Protocol != model.ListenUDP
		if l.Protocol == model.ListenTLS && l.Passthrough && out.BackendTLS != nil {
			r.error("TLSTwice", path.Child("backendTLS"), fmt.Sprintf("the listener of port %d passes the clients' TLS through, and backendTLS would wrap it in another one", w.Ports[i].Port),
				"write mode: Terminate with a certificate, or leave backendTLS out")
		}
	}
	if g.HTTP != nil && !http {
		r.warn("HTTPUnused", path.Child("http"), "http is for listeners of HTTP and HTTPS, and there is none", "write listeners: [{port: 80, protocol: HTTP}], or leave http out")
	}
	if out.BackendTLS == nil {
		return
	}
	for i, l := range out.Listeners {
		if l.Protocol == model.ListenUDP {
			r.warn("BackendTLSUnused", path.Child("backendTLS"), fmt.Sprintf("backendTLS is for connections: the datagrams of port %d go out as they are", w.Ports[i].Port), unusedHint(tcp))
		}
	}
	if out.BackendTLS.Insecure {
		r.warn("InsecureTLS", path.Child("backendTLS", "insecureSkipVerify"), "whoever answers at a target's address is trusted: anybody on the way can read and change what is sent",
			"leave it out, and name the authority's certificates in caCertificateRefs")
	}
}
