package probe

import (
	"testing"

	"fairlead.dev/internal/model"
	"fairlead.dev/test/authority"
	"fairlead.dev/test/servers"
)

// TestRealGRPC holds the probe against the gRPC project's own server.
func TestRealGRPC(t *testing.T) {
	bin := servers.Build(t, "grpchealth")
	plain := at(launchBuilt(t, bin))
	spec := model.Probe{Kind: model.ProbeGRPC}
	about := func(service string) model.Probe {
		s := spec
		s.HealthService = service
		return s
	}
	up(t, prober(), spec, plain)
	up(t, prober(), about("sound"), plain)
	up(t, prober(), spec, model.Check{Addr: plain.Addr, Name: "api.example.com"})
	down(t, prober(), about("sick"), plain, model.ProbeNotServing, `NOT_SERVING about the health of "sick"`)
	down(t, prober(), about("odd"), plain, model.ProbeNotServing, `UNKNOWN about the health of "odd"`)
	down(t, prober(), about("absent"), plain, model.ProbeNotServing, `"absent"`, "grpc.service")

	bare := at(launchBuilt(t, bin, "-bare"))
	down(t, prober(), spec, bare, model.ProbeProtocol, "no health service")
	for code, row := range map[string]struct{ reason, word string }{
		"16": {model.ProbeAuthentication, "as told, 100% sure: ü"},
		"7":  {model.ProbeAuthentication, "without a login"},
		"14": {model.ProbeNotServing, "status 14 of gRPC: as told, 100% sure: ü"},
		"13": {model.ProbeNotServing, "status 13"},
	} {
		down(t, prober(), spec, at(launchBuilt(t, bin, "-code", code)), row.reason, row.word)
	}

	root := authority.New(t, "Root")
	cert, key := authority.WritePair(t, t.TempDir(), root.Issue([]string{"api.example.com"}))
	secure := model.Check{Addr: launchBuilt(t, bin, "-cert", cert, "-key", key), Name: "api.example.com"}
	down(t, prober(), spec, secure, model.ProbeReset)
	spec.TLS, spec.CABundle = true, root.PEM()
	up(t, prober(), spec, secure)
	down(t, prober(), about("sick"), secure, model.ProbeNotServing, "NOT_SERVING")
	secure.Name = "db.example.com"
	down(t, prober(), spec, secure, model.ProbeCertificate, "not for db.example.com")
	down(t, prober(), spec, plain, model.ProbeProtocol, "does not speak TLS")
}
