package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"fairlead.dev/internal/file"
	"fairlead.dev/internal/model"
)

// reporter says what is wrong with the manifests: to people as compilers do, or
// to the log.
type reporter struct {
	// people is nil where only machines read.
	people   io.Writer
	log      *slog.Logger
	reloaded func(ok bool)
}

// report says the problems that are new, and counts one reading.
func (r *reporter) report(d file.Desired) {
	for _, p := range d.Fresh {
		r.say(p)
	}
	for _, path := range d.Mended {
		r.log.Info("manifest is good again", "file", path)
	}
	if d.Removed > 0 {
		r.log.Info("services are gone from the manifests", "services", d.Removed)
	}
	r.reloaded(!slices.ContainsFunc(d.Problems, func(p model.Problem) bool { return p.Severity == model.Error }))
}

func (r *reporter) say(p model.Problem) {
	at := problemPlace(p)
	if r.people != nil {
		fmt.Fprintln(r.people, sentence(at, p))
		return
	}
	level := slog.LevelInfo
	switch p.Severity {
	case model.Error:
		level = slog.LevelError
	case model.Warning:
		level = slog.LevelWarn
	}
	r.log.Log(context.Background(), level, "manifest", "at", at, "object", p.Object, "field", p.Field,
		"reason", p.Reason, "problem", p.Message, "fix", p.Hint)
}

// problemPlace is FILE:LINE, as far as they are known.
func problemPlace(p model.Problem) string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// sentence is FILE:LINE: severity: object: message, and below it what to do.
func sentence(at string, p model.Problem) string {
	parts := []string{strings.ToLower(string(p.Severity))}
	if at != "" {
		parts = []string{at, parts[0]}
	}
	if p.Object != "" && !strings.HasPrefix(p.Message, p.Object) {
		parts = append(parts, p.Object)
	}
	s := strings.Join(append(parts, p.Message), ": ")
	if p.Hint != "" {
		s += "\n    " + strings.ReplaceAll(p.Hint, "\n", "\n    ")
	}
	return s
}
