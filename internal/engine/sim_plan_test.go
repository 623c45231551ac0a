package engine

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// simPlan is all that a seed stands for: what is wanted, what stands outside, and what
// will go wrong with it.
type simPlan struct {
	seed uint64
	// local is whether it is about one machine, where a restart finds nothing.
	local bool
	// thorough looks at every service after every step, also where nothing that it
	// depends on has changed, and once more at the rest after what is harmless.
	thorough        bool
	forbidden       failover.Forbidden
	lookups, probes int
	services        []model.Service
	names           []simName
	hosts           []simHost
	rounds          []simRound

	random *rand.Rand
	// unit is the time that everything goes by.
	unit  time.Duration
	spare []netip.Addr
}

// simRound is a time in which much goes wrong, and one in which nothing does that may
// change what is published.
type simRound struct {
	faults []simFault
	length time.Duration
	// harmless are the faults after that.
	harmless []simFault
	// after says what the world is like in the end.
	after uint64
}

// simFault is one thing that goes wrong.
type simFault struct {
	at   time.Duration // since the round began
	kind string
	// a and b say what it happens to, lasts how long.
	a, b  int
	lasts time.Duration
}

func (f simFault) String() string { return fmt.Sprintf("%s(%d,%d) for %s", f.kind, f.a, f.b, f.lasts) }

// simScale is how long a history is: of how many rounds, and by which units of time.
type simScale struct {
	rounds int
	units  []time.Duration
}

// simShort is for many histories in little time.
var simShort = simScale{1, []time.Duration{250 * time.Millisecond, time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second}}

// drawPlan draws the plan of a seed.
func drawPlan(seed uint64, scale simScale) *simPlan {
	r := rand.New(rand.NewPCG(seed, 1))
	p := &simPlan{
		seed: seed, random: r, local: r.IntN(5) == 0, thorough: seed%16 == 0,
		lookups: defaultLookups, probes: defaultProbes,
		unit: pick(r, scale.units...),
		forbidden: failover.Forbidden{
			Ranges: []failover.Range{{Prefix: netip.MustParsePrefix("127.96.0.0/16"), Why: "it is a virtual IP"}}, Unroutable: true,
		},
	}
	for range 5 {
		p.spare = append(p.spare, p.newHost())
	}
	for i := range pick(r, 1, 1, 1, 2, 3) {
		p.services = append(p.services, p.service(i))
	}
	for range scale.rounds {
		p.rounds = append(p.rounds, p.round())
	}
	return p
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// units is a time as multiples of the unit go.
func (p *simPlan) units(n ...int) time.Duration { return time.Duration(pick(p.random, n...)) * p.unit }

func (p *simPlan) forbids(a netip.Addr) bool {
	return !a.IsGlobalUnicast() || p.forbidden.Ranges[0].Prefix.Contains(a)
}

// round draws what goes wrong in one round.
func (p *simPlan) round() simRound {
	r := p.random
	round := simRound{length: p.units(10, 30, 60), after: r.Uint64()}
	for range pick(r, 1, 2, 4, 8, 16) {
		round.faults = append(round.faults, p.fault(pick(r, simFaults...), round.length))
	}
	for range pick(r, 0, 1, 1, 2) {
		round.harmless = append(round.harmless, p.fault(pick(r, simHarmless...), 0))
	}
	slices.SortStableFunc(round.faults, func(a, b simFault) int { return int(a.at - b.at) })
	return round
}

func (p *simPlan) fault(kind string, length time.Duration) simFault {
	f := simFault{kind: kind, a: p.random.IntN(1 << 20), b: p.random.IntN(1 << 20), lasts: p.unit * time.Duration(1+p.random.IntN(15)) / 2}
	if length > 0 {
		f.at = time.Duration(p.random.Int64N(int64(length)))
		f.lasts = min(f.lasts, length-f.at)
	}
	return f
}

// world is what stands outside when the simulation begins.
func (p *simPlan) world() *simWorld {
	w := &simWorld{}
	for _, n := range p.names {
		w.names = append(w.names, &n)
	}
	for _, h := range p.hosts {
		w.hosts = append(w.hosts, &h)
	}
	return w
}
