package lab

import (
	"context"
	"fmt"
	"strings"
)

// Unplug pulls the host's cable: nothing reaches it, and nobody is told. After
// about three seconds its neighbours' kernels say "no route to host", since nobody
// answers their ARP.
func (h *Host) Unplug() error { return h.lab.sw.ip("link", "set", h.port, "down") }

// Plug undoes Unplug.
func (h *Host) Plug() error { return h.lab.sw.ip("link", "set", h.port, "up") }

// Remove takes the host off the network for good, so that its address is free
// for another one. What runs there goes on, unheard, until the lab ends.
func (h *Host) Remove() error { return h.lab.sw.ip("link", "delete", h.port) }

// cut drops all that comes and goes, but on the host itself. ARP is no IP packet
// and still answered.
const cut = `table inet cut {
	chain in { type filter hook input priority -300; policy drop; iifname "lo" accept; }
	chain out { type filter hook output priority -300; policy drop; oifname "lo" accept; }
}
`

// Cut has a firewall on the host drop every packet, in and out: no refusal, no
// reset, silence for ever.
func (h *Host) Cut() error { return h.nft(cut) }

// Mend undoes Cut.
func (h *Host) Mend() error { return h.nft("delete table inet cut\n") }

func (h *Host) nft(script string) error {
	cmd := h.Command(context.Background(), "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft on %s: %w: %s", h.Name, err, out)
	}
	return nil
}
