// Package resolve asks the outside DNS: names for the engine, and whatever
// else the local DNS server forwards.
//
// [Upstream] exchanges one message with the outside servers: UDP, TCP where an
// answer is truncated, the next server when one fails or is slow, again and again
// while all are silent. [Client] asks an upstream one question and says what kind of
// answer it got.
//
// The package keeps no answers and schedules nothing: how long an answer holds
// and what to do with a failure is decided by packages engine and failover.
package resolve
