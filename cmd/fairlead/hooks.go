package main

import (
	"errors"
	"net"
	"net/netip"
	"syscall"

	"fairlead.dev/internal/metrics"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/relay"
	"fairlead.dev/internal/trust"
)

// relayHooks has the relay counted.
func relayHooks(m *metrics.Metrics) relay.Hooks {
	return relay.Hooks{
		Opened: func(k model.Key, _ model.Port, _ netip.AddrPort) { m.RelayOpened(k) },
		Closed: func(k model.Key, _ model.Port, _ netip.AddrPort, t relay.Traffic) {
			m.RelayClosed(k, t.In, t.Out, t.Took)
		},
		ConnectFailed: func(k model.Key, _ model.Port, _ netip.AddrPort, err error) {
			m.RelayConnectFailed(k, connectReason(err))
		},
		Refused:      func(k model.Key, _ model.Port) { m.RelayRefused(k) },
		Overflowed:   func(k model.Key, _ model.Port) { m.RelayOverflowed(k) },
		ClientFailed: func(k model.Key, _ model.Port, _ error) { m.RelayClientFailed(k) },
	}
}

// connectReason is why an endpoint did not take a connection, in the words of probes.
func connectReason(err error) string {
	var distrust *trust.Failure
	var late net.Error
	switch {
	case errors.As(err, &distrust):
		return distrust.Reason
	case errors.Is(err, syscall.ECONNREFUSED):
		return model.ProbeRefused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return model.ProbeReset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return model.ProbeUnreachable
	case errors.As(err, &late) && late.Timeout():
		return model.ProbeTimeout
	}
	return ""
}
