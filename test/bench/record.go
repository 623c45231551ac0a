//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fairlead.dev/internal/group"
)

const (
	outsideZone = "outside.example."
	// perTTL is how many names have each TTL.
	perTTL = 20
)

const externalYAML = `---
apiVersion: fairlead.dev/v1alpha1
kind: ExternalService
metadata: {name: %[1]s, namespace: bench-0}
spec:
  type: Headless
  ports: [{name: db, port: 5432}]
  targets: [{name: only, hostname: %[2]s}]
  resolution: {minInterval: 1s}
`

// followed is one outside name and the service that follows it.
type followed struct {
	service service
	outside string
	ttl     uint32
}

// delays are how long changes took: from the change, and from the moment at
// which the outside server gave the new record out.
type delays struct {
	mu                    sync.Mutex
	fromChange, fromGiven []float64
}

func measureRecords(ctx context.Context, b *bench, s *section) error {
	s.about = []string{
		fmt.Sprintf("Headless ExternalServices whose target is an outside name, %d with a TTL of 1 s and %d of 2 s, `minInterval: 1s`, %d plain services beside. For %s each name's record changes again and again, at random moments of its TTL. A change is seen when the old record's TTL is over, at the latest; so the goal is the TTL and 250 ms. From given out is the part that is fairlead's own: from the moment at which the outside server first gives the new record to the first new answer, asked for every %s.", perTTL, perTTL, few, b.size.follow, askEvery),
	}
	o, err := b.runOutside()
	if err != nil {
		return err
	}
	dir, err := b.manifests(services(few, firstIP))
	if err != nil {
		return err
	}
	names := externals()
	var text bytes.Buffer
	for _, f := range names {
		fmt.Fprintf(&text, externalYAML, f.service.name, f.outside)
		o.set(f.outside, netip.MustParseAddr(f.service.endpoints[0]), f.ttl)
	}
	if err := os.WriteFile(filepath.Join(dir, "external.yaml"), text.Bytes(), 0o644); err != nil {
		return err
	}
	f, err := b.runFairlead(dir, o.at.String())
	if err != nil {
		return err
	}
	for _, n := range names {
		if _, err := serving(ctx, f.process, f.dns, n.service); err != nil {
			return err
		}
	}
	b.progress("record: changing %d names for %s", len(names), b.size.follow)
	byTTL := map[uint32]*delays{1: {}, 2: {}}
	parts, ctx := group.New(ctx)
	end := time.Now().Add(b.size.follow)
	for i, n := range names {
		parts.Go(func() error { return follow(ctx, f, o, n, byte(i), end, byTTL[n.ttl]) })
	}
	if err := parts.Wait(); err != nil {
		return err
	}
	for ttl := uint32(1); ttl <= 2; ttl++ {
		recordRows(s, ttl, byTTL[ttl])
	}
	return nil
}

func recordRows(s *section, ttl uint32, d *delays) {
	add := func(id, what string, values []float64, q float64, g goal) {
		s.add(row{
			id: id, what: fmt.Sprintf("TTL %d s: %s, of %d", ttl, what, len(values)),
			unit: seconds, ours: []float64{quantile(values, q)}, goal: g,
		})
	}
	add("record-p50", "changed to answered, median", d.fromChange, 0.5, goal{})
	add("record-p99", "changed to answered, p99", d.fromChange, 0.99, below(float64(ttl)+0.25, seconds))
	add("record-lag-p50", "given out to answered, median", d.fromGiven, 0.5, goal{})
	add("record-lag-p99", "given out to answered, p99", d.fromGiven, 0.99, goal{})
}

func externals() []followed {
	var all []followed
	for i := range 2 * perTTL {
		name := fmt.Sprintf("external-%02d", i)
		all = append(all, followed{
			service: service{name: name, namespace: "bench-0", clusterIP: "None", endpoints: []string{fmt.Sprintf("10.210.%d.1", i)}},
			outside: name + "." + outsideZone, ttl: uint32(1 + i%2),
		})
	}
	return all
}

// follow changes one record until end and waits each time until it is answered.
func follow(ctx context.Context, f *fairlead, o *outside, n followed, id byte, end time.Time, d *delays) error {
	w, err := watch(f.dns, n.service.host())
	if err != nil {
		return err
	}
	defer w.close()
	ttl := time.Duration(n.ttl) * time.Second
	for i := 2; time.Now().Before(end); i++ {
		pause(ctx, 200*time.Millisecond+time.Duration(rand.Int64N(int64(ttl))))
		addr := netip.AddrFrom4([4]byte{10, 210, id, byte(i)})
		changed := time.Now()
		given := o.set(n.outside, addr, n.ttl)
		select {
		case <-given:
		case <-time.After(ttl + 10*time.Second):
			return fmt.Errorf("%s was not asked for again %s after its TTL", n.outside, 10*time.Second)
		case <-ctx.Done():
			return ctx.Err()
		}
		at, err := w.until(ctx, []netip.Addr{addr}, 10*time.Second)
		if err != nil {
			return err
		}
		d.mu.Lock()
		d.fromChange = append(d.fromChange, at.Sub(changed).Seconds())
		d.fromGiven = append(d.fromGiven, at.Sub(o.served(n.outside)).Seconds())
		d.mu.Unlock()
	}
	return nil
}
