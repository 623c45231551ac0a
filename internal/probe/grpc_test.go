package probe

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
)

// h2c is a server of HTTP/2 without TLS.
func h2c(t *testing.T, handler http.HandlerFunc) netip.AddrPort {
	t.Helper()
	s := httptest.NewUnstartedServer(handler)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return netip.MustParseAddrPort(s.Listener.Addr().String())
}

// TestGRPCAnswers: answers that no gRPC server gives, and those of proxies.
func TestGRPCAnswers(t *testing.T) {
	type trailer map[string]string
	rows := []struct {
		name        string
		status      int
		contentType string
		body        string
		end         trailer
		reason      string
		word        string
	}{
		{"serving", 200, "application/grpc+proto", "\x00\x00\x00\x00\x02\x08\x01", trailer{"Grpc-Status": "0"}, "", ""},
		{"serving, and more", 200, "application/grpc", "\x00\x00\x00\x00\x07\x12\x01x\x08\x01\x18\x05", trailer{"Grpc-Status": "0"}, "", ""},
		{"a status that is not known", 200, "application/grpc", "\x00\x00\x00\x00\x02\x08\x03", trailer{"Grpc-Status": "0"}, model.ProbeNotServing, "status 3"},
		{"an empty message", 200, "application/grpc", "\x00\x00\x00\x00\x00", trailer{"Grpc-Status": "0"}, model.ProbeNotServing, "UNKNOWN"},
		{"no message", 200, "application/grpc", "", trailer{"Grpc-Status": "0"}, model.ProbeProtocol, "not a message"},
		{"a message cut short", 200, "application/grpc", "\x00\x00\x00\x00\x02\x08", trailer{"Grpc-Status": "0"}, model.ProbeProtocol, "not a message"},
		{"a compressed message", 200, "application/grpc", "\x01\x00\x00\x00\x02\x08\x01", trailer{"Grpc-Status": "0"}, model.ProbeProtocol, "not a message"},
		{"no status", 200, "application/grpc", "\x00\x00\x00\x00\x02\x08\x01", nil, model.ProbeProtocol, "without a status"},
		{"a status that is no number", 200, "application/grpc", "", trailer{"Grpc-Status": "OK"}, model.ProbeProtocol, "without a status"},
		{"a message that is not encoded", 200, "application/grpc", "", trailer{"Grpc-Status": "14", "Grpc-Message": "100%"}, model.ProbeNotServing, "100%"},
		{"not gRPC", 200, "text/html", "hello", nil, model.ProbeProtocol, "not in gRPC"},
		{"404", 404, "text/plain", "", nil, model.ProbeProtocol, "404 Not Found"},
		{"502", 502, "text/html", "", nil, model.ProbeNotServing, "502 Bad Gateway"},
		{"403", 403, "text/html", "", nil, model.ProbeAuthentication, "403 Forbidden"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			addr := h2c(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost || r.URL.Path != "/grpc.health.v1.Health/Check" || r.Header.Get("Te") != "trailers" || r.Header.Get("User-Agent") != agent {
					t.Errorf("asked %s %s with %v", r.Method, r.URL, r.Header)
				}
				w.Header().Set("Content-Type", row.contentType)
				w.WriteHeader(row.status)
				_, _ = w.Write([]byte(row.body))
				for k, v := range row.end {
					w.Header().Set(http.TrailerPrefix+k, v)
				}
			})
			spec := model.Probe{Kind: model.ProbeGRPC}
			if row.reason == "" {
				up(t, prober(), spec, at(addr))
			} else {
				down(t, prober(), spec, at(addr), row.reason, row.word)
			}
		})
	}
}

// TestGRPCWithoutHTTP2: servers of HTTP/1.1, with and without TLS.
func TestGRPCWithoutHTTP2(t *testing.T) {
	root := authority.New(t, "Root")
	pair := root.Issue([]string{"127.0.0.1"})
	down(t, prober(), model.Probe{Kind: model.ProbeGRPC}, at(newWeb(t, nil, status(200)).addr), model.ProbeProtocol, "HTTP/2")
	spec := model.Probe{Kind: model.ProbeGRPC, TLS: true, CABundle: root.PEM()}
	down(t, prober(), spec, at(serveTLS(t, with(pair), "")), model.ProbeProtocol, "does not agree on h2")
}
