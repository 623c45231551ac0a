package trouble

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

func TestTheSameIsToldOnceInAWhile(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var told []Trouble
	teller := New(func() time.Time { return now }, func(m Trouble) { told = append(told, m) })
	key := model.Key{Namespace: "shop", Name: "api"}
	port := model.Port{Port: 443, Protocol: model.TCP}
	a, b := netip.MustParseAddrPort("10.0.1.25:443"), netip.MustParseAddrPort("10.0.1.26:443")
	expired := &trust.Failure{Reason: model.ProbeCertificate, Says: "has a certificate that expired"}
	round := func() {
		teller.ConnectFailed(key, port, a, expired)
		teller.ConnectFailed(key, port, b, expired)
		teller.ConnectFailed(key, port, a, errors.New("connection refused")) // who probes tells that
		teller.ClientFailed(key, port, errors.New("no TLS"))
		teller.Overflowed(key, port)
		teller.Faults([]model.Fault{{Key: key, Reason: "AddressInUse", Message: "m"}})
		teller.Tell(Trouble{key, "SpecNotUnderstood", "one"})
		teller.Tell(Trouble{key, "SpecNotUnderstood", "another"})
	}
	round()
	want := []Trouble{
		{key, model.ProbeCertificate, "10.0.1.25:443 has a certificate that expired"},
		{key, model.ProbeCertificate, "10.0.1.26:443 has a certificate that expired"},
		{key, ClientFailed, "port 443/TCP: no TLS"},
		{key, TooManyConnections, "port 443/TCP: a client was turned away, since there are as many as the gateway's maxConnections"},
		{key, "AddressInUse", "m"},
		{key, "SpecNotUnderstood", "one"},
		{key, "SpecNotUnderstood", "another"},
	}
	if !slices.Equal(told, want) {
		t.Errorf("told is %v, want %v", told, want)
	}
	now = now.Add(tellAgain - time.Second)
	round()
	if len(told) != len(want) {
		t.Errorf("told again are %v", told[len(want):])
	}
	now = now.Add(2 * time.Second)
	round()
	if len(told) != 2*len(want) {
		t.Errorf("%d were told after a while, want %d", len(told), 2*len(want))
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	teller := New(time.Now, func(Trouble) {})
	for i := range 2 * maxTold {
		teller.Overflowed(model.Key{Name: string(rune(i))}, model.Port{})
	}
	if n := len(teller.told); n > maxTold {
		t.Errorf("%d are remembered", n)
	}
}
