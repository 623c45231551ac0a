package model

import (
	"net/netip"
	"time"
)

// ProbeKind says how an endpoint is asked whether it is up.
type ProbeKind string

// The kinds of probes.
const (
	// ProbeTCP succeeds when a connection is accepted.
	ProbeTCP ProbeKind = "tcp"
	// ProbeTLS succeeds when a handshake verifies: name, chain and validity.
	ProbeTLS ProbeKind = "tls"
	// ProbeHTTP succeeds when a response has an expected status.
	ProbeHTTP ProbeKind = "http"
	// ProbeGRPC succeeds when the gRPC health protocol says SERVING.
	ProbeGRPC ProbeKind = "grpc"
	// ProbePostgres succeeds when a PostgreSQL server accepts connections, as
	// pg_isready has it, and has the wanted role.
	ProbePostgres ProbeKind = "postgres"
	// ProbeMySQL is the same for MySQL and MariaDB.
	ProbeMySQL ProbeKind = "mysql"
	// ProbeRedis is the same for Redis and Valkey.
	ProbeRedis ProbeKind = "redis"
)

// Role is what a database server must be to count as up.
type Role string

// The roles. AnyRole asks for none.
const (
	AnyRole Role = ""
	// RolePrimary takes writes.
	RolePrimary Role = "primary"
	// RoleReplica follows a primary and takes reads only.
	RoleReplica Role = "replica"
)

// Probe says how the endpoints of a service are watched. Package convert fills
// the defaults in.
type Probe struct {
	Kind ProbeKind `json:"kind"`
	// Interval is from the beginning of one probe of an endpoint to that of the
	// next, Timeout how long one may take.
	Interval time.Duration `json:"interval"`
	Timeout  time.Duration `json:"timeout"`
	// FailureThreshold failures in a row take an endpoint down, SuccessThreshold
	// successes in a row bring it back.
	FailureThreshold int `json:"failureThreshold"`
	SuccessThreshold int `json:"successThreshold"`
	// Port is where endpoints are probed; 0 is their first TCP port.
	Port uint16 `json:"port,omitempty"`

	// TLS says whether TLS is spoken by http, grpc and redis probes; a tls probe does
	// anyway. ServerName is the name that the certificate must
	// have; empty is the target's hostname. CABundle is PEM; empty means the
	// machine's roots.
	TLS        bool   `json:"tls,omitempty"`
	ServerName string `json:"serverName,omitempty"`
	CABundle   string `json:"-"`

	// Host is the Host header of an HTTP probe; empty is the target's hostname, or
	// its address and port. Path begins with a slash. Statuses are those expected;
	// none means 200 to 399.
	Host            string   `json:"host,omitempty"`
	Path            string   `json:"path,omitempty"`
	Headers         []Header `json:"-"`
	Statuses        []int    `json:"statuses,omitempty"`
	FollowRedirects bool     `json:"followRedirects,omitempty"`

	// HealthService is what a gRPC probe asks about; empty is the whole server.
	HealthService string `json:"healthService,omitempty"`

	// Role is what a postgres, mysql or redis probe wants the server to be. To ask
	// takes credentials, except of a Redis without a password.
	Role Role `json:"role,omitempty"`
	// Credentials names the Secret with username and password, in the service's
	// namespace. The Secret itself is never part of the nouns.
	Credentials string `json:"credentials,omitempty"`
	// Database is what a postgres or mysql probe connects to.
	Database string `json:"database,omitempty"`
}

// Exclusive reports whether only one endpoint can truly be up: a database has one
// writable primary.
func (p *Probe) Exclusive() bool { return p != nil && p.Role == RolePrimary }

// Header is one field of an HTTP request.
type Header struct {
	Name, Value string
}

// Check is one endpoint to probe. It is comparable.
type Check struct {
	Addr netip.AddrPort
	// Name is the target's hostname, for TLS and Host; empty where it has none.
	Name string
}

// Result is what a probe of an endpoint said, and when.
type Result struct {
	Check Check
	// Began is when the probe began, Took how long it lasted.
	Began time.Time
	Took  time.Duration
	// Up is whether it succeeded. If not, Reason is one CamelCase word for
	// machines, and Detail says it to a person.
	Up             bool
	Reason, Detail string
	// Certain says that the endpoint itself answered, and that what it said is no
	// fault that may pass with the next try: I am no primary. Thresholds are for
	// the others.
	Certain bool
	// Inconclusive says that the prober itself was not able to ask: it has no socket
	// left, no login to be had, or nothing that can be asked. That says nothing of the
	// endpoint. Reason and Detail are set as for a failure; Up is false.
	Inconclusive bool
	// Warning is what a person should know although it is up: a certificate that
	// soon expires. Empty for none.
	Warning string
}

// The reasons of probes that failed.
const (
	// ProbeRefused: nothing listens there.
	ProbeRefused = "ConnectionRefused"
	// ProbeTimeout: there was no answer in time.
	ProbeTimeout = "Timeout"
	// ProbeUnreachable: there is no way to the address.
	ProbeUnreachable = "Unreachable"
	// ProbeReset: the connection was closed or reset before an answer.
	ProbeReset = "ConnectionReset"
	// ProbeCertificate: the certificate is not for that name, not trusted, or not
	// valid now.
	ProbeCertificate = "CertificateInvalid"
	// ProbeHandshake: TLS failed in another way.
	ProbeHandshake = "TLSHandshakeFailed"
	// ProbeProtocol: what came back is not of the protocol.
	ProbeProtocol = "ProtocolError"
	// ProbeStatus: an HTTP status that is not expected.
	ProbeStatus = "UnexpectedStatus"
	// ProbeNotServing: gRPC health says so, or a database that starts, stops,
	// recovers or has no connection left.
	ProbeNotServing = "NotServing"
	// ProbeNotPrimary: the server is a replica, or read-only.
	ProbeNotPrimary = "NotPrimary"
	// ProbeNotReplica: the server is a primary.
	ProbeNotReplica = "NotReplica"
	// ProbeAuthentication: the server does not take the credentials.
	ProbeAuthentication = "AuthenticationFailed"
	// ProbeCredentials: there are no credentials to be had.
	ProbeCredentials = "CredentialsMissing"
	// ProbeNotAsked: the prober's machine has no file, port or memory left to ask with.
	// Such a result is Inconclusive.
	ProbeNotAsked = "NotAsked"
)

// Verdict is what is held of an endpoint.
type Verdict string

// The verdicts.
const (
	// Unjudged: too few probes have ended.
	Unjudged Verdict = ""
	Up       Verdict = "Up"
	Down     Verdict = "Down"
)

// Health is what the probes of one endpoint have said so far. Its zero value is
// that of an endpoint that was never probed.
type Health struct {
	Verdict Verdict
	// Since is when the verdict became that.
	Since time.Time
	// Successes and Failures count those in a row; one of them is 0.
	Successes, Failures int
	// SuccessAt is when the last probe that succeeded began; zero if none did.
	// FailingSince is when the first of the failures began that took it down, or
	// may; zero while nothing fails.
	SuccessAt, FailingSince time.Time
	// SucceedingSince is when the first of the last successes in a row began, and
	// FailedAt when the last probe that failed did; zero if none did.
	SucceedingSince, FailedAt time.Time
	// Reason and Detail are those of the failure that took it down, and Certain is
	// whether that was its own answer. Empty while it is up.
	Reason, Detail string
	Certain        bool
	// Warning is that of the last success.
	Warning string
	// Unasked counts the inconclusive probes since the last one that was not. Once they
	// are as many as the failures that take an endpoint down, UnaskedReason and
	// UnaskedDetail are those of the last one; empty before.
	Unasked                      int
	UnaskedReason, UnaskedDetail string
}
