package engine

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fairlead.dev/internal/model"
)

// history is one service through edits, restarts and whatever DNS says, told to
// the core without clock and goroutines.
type history struct {
	core *core
	now  time.Time
	svc  model.Service
	// says is what DNS says of each name now; missing since when that was that it
	// has no addresses, as far as this process knows.
	says    map[string]model.Class
	missing map[string]time.Time
	n       byte
}

var historyKey = model.Key{Namespace: "default", Name: "db"}

// settle does what is due now, and answers what is asked.
func (h *history) settle() {
	for {
		h.core.wake(h.now)
		h.core.decide(h.now)
		h.core.wake(h.now)
		asked := h.core.take(h.now, 10)
		if len(asked) == 0 {
			h.core.outbox.snapshot(h.now)
			return
		}
		for _, q := range asked {
			h.core.observe(h.answer(q))
		}
	}
}

func (h *history) answer(q model.Question) model.Observation {
	o := model.Observation{Question: q, At: h.now, Class: model.Empty, TTL: 10 * time.Second}
	if q.Type != model.A {
		return o
	}
	o.Class = h.says[q.Name]
	switch {
	case o.Class == model.Answered:
		h.n++
		o.Addrs = []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, h.n})}
		delete(h.missing, q.Name)
	case !o.Class.Failed() && h.missing[q.Name].IsZero():
		h.missing[q.Name] = h.now
	}
	return o
}

func (h *history) published() []model.Endpoint {
	p := h.core.outbox.last.Find(historyKey)
	if p == nil {
		return nil
	}
	return p.Decision.Endpoints
}

// begin is the start of a process that finds what the last one published.
func (h *history) begin() {
	var found []model.Endpoint
	if h.core != nil {
		found = slices.Clone(h.published())
	}
	for i := range found {
		found[i].Target = ""
	}
	h.core, h.missing = newCore(Config{}), map[string]time.Time{}
	h.core.apply(Change{Services: []Entry{{Service: h.svc, Standing: found}}}, h.now)
}

// TestHistories: once something is published, there is something until DNS has
// said for missingGrace that the name of now has no addresses.
func TestHistories(t *testing.T) {
	names := []string{"a.example.com", "b.example.com"}
	rapid.Check(t, func(t *rapid.T) {
		h := &history{now: time.Unix(1_000_000, 0), says: map[string]model.Class{}}
		class := rapid.SampledFrom([]model.Class{model.Answered, model.Answered, model.Timeout, model.NotFound, model.Empty})
		for _, n := range names {
			h.says[n] = class.Draw(t, n)
		}
		h.svc = model.Service{Key: historyKey, Resolution: model.DefaultResolution(), Targets: []model.Target{{Name: "main", Hostname: names[0]}}}
		h.begin()
		h.settle()
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			before := len(h.published())
			step := rapid.SampledFrom([]string{"time", "time", "dns", "hostname", "refused", "other", "restart"}).Draw(t, "step")
			switch step {
			case "time":
				h.now = h.now.Add(time.Duration(rapid.IntRange(1, 70).Draw(t, "seconds")) * time.Second)
			case "dns":
				name := rapid.SampledFrom(names).Draw(t, "name")
				h.says[name] = class.Draw(t, "says")
			case "hostname":
				h.svc.Targets = []model.Target{{Name: rapid.SampledFrom([]string{"main", "new"}).Draw(t, "target"), Hostname: rapid.SampledFrom(names).Draw(t, "hostname")}}
			case "refused":
				h.svc.Refusal = &model.Refusal{Reason: "Invalid", Message: "no"}
			case "other":
				h.svc.Refusal, h.svc.SessionAffinity = nil, h.svc.SessionAffinity+time.Second
			}
			if step == "restart" {
				h.begin()
			} else {
				h.core.apply(Change{Services: []Entry{{Service: h.svc}}}, h.now)
			}
			// The names' time passes in the core as it does with a clock.
			h.settle()
			name := h.svc.Targets[0].Hostname
			since, gone := h.missing[name]
			if before > 0 && len(h.published()) == 0 && (!gone || h.now.Sub(since) < time.Minute) {
				t.Fatalf("%s: nothing is published, and DNS says %s of %s since %s", step, h.says[name], name, h.now.Sub(since))
			}
			for _, e := range h.published() {
				if e.Target != h.svc.Targets[0].Name {
					t.Fatalf("%s: published is %v", step, e)
				}
			}
			if r := h.core.services[historyKey]; h.says[name] == model.Answered && !h.core.questions[model.Question{Name: name, Type: model.A}].answer.Good.At.IsZero() && len(r.standing) > 0 {
				t.Fatalf("%s: the name is known, and %v from before is not forgotten", step, r.standing)
			}
		}
	})
}
