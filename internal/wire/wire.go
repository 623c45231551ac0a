// Package wire is the public form of a snapshot: what /snapshot.json says, and
// what fairlead status and the status page read.
//
// Names, times and conditions are spelled as kubectl's users expect: lower
// camel case, RFC 3339 in UTC, durations such as "5s", conditions with status
// "True" or "False" and a lastTransitionTime. Fields are only ever added;
// readers must ignore those that they do not know.
//
// The package does no I/O, reads no clock and decides nothing: [From] copies a
// [model.Snapshot], and [Summary] puts its conditions into one word.
package wire

import "time"

// Status is everything that one fairlead process knows: the body of
// /snapshot.json.
type Status struct {
	Info Info `json:"info"`
	// Generation counts the snapshots of the process from 1; 0 means that
	// nothing has been loaded yet.
	Generation uint64    `json:"generation"`
	At         time.Time `json:"at,omitzero"`
	// Domain is the cluster domain, without a trailing dot.
	Domain     string   `json:"domain"`
	Namespaces []string `json:"namespaces"`
	// Services are in the order of namespace, then name.
	Services []Published `json:"services"`
	Problems []Problem   `json:"problems"`
}

// Info is what a process says about itself.
type Info struct {
	Version string `json:"version"`
	// Started is when the process began to serve.
	Started time.Time `json:"started,omitzero"`
	// DNSAddress is where names are answered: 127.0.0.1:5353.
	DNSAddress string `json:"dnsAddress,omitempty"`
	// HTTPAddress is where this page is served.
	HTTPAddress string `json:"httpAddress,omitempty"`
	// Upstreams are the DNS servers that are asked for outside names.
	Upstreams []string `json:"upstreams,omitempty"`
	// ServiceCIDRs are where virtual IPs are taken from.
	ServiceCIDRs []string `json:"serviceCIDRs,omitempty"`
	// Paths are the files and folders that manifests are read from; those that are
	// relative, and the files of services, begin in Directory.
	Paths     []string `json:"paths,omitempty"`
	Directory string   `json:"directory,omitempty"`
}

// Published is one service, what was decided for it, and both in short.
type Published struct {
	Service  Service  `json:"service"`
	Decision Decision `json:"decision"`
	Summary  Summary  `json:"summary"`
}

// Problem is something about a manifest that its author should know.
type Problem struct {
	// Severity is Error, Warning or Info.
	Severity string `json:"severity"`
	Reason   string `json:"reason"`
	// Object is KIND NAMESPACE/NAME; empty when a whole file is meant.
	Object  string `json:"object,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// Namespace is the namespace of the object that the problem is about; empty
// when a whole file is meant.
func (p Problem) Namespace() string {
	return namespaceOf(p.Object)
}
