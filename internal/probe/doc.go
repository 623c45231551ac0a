// Package probe asks endpoints whether they are up: one file for each kind of
// probe, one fresh connection for each probe.
//
// [Prober.Probe] never fails and never takes longer than its timeout: what goes
// wrong is its result, in one word for machines and one sentence for people. The
// sentence is the same for as long as the trouble is, so that it is news once.
//
// The package schedules nothing and keeps nothing between probes: when to probe is
// decided by package engine, what results mean by package failover. It connects to
// the address that it is given and never to another one, whatever a server says,
// since that address has passed policy and the other has not.
package probe
