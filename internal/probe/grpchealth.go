package probe

import (
	"encoding/binary"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// The statuses of a grpc.health.v1.HealthCheckResponse.
const (
	healthUnknown    = 0
	healthServing    = 1
	healthNotServing = 2
)

// The codes of gRPC that say something about health.
const (
	grpcOK               = 0
	grpcNotFound         = 5
	grpcPermissionDenied = 7
	grpcUnimplemented    = 12
	grpcUnauthenticated  = 16
)

// healthRequest is a HealthCheckRequest in gRPC's frame: whether it is compressed,
// its length, and then the service as field 1.
func healthRequest(service string) []byte {
	var message []byte
	if service != "" {
		message = append(message, 1<<3|2)
		message = binary.AppendUvarint(message, uint64(len(service)))
		message = append(message, service...)
	}
	frame := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))
	return append(frame, message...)
}

var errHealth = errors.New("not a message of the health protocol")

// parseHealth reads a HealthCheckResponse in gRPC's frame: the status is field 1,
// and 0 where that is left out. Other fields are passed over.
func parseHealth(b []byte) (status uint64, err error) {
	if len(b) < 5 || b[0] != 0 || uint64(binary.BigEndian.Uint32(b[1:])) != uint64(len(b)-5) {
		return 0, errHealth
	}
	for b = b[5:]; len(b) > 0; {
		key, n := binary.Uvarint(b)
		if n <= 0 || key>>3 == 0 {
			return 0, errHealth
		}
		b = b[n:]
		var value uint64
		if value, b, err = field(b, key&7); err != nil {
			return 0, err
		}
		if key == 1<<3 {
			status = value
		}
	}
	return status, nil
}

// field reads the value of a field of that wire type. It is of use for varints only.
func field(b []byte, wire uint64) (value uint64, rest []byte, err error) {
	const varint, fixed64, delimited, fixed32 = 0, 1, 2, 5
	var size uint64
	switch wire {
	case varint, delimited:
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, nil, errHealth
		}
		if b = b[n:]; wire == varint {
			return v, b, nil
		}
		size = v
	case fixed64:
		size = 8
	case fixed32:
		size = 4
	default:
		return 0, nil, errHealth
	}
	if size > uint64(len(b)) {
		return 0, nil, errHealth
	}
	return 0, b[size:], nil
}

// health judges an answer: the status of gRPC, and the message that came with it.
func (a *attempt) health(code, message string, body []byte) error {
	about := "the whole server"
	if a.spec.HealthService != "" {
		about = strconv.Quote(a.spec.HealthService)
	}
	n, err := strconv.ParseUint(code, 10, 16)
	if err != nil {
		return fail(model.ProbeProtocol, "ends its answer without a status of gRPC")
	}
	if text, err := url.PathUnescape(message); err == nil {
		message = text
	}
	switch n {
	case grpcOK:
		return healthStatus(about, body)
	case grpcNotFound:
		return fail(model.ProbeNotServing, "does not know about the health of %s: name a service in grpc.service that its health server reports on", about)
	case grpcUnimplemented:
		return fail(model.ProbeProtocol, "has no health service: add grpc.health.v1.Health to the server, or probe by tcp")
	case grpcPermissionDenied, grpcUnauthenticated:
		return fail(model.ProbeAuthentication, "does not tell its health without a login: let its health service be called by anybody, or probe by tcp (%s)", trust.Clean(message))
	}
	return fail(model.ProbeNotServing, "answers the question about its health with status %d of gRPC: %s", n, trust.Clean(message))
}

func healthStatus(about string, body []byte) error {
	status, err := parseHealth(body)
	if err != nil {
		return fail(model.ProbeProtocol, "gives an answer that is %w", err)
	}
	switch status {
	case healthServing:
		return nil
	case healthNotServing:
		return fail(model.ProbeNotServing, "says NOT_SERVING about the health of %s", about)
	case healthUnknown:
		return fail(model.ProbeNotServing, "says UNKNOWN about the health of %s", about)
	}
	return fail(model.ProbeNotServing, "says status %d about the health of %s", status, about)
}

// grpcHTTPStatus judges an answer that is of HTTP only: of a proxy, mostly.
func grpcHTTPStatus(code int) error {
	text := http.StatusText(code)
	switch code {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return fail(model.ProbeNotServing, "answers HTTP status %d %s: a proxy in front of the server, perhaps", code, text)
	case http.StatusUnauthorized, http.StatusForbidden:
		return fail(model.ProbeAuthentication, "answers HTTP status %d %s", code, text)
	}
	return fail(model.ProbeProtocol, "answers HTTP status %d %s, and not in gRPC: is it the right port?", code, text)
}
