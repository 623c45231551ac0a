//go:build linux

package differential

// difference is a way in which Fairlead answers otherwise than CoreDNS, on
// purpose.
type difference struct {
	// name and reason stand in docs/dns.md, word for word.
	name, reason string
	// covers reports whether the difference explains why two replies to a probe
	// differ in these aspects. It is as narrow as can be.
	covers func(p *probe, coredns, fairlead reply, in []aspect) bool
}

func differences() []difference {
	return nil
}
