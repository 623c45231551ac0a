package convert

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// hostname checks the hostname of a target.
func (r *report) hostname(path *field.Path, name string) bool {
	if looksLikeIP(name) {
		r.error("HostnameIsIP", path, fmt.Sprintf("%s is an IP address, not a hostname", name), "write addresses: ["+name+"] instead of hostname")
		return false
	}
	return r.outsideName(path, name, name)
}

// srv checks an SRV owner name: _service._protocol.domain.
func (r *report) srv(path *field.Path, name string) bool {
	labels := strings.SplitN(name, ".", 3)
	if len(labels) < 3 || !underscored(labels[0]) || !underscored(labels[1]) {
		r.error("InvalidHostname", path, fmt.Sprintf("%q is not an SRV name", name), "write _SERVICE._PROTOCOL.DOMAIN, such as _postgres._tcp.example.com; for a plain name write hostname")
		return false
	}
	if len(name) > validation.DNS1123SubdomainMaxLength {
		r.error("InvalidHostname", path, fmt.Sprintf("%q is not a DNS name: %s", name, validation.MaxLenError(validation.DNS1123SubdomainMaxLength)), "write the name that the outside DNS knows")
		return false
	}
	return r.outsideName(path, name, labels[2])
}

func underscored(label string) bool {
	rest, ok := strings.CutPrefix(label, "_")
	return ok && plainLabel(rest)
}

// outsideName checks host, which is name or a part of it.
func (r *report) outsideName(path *field.Path, name, host string) bool {
	if why, hint := badHostname(host); why != "" {
		r.error("InvalidHostname", path, fmt.Sprintf("%q %s", name, why), hint)
		return false
	}
	if !strings.Contains(host, ".") {
		r.error("InvalidHostname", path, fmt.Sprintf("%q has one label only, and what it means depends on who asks", name), "write the whole name, such as "+host+".example.com")
		return false
	}
	if inDomain(host, r.c.in.ClusterDomain) {
		r.error("HostnameInCluster", path, fmt.Sprintf("%s is inside the cluster domain %s, and a target lives outside", name, r.c.in.ClusterDomain),
			"write the name that the outside DNS knows")
		return false
	}
	return true
}
