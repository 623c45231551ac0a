package wire

import "fairlead.dev/internal/model"

// Gateway is how Fairlead's relay speaks for a service.
type Gateway struct {
	// Listeners are those of the service's ports, in their order.
	Listeners []Listener `json:"listeners"`
	// BackendTLS is how targets are spoken to by TLS. Nil means that they are not.
	BackendTLS *BackendTLS `json:"backendTLS,omitempty"`
	// LoadBalancing is RoundRobin or LeastConnections.
	LoadBalancing string `json:"loadBalancing"`
	// OnTargetDown is Drain, for DrainTimeout, or Close.
	OnTargetDown string   `json:"onTargetDown"`
	DrainTimeout Duration `json:"drainTimeout,omitzero"`
	// ProxyProtocol is V1 or V2 where targets are told by a header who the client is.
	ProxyProtocol string `json:"proxyProtocol,omitempty"`
}

// Listener is what the clients of one port speak.
type Listener struct {
	Port     uint16 `json:"port"`
	Protocol string `json:"protocol"`
	// TLS is Terminate where clients' TLS is ended, Passthrough where it goes on as it
	// is; empty otherwise.
	TLS string `json:"tls,omitempty"`
}

// BackendTLS is how targets are spoken to by TLS.
type BackendTLS struct {
	// Hostname is the name for SNI and for the certificate; empty is each target's own.
	Hostname string `json:"hostname,omitempty"`
	// Verified says whether whom the certificate is not for is sent nothing.
	Verified bool `json:"verified"`
}

func fromGateway(s model.Service) *Gateway {
	g := s.Gateway
	if g == nil {
		return nil
	}
	out := &Gateway{LoadBalancing: "RoundRobin", OnTargetDown: "Drain", DrainTimeout: Duration(g.DrainTimeout)}
	if g.LeastConnections {
		out.LoadBalancing = "LeastConnections"
	}
	if g.CloseOnDown {
		out.OnTargetDown, out.DrainTimeout = "Close", 0
	}
	out.ProxyProtocol = map[int]string{1: "V1", 2: "V2"}[g.ProxyProtocol]
	for i, l := range g.Listeners {
		out.Listeners = append(out.Listeners, fromListener(s.Ports[i], l))
	}
	if b := g.BackendTLS; b != nil {
		out.BackendTLS = &BackendTLS{Hostname: b.Hostname, Verified: !b.Insecure}
	}
	return out
}

func fromListener(p model.Port, l model.Listener) Listener {
	out := Listener{Port: p.Port, Protocol: string(l.Protocol)}
	switch {
	case l.Passthrough:
		out.TLS = "Passthrough"
	case len(l.Certificates) > 0:
		out.TLS = "Terminate"
	}
	return out
}
