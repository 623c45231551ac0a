package probe

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"fairlead.dev/internal/model"
)

// healthPath is the method of the health protocol
// (github.com/grpc/grpc/blob/master/doc/health-checking.md).
const healthPath = "/grpc.health.v1.Health/Check"

// grpc succeeds when the health protocol says SERVING.
func (a *attempt) grpc(ctx context.Context) error {
	c, err := a.open(ctx, "h2")
	if err != nil {
		return err
	}
	defer c.Close()
	scheme := "http"
	if secure, ok := c.(*tls.Conn); ok {
		if secure.ConnectionState().NegotiatedProtocol != "h2" {
			return fail(model.ProbeProtocol, "does not speak HTTP/2, which gRPC needs: the TLS handshake does not agree on h2")
		}
		scheme = "https"
	}
	resp, body, err := a.callHealth(ctx, c, scheme)
	switch {
	case err != nil && network(err):
		return err
	case err != nil && a.conn.lost.Load(): // net/http says that there is no connection
		return io.EOF
	case err != nil: // the error has numbers of streams and frames in it
		return fail(model.ProbeProtocol, "does not speak HTTP/2, which gRPC needs: is it the right port, and does it want TLS?")
	case resp.StatusCode != http.StatusOK:
		return grpcHTTPStatus(resp.StatusCode)
	case !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/grpc"):
		return fail(model.ProbeProtocol, "answers in HTTP/2, but not in gRPC: is it the right port?")
	}
	code, message := resp.Trailer.Get("Grpc-Status"), resp.Trailer.Get("Grpc-Message")
	if code == "" { // an answer of trailers only, which come as a header
		code, message = resp.Header.Get("Grpc-Status"), resp.Header.Get("Grpc-Message")
	}
	return a.health(code, message, body)
}

// callHealth calls the method on c: HTTP/2 by net/http, the messages by hand.
func (a *attempt) callHealth(ctx context.Context, c net.Conn, scheme string) (*http.Response, []byte, error) {
	use := func(context.Context, string, string) (net.Conn, error) { return c, nil }
	t := &http.Transport{
		DialContext: use, DialTLSContext: use, Protocols: new(http.Protocols),
		DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
	}
	t.Protocols.SetHTTP2(true)
	t.Protocols.SetUnencryptedHTTP2(true)
	cc, err := t.NewClientConn(ctx, scheme, a.check.Addr.String())
	if err != nil {
		return nil, nil, err
	}
	defer cc.Close()
	message := healthRequest(a.spec.HealthService)
	req := &http.Request{
		Method: http.MethodPost, URL: &url.URL{Scheme: scheme, Host: a.authority(scheme), Path: healthPath},
		Header: http.Header{
			"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "User-Agent": {agent},
		},
		Body: io.NopCloser(bytes.NewReader(message)), ContentLength: int64(len(message)),
	}
	resp, err := cc.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	return resp, body, err
}
