package main

// mutant is one way to break the code: in file, to takes the place of from.
type mutant struct {
	name, file, from, to string
}

const (
	judge     = "internal/failover/judge.go"
	choose    = "internal/failover/choose.go"
	check     = "internal/failover/check.go"
	former    = "internal/failover/former.go"
	group     = "internal/failover/group.go"
	place     = "internal/failover/place.go"
	publish   = "internal/failover/publish.go"
	question  = "internal/failover/question.go"
	recall    = "internal/failover/recall.go"
	core      = "internal/engine/core.go"
	probes    = "internal/engine/probes.go"
	questions = "internal/engine/questions.go"
)

// mutants are mistakes that somebody could make.
func mutants() []mutant {
	return []mutant{
		{"failureThreshold is off by one", judge, "h.Failures < p.FailureThreshold", "h.Failures <= p.FailureThreshold"},
		{"successThreshold is off by one", judge, "h.Successes < p.SuccessThreshold", "h.Successes <= p.SuccessThreshold"},
		{"a success does not end a row of failures", judge, "h.Failures, h.Successes = 0, h.Successes+1", "h.Successes++"},
		{"a server's own word counts as one failure", judge, "!down && !r.Certain && h.Failures", "!down && h.Failures"},
		{"failback without failbackDelay", choose, "c.in.Now.Before(at) {", "c.in.Now.Before(at) && false {"},
		{"failback although it is Manual", choose, "|| f.ManualFailback ||", "||"},
		{"failback away from a primary that is up", choose, "|| c.in.Service.Probe.Exclusive() {\n\t\t\tbreak", "{\n\t\t\tbreak"},
		{"failback to a tier that is failing", choose, "c.expected(g.steady) != isUp", "g.rank != isUp"},
		{"failback to a tier that cannot be asked", group, "c.health.Failures == 0 && !c.unaskable()", "c.health.Failures == 0"},
		{"minimumReady is ignored", choose, "up >= max(1, c.in.Service.Failover.MinimumReady)", "up >= 1"},
		{"the best tier is not waited for", choose, "best == from || before >= expected || after > expected", "best == from"},
		{"the best tier is not waited for once it is partly proven", choose, "before = max(own, before, after)", "before = max(min(own, nowhere), before, after)"},
		{"a tier that is left at once is not passed over", choose, "best, _ = c.failover(best)", "_, _ = c.failover(best)"},
		{"a pin is ignored", choose, "if pin == nil {", "if pin == nil || true {"},
		{"a CNAME that nobody can look up is left", choose, "from.rank >= possibly || from.unknown", "from.rank >= possibly"},
		{"one answer before the silence is proof", check, "!c.health.SuccessAt.Before(silent.health.FailingSince) &&", "true &&"},
		{"what answers first after an outage is believed", check, "\t\t!silent.health.FailedAt.Before(c.health.SucceedingSince)", "\t\ttrue"},
		{"a forbidden address is published", place, `why != "" {`, `why != "" && false {`},
		{"missingGrace is ignored", question, "believed := answer.Missing(r.in.Service.Resolution.MissingGrace)", "believed := answer.Missing(0)"},
		{"a failed lookup empties the set", question, "!answer.Good.At.IsZero() && !believed", "!answer.Good.At.IsZero() && !believed && !answer.Last.Class.Failed()"},
		{"a name that flickers moves its clients", former, "keep = max(keep, in.Service.Resolution.MissingGrace)", "_ = keep"},
		{"retain is ignored", former, "f.Gone.Add(in.Service.Resolution.Retain)", "f.Gone"},
		{"Withdraw keeps the last ones", publish, "&& !r.in.Service.Failover.Withdraw {", "{"},
		{"two primaries take traffic", publish, "if r.in.Service.Probe.Exclusive() {\n\t\tr.keepOne", "if false {\n\t\tr.keepOne"},
		{"the primary that is up does not stay", publish, "if was {\n\t\t\tworth += 2", "if was {\n\t\t\tworth--"},
		{"a restart forgets the active tier", recall, "if len(m.Active) > 0 {", "if len(m.Active) > 9 {"},
		{"an edit forgets what stands", core, "case len(r.decision.Endpoints) > 0:", "case len(r.decision.Endpoints) > 0 && false:"},
		{"an edit of the probe keeps its counts", probes, "w.health.Successes, w.health.Failures = 0, 0", "_ = w"},
		{"an urgent probe waits for its interval", probes, "w.began.Before(since) && w.due.After(now)", "w.began.Before(since) && w.due.After(now) && false"},
		{"DNS that was down is asked late", questions, "retryFailed = time.Second", "retryFailed = time.Minute"},
		{"an outage of DNS counts into missingGrace", questions, "if c.interrupted(q, o) {", "if c.interrupted(q, o) && false {"},
	}
}
