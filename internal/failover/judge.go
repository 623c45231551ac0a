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
func Judge(h model.Health, p *model.Probe, r model.Result) model.Health {
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
