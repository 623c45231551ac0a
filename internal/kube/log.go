package kube

import (
	"context"
	"log/slog"

	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// LogTo has controller-runtime and client-go log to l. They have one logger for
// the whole process: call it once, before [Run].
func LogTo(l *slog.Logger) {
	klog.SetSlogLogger(slog.New(quiet{l.Handler()}))
	log.SetLogger(klog.Background())
}

// quiet passes on what controller-runtime says at Warn and above as it is, and
// the rest in detail only: what people should know is said by this package and
// the engine.
type quiet struct{ slog.Handler }

func (q quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return q.Handler.Enabled(ctx, lowered(l))
}

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lowered(r.Level)
	return q.Handler.Handle(ctx, r)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }

func lowered(l slog.Level) slog.Level {
	if l == slog.LevelInfo {
		return slog.LevelDebug
	}
	return l
}
