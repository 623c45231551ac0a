package pin

import (
	"cmp"
	"fmt"
	"time"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/wire"
)

// FromWire is a service as a running instance tells of it.
func FromWire(p wire.Published) Service {
	s := Service{
		Key: model.Key{Namespace: p.Service.Namespace, Name: p.Service.Name}, Kind: p.Service.Origin.Kind,
		Type: model.ServiceType(p.Service.Type), Active: p.Decision.Active, Followed: p.Decision.Pinned,
		Probed: p.Service.Probe != nil,
		Failover: model.Failover{
			ManualFailback: p.Service.Failover.Failback == "Manual", FailbackDelay: time.Duration(p.Service.Failover.FailbackDelay),
		},
		Where: p.Service.Origin.File,
	}
	if line := p.Service.Origin.Line; line > 0 {
		s.Where = fmt.Sprintf("%s:%d", s.Where, line)
	}
	if pin := p.Service.Pin; pin != nil {
		s.Pin = &model.Pin{Target: pin.Target, By: pin.By, Reason: pin.Reason, At: pin.At}
	}
	for _, t := range p.Decision.Targets {
		to := Target{Name: t.Name, Priority: t.Priority, Where: t.Where}
		switch {
		case t.Down():
			to.Trouble = cmp.Or(t.Message, t.Reason)
		case len(t.Addresses) == 0 && len(p.Decision.Targets) > 0 && p.Service.Probe != nil:
			to.Trouble = cmp.Or(t.Message, "no address of it is known")
		}
		s.Targets = append(s.Targets, to)
	}
	return s
}
