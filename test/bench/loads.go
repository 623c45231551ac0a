//go:build linux

package main

import "context"

// load is one kind of traffic through a relay.
type load struct {
	name string
	bulk bool
	run  func(ctx context.Context, b *bench, p path) ([]measured, error)
}

// measured is one value of a load. Where count is set, the value is the CPU time
// of the relay divided by it.
type measured struct {
	id    string
	value float64
	unit  unit
	count float64
}

func loads(w *wrk) []load {
	return []load{
		{"connect", false, func(ctx context.Context, b *bench, p path) ([]measured, error) {
			return web(ctx, b, p, w, connecting, false)
		}},
		{"keep", false, func(ctx context.Context, b *bench, p path) ([]measured, error) {
			return web(ctx, b, p, w, httpConnections, true)
		}},
		{"steady", false, requests},
		{"bulk1", true, func(ctx context.Context, b *bench, p path) ([]measured, error) { return bulk(ctx, b, p, 1) }},
		{"bulk8", true, func(ctx context.Context, b *bench, p path) ([]measured, error) { return bulk(ctx, b, p, 8) }},
	}
}

func web(ctx context.Context, b *bench, p path, w *wrk, connections int, keepAlive bool) ([]measured, error) {
	got, err := w.load(ctx, p.at.http, b.size.load, connections, keepAlive)
	return []measured{
		{id: "-rate", value: got.rate, unit: perSecond},
		{id: "-p50", value: got.p50, unit: seconds},
		{id: "-p99", value: got.p99, unit: seconds},
		{id: "-cpu", count: got.total, unit: seconds},
	}, err
}

func requests(ctx context.Context, b *bench, p path) ([]measured, error) {
	took, err := steady(ctx, p.at.echo, echoed(), steadyRate, b.size.steady)
	return []measured{
		{id: "-p50", value: quantile(took, 0.5), unit: seconds},
		{id: "-p99", value: quantile(took, 0.99), unit: seconds},
		{id: "-cpu", count: float64(len(took)), unit: seconds},
	}, err
}

func bulk(ctx context.Context, b *bench, p path, n int) ([]measured, error) {
	rate, moved, err := streams(ctx, p.at.bulk, n, b.size.steady)
	return []measured{
		{id: "-rate", value: rate, unit: bytesPerSecond},
		{id: "-cpu", count: moved / 1e9, unit: seconds},
	}, err
}
