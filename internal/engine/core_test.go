package engine

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"fairlead.dev/internal/model"
)

// BenchmarkOneOfMany is one of 10,000 services that changes, until the sink has
// returned and everybody may be told.
func BenchmarkOneOfMany(b *testing.B) {
	e := New(Config{Domain: "cluster.local", Sink: func(*model.Snapshot) []model.Fault { return nil }})
	var change Change
	for i := range 10_000 {
		change.Services = append(change.Services, Entry{Service: model.Service{
			Key: model.Key{Namespace: "default", Name: fmt.Sprintf("db-%05d", i)}, Type: model.ClusterIP,
			Targets:    []model.Target{{Name: "main", Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 1, 25})}}},
			Resolution: model.DefaultResolution(),
		}})
	}
	now := time.Now()
	e.core.apply(change, now)
	e.core.decide(now)
	e.send(now)
	one := Change{Services: change.Services[5_000:5_001]}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		one.Services[0].Service.SessionAffinity = time.Duration(i%2+1) * time.Hour
		e.core.apply(one, now)
		e.core.decide(now)
		e.send(now)
	}
}
