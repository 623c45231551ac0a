package main

import (
	"fmt"
	"log/slog"

	"fairlead.dev/internal/model"
)

// reporter says what is wrong with the manifests, each thing once for as long as
// it stands.
type reporter struct {
	log      *slog.Logger
	reloaded func(ok bool)
	standing map[model.Problem]bool
}

func (r *reporter) report(problems []model.Problem) {
	standing := make(map[model.Problem]bool, len(problems))
	ok := true
	for _, p := range problems {
		standing[p] = true
		ok = ok && p.Severity != model.Error
		if !r.standing[p] {
			r.say(p)
		}
	}
	r.standing = standing
	r.reloaded(ok)
}

func (r *reporter) say(p model.Problem) {
	at := p.File
	if p.Line > 0 {
		at = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	attrs := []any{"at", at, "reason", p.Reason, "problem", p.Message}
	if p.Object != "" {
		attrs = append(attrs, "object", p.Object)
	}
	if p.Hint != "" {
		attrs = append(attrs, "fix", p.Hint)
	}
	switch p.Severity {
	case model.Error:
		r.log.Error("manifest", attrs...)
	case model.Warning:
		r.log.Warn("manifest", attrs...)
	default:
		r.log.Info("manifest", attrs...)
	}
}
