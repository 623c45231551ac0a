package engine

import (
	"context"
	"log/slog"

	"fairlead.dev/internal/failover"
	"fairlead.dev/internal/model"
)

// report logs what became of services: what people should know where it changed,
// the rest in detail.
func (e *Engine) report(before, after *model.Snapshot) {
	old := before.Services
	for _, p := range after.Services {
		for len(old) > 0 && old[0] != p && old[0].Service.Key.Compare(p.Service.Key) < 0 {
			old = old[1:]
		}
		switch {
		case len(old) > 0 && old[0] == p:
		case len(old) > 0 && old[0].Service.Key == p.Service.Key:
			e.reportOne(p, old[0])
		default:
			e.reportOne(p, nil)
		}
	}
}

// reportOne logs one service with the reason and message of the condition that is
// news. Old is nil for a new one.
func (e *Engine) reportOne(p, old *model.Published) {
	e.reportMove(p, old)
	accepted, before := state(p, model.Accepted), state(old, model.Accepted)
	switch {
	case !accepted.Status && accepted != before:
		e.say(slog.LevelWarn, p, "accepted", accepted)
	case accepted.Status && old != nil && !before.Status:
		e.say(slog.LevelInfo, p, "accepted", accepted)
	}
	is, was := state(p, model.Ready), state(old, model.Ready)
	level := slog.LevelDebug
	switch {
	case is == was:
		e.reportResolved(p, old)
		return
	case !is.Status && !accepted.Status && is.Reason == accepted.Reason && is.Message == accepted.Message:
		return // said just now
	case is.Status && old != nil && was.Reason != failover.ReasonPending && !was.Status:
		level = slog.LevelInfo
	case !is.Status && (is.Reason == failover.ReasonPending || old == nil && is.Reason == failover.ReasonNoTargets):
		// Nothing is known yet, or the manifest's author was told already.
	case !is.Status:
		level = slog.LevelWarn
	}
	e.say(level, p, "ready", is)
}

// reportMove logs that a service has moved to other targets.
func (e *Engine) reportMove(p, old *model.Published) {
	if old == nil || len(p.Decision.History) == 0 || sameHistory(old.Decision.History, p.Decision.History) {
		return
	}
	t := p.Decision.History[0]
	level := slog.LevelInfo
	switch t.Reason {
	case failover.ReasonStarted:
		return
	case failover.ReasonTierDown:
		level = slog.LevelWarn
	}
	e.cfg.Log.Log(context.Background(), level, "moved", "service", p.Service.Key.String(), "from", t.From, "to", t.To,
		"reason", t.Reason, "message", t.Message, "took", t.Took)
}

// reportResolved logs that a service which is as ready as before begins or ceases
// to live on what was known.
func (e *Engine) reportResolved(p, old *model.Published) {
	is, was := state(p, model.Resolvable), state(old, model.Resolvable)
	pending := was.Reason == failover.ReasonPending
	switch {
	case is.Reason == failover.ReasonPending, is.Status && was.Status, !is.Status && !was.Status && !pending:
	case !is.Status:
		e.say(slog.LevelWarn, p, "resolved", is)
	case !pending:
		e.say(slog.LevelInfo, p, "resolved", is)
	}
}

func (e *Engine) say(level slog.Level, p *model.Published, what string, c model.Condition) {
	e.cfg.Log.Log(context.Background(), level, "service", "service", p.Service.Key.String(),
		what, c.Status, "reason", c.Reason, "message", c.Message)
}

// state is a condition without its time; zero if p is nil.
func state(p *model.Published, t model.ConditionType) model.Condition {
	if p == nil {
		return model.Condition{}
	}
	c, _ := p.Decision.Condition(t)
	c.Since = model.Condition{}.Since
	return c
}
