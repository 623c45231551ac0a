package main

import (
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"syscall"
	"time"

	"fairlead.dev/internal/metrics"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/relay"
	"fairlead.dev/internal/trouble"
	"fairlead.dev/internal/trust"
)

// relayHooks has the relay counted, and people told what they have to mend.
func relayHooks(m *metrics.Metrics, t *trouble.Teller) relay.Hooks {
	return relay.Hooks{
		Opened: func(k model.Key, _ model.Port, _ netip.AddrPort) { m.RelayOpened(k) },
		Closed: func(k model.Key, _ model.Port, _ netip.AddrPort, t relay.Traffic) {
			m.RelayClosed(k, t.In, t.Out, t.Took)
		},
		ConnectFailed: func(k model.Key, p model.Port, to netip.AddrPort, err error) {
			m.RelayConnectFailed(k, connectReason(err))
			t.ConnectFailed(k, p, to, err)
		},
		Refused: func(k model.Key, _ model.Port) { m.RelayRefused(k) },
		Overflowed: func(k model.Key, p model.Port) {
			m.RelayOverflowed(k)
			t.Overflowed(k, p)
		},
		ClientFailed: func(k model.Key, p model.Port, err error) {
			m.RelayClientFailed(k)
			t.ClientFailed(k, p, err)
		},
	}
}

// troubles tells in the log what people have to mend.
func troubles(log *slog.Logger) *trouble.Teller {
	return trouble.New(time.Now, func(t trouble.Trouble) {
		log.Warn("trouble", "service", t.Key.String(), "reason", t.Reason, "problem", t.Message)
	})
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
