package podenv

import (
	"slices"
	"strings"
)

// ResolvConf is the /etc/resolv.conf of a Pod with dnsPolicy ClusterFirst, as
// the kubelet has it written on a node whose own one is host: the namespace's
// search list before the node's, the cluster's DNS in place of the node's, and
// ndots:5 in place of the node's options. The kubelet reads only `search`;
// `domain`, which the C library takes for a search list of one, counts here too.
func ResolvConf(s Spec, host string) string {
	svc := "svc." + s.Domain
	search := []string{s.Namespace + "." + svc, svc, s.Domain}
	for _, d := range hostSearch(host) {
		// Inside another Pod's environment, that namespace's names would follow.
		if strings.HasSuffix("."+d, "."+svc) || slices.Contains(search, d) {
			continue
		}
		search = append(search, d)
	}
	return "search " + strings.Join(search, " ") + "\n" +
		"nameserver " + s.DNS.Addr().String() + "\n" +
		"options ndots:5\n"
}

// hostSearch is the search list in a resolv.conf: that of the last `search` or
// `domain`.
func hostSearch(conf string) []string {
	var search []string
	for line := range strings.Lines(conf) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		switch f[0] {
		case "search":
			search = f[1:]
		case "domain":
			search = f[1:min(len(f), 2)]
		}
	}
	var out []string
	for _, d := range search {
		// A lone dot is the root: names are tried as they stand anyway.
		if d = strings.TrimSuffix(d, "."); d != "" {
			out = append(out, d)
		}
	}
	return out
}

// nsswitch returns an /etc/nsswitch.conf whose host names come from /etc/hosts
// and DNS only, as in a container image, and whether host differs from that.
// Other sources (resolve, mdns, myhostname) answer without reading resolv.conf.
func nsswitch(host string) (conf string, differs bool) {
	var b strings.Builder
	for line := range strings.Lines(host) {
		text, _, _ := strings.Cut(line, "#")
		sources, ok := strings.CutPrefix(strings.TrimSpace(text), "hosts:")
		if ok && slices.ContainsFunc(strings.Fields(sources), bypasses) {
			differs = true
			line = "hosts: files dns\n"
		}
		b.WriteString(line)
	}
	return b.String(), differs
}

func bypasses(source string) bool { return source != "files" && source != "dns" }

// withoutOverrides takes out the variables by which the C library would
// overrule resolv.conf. A Pod has none of them.
func withoutOverrides(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return name == "LOCALDOMAIN" || name == "RES_OPTIONS" || name == "HOSTALIASES"
	})
}
