package engine

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"time"

	"fairlead.dev/internal/model"
)

// sim is one history: the real engine in a simulated world. It has one goroutine and
// no clock but its own, and everything in it comes from its seed: one seed, one
// history.
type sim struct {
	plan *simPlan
	// random is what the world leaves to chance: how long answers take.
	random *rand.Rand
	// at is how long the simulation has lasted, by a clock that nothing moves.
	at    time.Duration
	queue simQueue
	ended bool

	world   *simWorld
	api     *simAPI
	process *simProcess // nil while none runs
	wishes  []*simWish
	// clock is what people have set the wall clock to, beyond at.
	clock time.Duration

	ledger *ledger
	// calm is what may not change any more; nil while anything may.
	calm *simCalm
	// mended counts how often the world was.
	mended int
	rules  []simRule
	// poked says that the process has something to look at.
	poked bool
	turns int
	story *simStory
}

// simWish is a service as a person wants it.
type simWish struct {
	service model.Service
	exists  bool
	// edited is when it did change last.
	edited time.Duration
}

// breach is something that must not be, in words.
type breach struct {
	at   time.Duration
	what string
	// trace is set where the engine itself has panicked.
	trace string
}

// simulate runs a plan to its end, or to the first breach. A story, if there is one,
// is told what happens.
func simulate(p *simPlan, story *simStory) (broken *breach, s *sim) {
	s = &sim{plan: p, random: rand.New(rand.NewPCG(p.seed, 2)), story: story}
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *breach:
			broken = v
		default:
			broken = &breach{at: s.at, what: fmt.Sprint("panic: ", v), trace: string(debug.Stack())}
		}
	}()
	s.begin()
	for !s.ended {
		s.next()
	}
	return nil, s
}

// next lets the next thing happen.
func (s *sim) next() {
	p := s.process
	if p.runs() && (len(s.queue.events) == 0 || p.wake <= s.queue.events[0].at) {
		s.at = max(s.at, p.wake)
		p.turn()
		return
	}
	e := s.queue.take()
	s.at = max(s.at, e.at)
	e.do()
	if s.poked && s.process.runs() {
		s.process.turn()
	}
}

// plan1 has something happen after a while.
func (s *sim) plan1(after time.Duration, do func()) { s.queue.plan(s.at+after, do) }

func (s *sim) wall() time.Time { return time.Unix(simEpoch, 0).UTC().Add(s.at + s.clock) }

func (s *sim) wish(key model.Key) *simWish {
	at := slices.IndexFunc(s.wishes, func(w *simWish) bool { return w.service.Key == key })
	return s.wishes[at]
}

// breach ends the simulation.
func (s *sim) breach(format string, args ...any) {
	panic(&breach{at: s.at, what: fmt.Sprintf(format, args...)})
}

// tell adds to the story.
func (s *sim) tell(format string, args ...any) {
	if s.story != nil {
		s.story.tell(s.at, fmt.Sprintf(format, args...))
	}
}

// begin sets the world up and starts the first process.
func (s *sim) begin() {
	s.world = s.plan.world()
	s.world.random = s.random
	s.api = &simAPI{sim: s, local: s.plan.local, stood: map[model.Key]*simObjects{}}
	for _, svc := range s.plan.services {
		s.wishes = append(s.wishes, &simWish{service: svc, exists: true})
	}
	s.tellWorld()
	s.rules = simRules()
	s.start()
	s.round(s.plan.rounds[0])
}

// start begins a process and tells it of every service, as a cache fills.
func (s *sim) start() {
	s.launch()
	p := s.process
	for i, w := range s.wishes {
		s.plan1(time.Duration(i)*time.Millisecond, func() {
			if w.exists {
				p.apply(w)
			}
		})
	}
}
