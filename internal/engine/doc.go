// Package engine is the loop: it keeps the questions of all services answered,
// has package failover decide, and hands decisions to a sink.
//
// Inside, [core] is a state machine without goroutines, clock or I/O: what
// happens is told to it together with the time, and it says what to do next.
// [Engine] is the thin shell around it that runs lookups and timers.
//
// The engine decides nothing about a service by itself, and knows neither
// files nor Kubernetes. A source gives it a whole [Desired] state, or a [Change]
// at a time; a sink takes its snapshots and returns what it could not carry out,
// or reports that later.
package engine
