package wire

import (
	"time"

	"fairlead.dev/internal/model"
)

func fromProbe(p *model.Probe) *Probe {
	if p == nil {
		return nil
	}
	return &Probe{
		Kind: string(p.Kind), Interval: Duration(p.Interval), Timeout: Duration(p.Timeout),
		FailureThreshold: p.FailureThreshold, SuccessThreshold: p.SuccessThreshold, Port: p.Port,
		TLS: p.TLS, ServerName: p.ServerName,
		Host: p.Host, Path: p.Path, Statuses: p.Statuses, FollowRedirects: p.FollowRedirects,
		HealthService: p.HealthService,
		Role:          string(p.Role), CredentialsSecret: p.Credentials, Database: p.Database,
	}
}

// fromFailover spells the policy as manifests do. That of a service which says
// nothing of it, and never moves, is empty.
func fromFailover(f model.Failover) Failover {
	if f == (model.Failover{}) {
		return Failover{}
	}
	out := Failover{
		Failback: failbackAutomatic, FailbackDelay: Duration(f.FailbackDelay), WhenAllDown: keepLast,
		MinimumReady: max(1, f.MinimumReady),
	}
	if f.ManualFailback {
		out.Failback = failbackManual
	}
	if f.Withdraw {
		out.WhenAllDown = withdraw
	}
	return out
}

func fromPin(p *model.Pin) *Pin {
	if p == nil {
		return nil
	}
	return &Pin{Target: p.Target, By: p.By, Reason: p.Reason, At: instant(p.At)}
}

func fromRefusal(r *model.Refusal) *Refusal {
	if r == nil {
		return nil
	}
	return &Refusal{Reason: r.Reason, Message: r.Message}
}

func fromCheck(c model.CheckStatus) Check {
	verdict := NotJudged
	switch c.Verdict {
	case model.Up, model.Down:
		verdict = string(c.Verdict)
	case model.Unjudged:
	}
	return Check{Address: c.Addr, Verdict: verdict, Since: instant(c.Since), Reason: c.Reason, Message: c.Message}
}

func fromTransition(t model.Transition) Transition {
	return Transition{
		At: instant(t.At), From: t.From, To: t.To, FromPriority: t.FromPriority, ToPriority: t.ToPriority,
		Reason: t.Reason, Message: t.Message, Took: Duration(t.Took.Round(time.Millisecond)),
	}
}
