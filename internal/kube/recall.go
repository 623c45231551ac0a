package kube

import (
	"time"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// memory is what the cluster still knows of the last decision: the endpoints that
// stand, and the status.
func memory(standing []model.Endpoint, status *v1alpha1.ExternalServiceStatus) failover.Memory {
	m := failover.Memory{Standing: standing}
	for i := range status.History {
		m.History = append(m.History, transition(&status.History[i]))
	}
	a := status.Active
	if a == nil {
		return m
	}
	m.Active, m.Priority, m.Since = a.Targets, int(a.Priority), a.Since.Time
	if a.Pinned != nil && len(a.Targets) == 1 {
		m.Pinned = a.Targets[0]
	}
	return m
}

func transition(t *v1alpha1.Transition) model.Transition {
	out := model.Transition{
		At: t.At.Time, From: t.From, To: t.To, ToPriority: int(t.ToPriority), Reason: t.Reason, Message: t.Message,
	}
	if t.FromPriority != nil {
		out.FromPriority = int(*t.FromPriority)
	}
	if t.Took != nil {
		out.Took = t.Took.Round(time.Microsecond)
	}
	return out
}
