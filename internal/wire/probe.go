package wire

import (
	"net/netip"
	"time"
)

// Probe says how the endpoints of a service are watched. What may be secret, the
// headers of an HTTP probe, is left out.
type Probe struct {
	// Kind is tcp, tls, http, grpc, postgres, mysql or redis.
	Kind     string   `json:"kind"`
	Interval Duration `json:"interval"`
	Timeout  Duration `json:"timeout"`
	// FailureThreshold failures in a row take an endpoint down, SuccessThreshold
	// successes in a row bring it back.
	FailureThreshold int `json:"failureThreshold"`
	SuccessThreshold int `json:"successThreshold"`
	// Port is where endpoints are probed; 0 is their first TCP port.
	Port            uint16 `json:"port,omitempty"`
	TLS             bool   `json:"tls,omitempty"`
	ServerName      string `json:"serverName,omitempty"`
	Host            string `json:"host,omitempty"`
	Path            string `json:"path,omitempty"`
	Statuses        []int  `json:"statuses,omitempty"`
	FollowRedirects bool   `json:"followRedirects,omitempty"`
	// HealthService is what a gRPC probe asks about; empty is the whole server.
	HealthService string `json:"healthService,omitempty"`
	// Role is primary or replica; empty for any.
	Role string `json:"role,omitempty"`
	// CredentialsSecret is the name of the Secret with user name and password.
	CredentialsSecret string `json:"credentialsSecret,omitempty"`
	Database          string `json:"database,omitempty"`
}

// Failover says when a service moves between tiers.
type Failover struct {
	// Failback is Automatic or Manual; empty where nothing is probed.
	Failback string `json:"failback,omitempty"`
	// FailbackDelay is how long a better tier must be up first.
	FailbackDelay Duration `json:"failbackDelay,omitzero"`
	// WhenAllDown is KeepLast or Withdraw.
	WhenAllDown string `json:"whenAllDown,omitempty"`
	// MinimumReady is how many endpoints of a tier must be up for it to count as up.
	MinimumReady int `json:"minimumReady,omitempty"`
}

// The values of [Failover]'s fields.
const (
	failbackAutomatic = "Automatic"
	failbackManual    = "Manual"
	keepLast          = "KeepLast"
	withdraw          = "Withdraw"
)

// Pin is a person's word that a target is to be published, whatever probes say.
type Pin struct {
	Target string `json:"target"`
	// By is who said so, Reason why, At when; each may be unknown.
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at,omitzero"`
}

// Check is what probes say of one endpoint.
type Check struct {
	// Address is where it is probed: IP:PORT.
	Address netip.AddrPort `json:"address"`
	// Verdict is Up, Down or, while too few probes have ended, Unknown.
	Verdict string `json:"verdict"`
	// Since is when the verdict became that.
	Since time.Time `json:"since,omitzero"`
	// Reason and Message are those of the failure that took it down, or of a
	// warning that goes with it.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// The verdicts of a [Check].
const (
	Up        = "Up"
	Down      = "Down"
	NotJudged = "Unknown"
)

// Transition is one move from some targets to others.
type Transition struct {
	At time.Time `json:"at"`
	// From and To are the names of the targets before and after. From is empty for
	// the first ones.
	From []string `json:"from,omitempty"`
	To   []string `json:"to,omitempty"`
	// FromPriority and ToPriority are their tiers.
	FromPriority int    `json:"fromPriority"`
	ToPriority   int    `json:"toPriority"`
	Reason       string `json:"reason"`
	Message      string `json:"message"`
	// Took is how long it was from the first failed probe to the move; absent where
	// nothing failed.
	Took Duration `json:"took,omitzero"`
}
