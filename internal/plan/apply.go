package plan

import (
	"reflect"
	"slices"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// Applied is what would come of a manifest.
type Applied struct {
	// Plans are those of the services that would change, be new or be withdrawn.
	Plans []Plan `json:"plans"`
	// Unchanged counts the others in the manifest.
	Unchanged int `json:"unchanged"`
}

// Apply is what would happen if manifests were applied that ask for these services.
// Those that the instance serves from the same files, and that are not among them,
// would be withdrawn; same says whether a file is one of them.
func (w *World) Apply(services []model.Service, same func(file string) bool) Applied {
	out := Applied{Plans: []Plan{}}
	asked := map[model.Key]bool{}
	for i := range services {
		to := services[i]
		asked[to.Key] = true
		at := slices.IndexFunc(w.status.Services, func(p wire.Published) bool {
			return p.Service.Namespace == to.Key.Namespace && p.Service.Name == to.Key.Name
		})
		if at < 0 {
			out.Plans = append(out.Plans, w.fresh(to))
			continue
		}
		p := w.status.Services[at]
		changes := differences(p.Service, w.public(to))
		if len(changes) == 0 {
			out.Unchanged++
			continue
		}
		out.Plans = append(out.Plans, w.edited(p, to, changes))
	}
	for _, p := range w.status.Services {
		if !asked[model.Key{Namespace: p.Service.Namespace, Name: p.Service.Name}] && same(p.Service.Origin.File) {
			out.Plans = append(out.Plans, w.withdrawn(p))
		}
	}
	return out
}

// public is a service in its public form.
func (w *World) public(s model.Service) wire.Service {
	return wire.FromPublished(w.status.Domain, &model.Published{Service: s}).Service
}

// fresh is a service that the instance does not serve yet.
func (w *World) fresh(to model.Service) Plan {
	s := w.recall(wire.Published{Service: w.public(to)})
	s.in.Service = to
	out := s.plan("if the manifest is applied")
	s.settle(Then, s.in.Now, 0)
	s.unknown()
	p := out()
	p.Changes = []Change{{Field: "service", To: "new, of type " + string(to.Type)}}
	return p
}

// edited is a service that the manifest changes.
func (w *World) edited(p wire.Published, to model.Service, changes []Change) Plan {
	s := w.recall(p)
	out := s.plan("if the manifest is applied")
	s.step(Now, 0)
	to.ClusterIPs = s.in.Service.ClusterIPs // they stay, or are assigned when it is served
	if !sameTargets(s.in.Service, to) && len(p.Decision.Endpoints) > 0 {
		s.in.Standing, s.in.StandingSince = each(p.Decision.Endpoints, endpoint), s.in.Now
	}
	s.in.Service = to
	s.settle(Then, s.in.Now, 0)
	if len(s.steps) == 1 {
		s.note("what is published stays as it is")
	}
	s.unknown()
	s.stay()
	if to.Probe != nil && (len(to.Probe.Headers) > 0 || to.Probe.CABundle != "") {
		s.note("headers and CA bundle of the probe are not public, and not compared")
	}
	plan := out()
	plan.Changes = changes
	return plan
}

// withdrawn is a service that is no longer in its manifest.
func (w *World) withdrawn(p wire.Published) Plan {
	s := w.recall(p)
	out := s.plan("if the manifest is applied")
	s.step(Now, 0)
	s.steps = append(s.steps, Step{Phase: Then, Reason: "Withdrawn", Message: "its name is gone, and nobody connects to it any more"})
	plan := out()
	plan.Changes = []Change{{Field: "service", From: "in " + p.Service.Origin.File}}
	return plan
}

// sameTargets reports whether two versions of a service differ in no more than how
// they are watched and who is preferred.
func sameTargets(a, b model.Service) bool {
	asWritten := func(s model.Service) model.Service {
		s.Origin, s.Probe, s.Failover, s.Pin, s.Refusal = model.Origin{}, nil, model.Failover{}, nil, nil
		return s
	}
	return reflect.DeepEqual(asWritten(a), asWritten(b))
}

// unknown says which names the instance does not know.
func (s *story) unknown() {
	for _, t := range s.in.Service.Targets {
		var names []model.Question
		switch {
		case t.Hostname != "":
			names = []model.Question{{Name: normal(t.Hostname), Type: model.A}, {Name: normal(t.Hostname), Type: model.AAAA}}
		case t.SRV != "":
			names = []model.Question{{Name: normal(t.SRV), Type: model.SRV}}
		}
		if len(names) > 0 && !slices.ContainsFunc(names, func(q model.Question) bool { _, ok := s.in.Answer(q); return ok }) {
			s.note("the instance does not know " + names[0].Name + ": it is looked up once the manifest is applied")
		}
	}
}
