package main

import (
	"net/netip"

	"fairlead.dev/internal/metrics"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/relay"
)

// relayHooks has the relay counted.
func relayHooks(m *metrics.Metrics) relay.Hooks {
	return relay.Hooks{
		Opened: func(k model.Key, _ model.Port, _ netip.AddrPort) { m.RelayOpened(k) },
		Closed: func(k model.Key, _ model.Port, _ netip.AddrPort, t relay.Traffic) {
			m.RelayClosed(k, t.In, t.Out, t.Took)
		},
		ConnectFailed: func(k model.Key, _ model.Port, _ netip.AddrPort, _ error) { m.RelayConnectFailed(k) },
		Refused:       func(k model.Key, _ model.Port) { m.RelayRefused(k) },
	}
}
