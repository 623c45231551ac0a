package failover

import (
	"time"

	"fairlead.dev/internal/model"
)

// Judge returns what is held of an endpoint once r has come. In a row,
// SuccessThreshold successes bring it up and FailureThreshold failures take it
// down; the first success of one that was never judged is enough, since there is
// nothing yet that a threshold could guard. So is one failure that is Certain.
//
// Later failures of an endpoint that is down do not change why it is, so that one
// which fails now this way and now that is no news; a Certain one does.
//
// One that is Inconclusive changes nothing of all that: what is held stays, and an
// endpoint that was never judged stays so. As many in a row as FailureThreshold are
// told, until one is conclusive.
func Judge(h model.Health, p *model.Probe, r model.Result) model.Health {
	if r.Inconclusive {
		return unasked(h, p, r)
	}
	h.Unasked, h.UnaskedReason, h.UnaskedDetail = 0, "", ""
	if r.Up {
		return succeeded(h, p, r)
	}
	h.Successes, h.Failures, h.FailedAt = 0, h.Failures+1, r.Began
	if h.FailingSince.IsZero() {
		h.FailingSince = r.Began
	}
	down := h.Verdict == model.Down
	if !down && !r.Certain && h.Failures < p.FailureThreshold {
		return h
	}
	if !down {
		h.Verdict, h.Since = model.Down, r.Began.Add(r.Took)
	}
	if !down || r.Certain {
		h.Reason, h.Detail, h.Certain, h.Warning = r.Reason, r.Detail, r.Certain, ""
	}
	return h
}

// unasked counts a probe that says nothing of the endpoint. Why is told as it is now:
// it is the prober's own trouble, which somebody mends step by step.
func unasked(h model.Health, p *model.Probe, r model.Result) model.Health {
	h.Unasked++
	if h.Unasked >= p.FailureThreshold {
		h.UnaskedReason, h.UnaskedDetail = r.Reason, r.Detail
	}
	return h
}

func succeeded(h model.Health, p *model.Probe, r model.Result) model.Health {
	if h.Successes == 0 {
		h.SucceedingSince = r.Began
	}
	h.Failures, h.Successes = 0, h.Successes+1
	h.SuccessAt, h.Warning = r.Began, r.Warning
	if h.Verdict == model.Down && h.Successes < p.SuccessThreshold {
		return h
	}
	if h.Verdict != model.Up {
		h.Verdict, h.Since = model.Up, r.Began.Add(r.Took)
	}
	h.FailingSince = time.Time{}
	h.Reason, h.Detail, h.Certain = "", "", false
	return h
}
