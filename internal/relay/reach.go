package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// reach connects to the first of order that takes the connection and shows itself to
// be who it should be, and tells which that was. The error is why the last one did
// not; each was told to the hooks.
func (r *Relay) reach(rt *route, order []*endpoint, client net.Conn, offer alpn) (net.Conn, *endpoint, error) {
	var last error
	for len(order) > 0 {
		select {
		case <-r.cut:
			return nil, nil, errEnding
		default:
		}
		sock, end := r.dialNoting(rt, order, &last)
		if sock == nil {
			return nil, nil, last
		}
		conn, err := r.introduce(rt, end, sock, client, offer)
		if err == nil {
			return conn, end, nil
		}
		last = err
		order = without(order, end)
	}
	return nil, nil, last
}

// introduce is greet, and notes an endpoint that is not who it should be.
func (r *Relay) introduce(rt *route, end *endpoint, sock *socket, client net.Conn, offer alpn) (net.Conn, error) {
	conn, err := r.greet(rt, end, sock, client, offer)
	if err == nil {
		end.took()
		return conn, nil
	}
	sock.close()
	end.hold(r.cfg.Now().Add(r.cfg.HoldOff))
	r.cfg.Hooks.connectFailed(rt, end.addr, err)
	return nil, fmt.Errorf("%s %w", end.name(), err)
}

// dialNoting is dial, and notes the last error.
func (r *Relay) dialNoting(rt *route, order []*endpoint, last *error) (*socket, *endpoint) {
	sock, end := r.dial(rt, order)
	if sock == nil {
		*last = fmt.Errorf("%s does not take the connection", order[len(order)-1].name())
	}
	return sock, end
}

// errEnding is why nobody is connected to any more.
var errEnding = errors.New("fairlead is being stopped here: connect again")

// without is order from end on, without it. What comes before it was not as soon to take
// the connection, and is tried once more at last.
func without(order []*endpoint, end *endpoint) []*endpoint {
	i := slices.Index(order, end)
	return append(append([]*endpoint{}, order[i+1:]...), order[:i]...) // never nil
}

// name is how people know the endpoint.
func (e *endpoint) name() string {
	if e.host == "" {
		return e.addr.String()
	}
	return e.host + " (" + e.addr.String() + ")"
}

// greet says to an endpoint what comes before the client's own bytes: who the client
// is, and TLS.
func (r *Relay) greet(rt *route, end *endpoint, sock *socket, client net.Conn, offer alpn) (net.Conn, error) {
	g := rt.service.Gateway
	conn := newOutward(sock, end.addr)
	if g.BackendTLS == nil && g.ProxyProtocol == 0 {
		return conn, nil
	}
	if err := conn.SetDeadline(time.Now().Add(g.ConnectTimeout)); err != nil {
		return nil, fmt.Errorf("cannot be spoken to: %w", err)
	}
	if g.ProxyProtocol != 0 {
		if _, err := conn.Write(proxyHeader(g.ProxyProtocol, client)); err != nil {
			return nil, fmt.Errorf("does not take the PROXY header: %w", err)
		}
	}
	var out net.Conn = conn
	if g.BackendTLS != nil {
		secured, err := r.secure(rt, end, conn, offer)
		if err != nil {
			return nil, err
		}
		out = secured
	}
	return out, conn.SetDeadline(time.Time{})
}

// secure has the endpoint speak TLS and prove who it is.
func (r *Relay) secure(rt *route, end *endpoint, conn net.Conn, offer alpn) (*tls.Conn, error) {
	cfg, err := r.originate(rt, end, offer)
	if err != nil {
		return nil, err
	}
	if rt.listener.Protocol == model.ListenPostgres {
		if err := askPostgresTLS(conn); err != nil {
			return nil, err
		}
	}
	secured := tls.Client(conn, cfg)
	if err := secured.HandshakeContext(context.Background()); err != nil {
		if f := trust.Explain(err, cfg.ServerName, r.cfg.Now(), trust.Fields{Name: "backendTLS.hostname", CA: "backendTLS.caCertificateRefs"}); f != nil {
			return nil, f
		}
		if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
			return nil, &trust.Failure{Reason: model.ProbeTimeout, Says: fmt.Sprintf("takes more than %s for the TLS handshake, gateway.connectTimeout", rt.patience())}
		}
		return nil, &trust.Failure{Reason: model.ProbeHandshake, Says: "ends the connection in the TLS handshake: does it speak TLS there? (" + trust.Clean(cause(err).Error()) + ")"}
	}
	return secured, nil
}

// cause is what a network error is about, without addresses.
func cause(err error) error {
	for {
		inner, ok := err.(interface{ Unwrap() error })
		if !ok || inner.Unwrap() == nil {
			return err
		}
		err = inner.Unwrap()
	}
}
