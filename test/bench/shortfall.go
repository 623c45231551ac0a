//go:build linux

package main

import "strings"

// shortfall says why a goal is missed and what would close the gap. It is
// written by hand, from profiles; the page shows it only where it applies.
func shortfall(id string) string {
	switch {
	case id == "connect-rate":
		return "A connection costs fairlead more CPU than HAProxy: some 24 system calls instead of 17, two goroutines that the scheduler wakes for each message, and four registrations with Go's poller, which cannot be had for less through package net. What would close it: asking for a peer's address less often (an end that was read is told from a reset by two calls on each connection), taking a connect as done when the poller says so instead of connecting a second time, and beyond that an event loop of our own beside the runtime's."
	case strings.HasPrefix(id, "steady-"):
		return "With little to do, each message finds Go's threads asleep: a thread is woken for the goroutine that the poller names (futex), another one looks for more work beside it, and the runtime's monitor thread starts to tick every 20 µs. Together that is some 40 % of the relay's CPU under this load, and a wait in each direction; HAProxy's threads sleep in the poller and go on themselves. What would close it: an event loop of our own for established connections, on threads that wait in the kernel."
	case strings.HasPrefix(id, "keep-"):
		return "A message costs fairlead three system calls in each direction and HAProxy two: Go's poller tells of an edge and not of what is left, so a socket is read until it says that it is empty. On a machine whose cores are all taken, that is also one more wait for the scheduler in each direction, and the slowest hundredth shows it most. What would close it: an event loop of our own for established connections, which learns from the poller whether more is there."
	case strings.HasPrefix(id, "bulk"):
		return "Both splice, so nearly all of the time is the kernel's, in the sender's and the receiver's copy, and the rounds differ more than the relays do. Fairlead's CPU for each GB is the figure to look at. What would close it: measuring with clients on cores of their own."
	case strings.HasPrefix(id, "gateway-web-"), strings.HasPrefix(id, "gateway-secure-"):
		return "By a profile of requests over connections that stay, 73 % of fairlead's CPU are system calls, and of the rest hardly any is its own: to read and write heads takes some 5 %. Go's poller tells of an edge and not of what is left, so each of the two sockets is read once more for every message to learn that it is empty, and a connection that was kept is looked at before it is used. Where all cores are taken, each message also waits for the scheduler once on either side, and the slowest hundredth shows it most. What would close it: an event loop of our own for established connections."
	case strings.HasPrefix(id, "gateway-tls-bulk"):
		return "Nearly all of it is AES, in Go's assembly for fairlead and in OpenSSL's for the peers, and the kernel's copies; the rounds differ more than the gateways do. CPU per GB is the figure to look at. What would close it: measuring with clients on cores of their own."
	case strings.HasPrefix(id, "gateway-tls-steady-"):
		return "What is said of the relay's steady load holds here, and each record is one more turn through crypto/tls. What would close it: an event loop of our own for established connections."
	case strings.HasPrefix(id, "gateway-tls-"):
		return "A handshake is a signature to verify and a key exchange, in Go's crypto for fairlead and in OpenSSL for the peers. As fast as it goes, clients, gateways and backend compete for two cores, and the slowest hundredth shows whom the scheduler passed over: in three runs of this section fairlead's p99 was 0.96, 1.39 and 2.38 times HAProxy's. What would close it: measuring with clients on cores of their own."
	case id == "start-few-took":
		return "Most of the start is parsing YAML, then the start of the Go program itself. What would close it: parsing files side by side, which is done, and a smaller decoder for the kinds that count."
	case strings.HasPrefix(id, "edit-"):
		return "One changed file is parsed alone, but every service is converted and every virtual IP assigned anew, 0.2 s of CPU with 10,000 services, and the garbage of that is collected at the same time. What would close it: converting only what the changed documents touch."
	case strings.HasPrefix(id, "slice-edit-"), strings.HasPrefix(id, "slice-record-"):
		return "By a trace of 200 edits and 198 records on a busy machine, medians: from the edit's event to fairlead's request to the API server 0.8 ms, from an outside answer 1.2 ms; that request 5 and 7 ms, and the person's own patch 9 ms. Of 19 edits that took more than 30 ms one had waited in fairlead for more than 10 ms; of 22 records ten had, for the pause after a snapshot that the machine had held up, which has been mended since and not been traced again. The others waited for the API server. What would close it: cores of its own for that."
	case strings.HasPrefix(id, "failover-"):
		return "By a trace of 24 failovers, with a timeout of 250ms: the slice had changed 0.25 to 0.44 s after the death of the primary, or 0.51 to 0.73 s after it fell silent, which is its interval and its timeouts, and where kube-proxy was at rest clients followed within 55 ms. Where another Service of the cluster has changed within the second before, kube-proxy holds the change for the rest of that second. What would close it: a node whose kube-proxy has a shorter minSyncPeriod."
	case id == "probes-cpu":
		return "By a profile of a run that took 51 % (bare connections 29 %), half of it is system calls, 22 % of a core; so the goal leaves little on this machine for anything else. Of all of it are: the engine's own loop (19 %, of which the order of its agenda was a quarter, which was mended after the profile), stacks of goroutines that grow (5 %), the scheduler (6 %) and the garbage collector (4 %). What would close it: connects that are waited for in one place instead of by a goroutine each."
	case id == "probes-memory":
		return "By a profile, more than 100 MiB are live, most of it the engine's: some 10 KiB for each service with its two endpoints. The collector lets garbage grow on top of that, and what was needed while the manifests were read goes back to the machine slowly."
	case id == "probes-snapshots":
		return "A snapshot also goes out, once a second at most, where DNS has only confirmed what is published; the status page shows since when. Whether all of these were such was not measured: answers and verdicts are the same before and after."
	case id == "probes-timewait":
		return "Where a target's FIN comes between a probe's FIN and its RST, the socket stays in TIME_WAIT. A test on its own, 20,000 connections on one machine: 5,953 of them to a server that closes at once, 1 where it waits for 1 ms, none for 10 ms. Here, where targets are one cable away, it is one probe in 350 to 700; a real network's way takes longer than the two calls."
	case id == "rest-dns":
		return "Each name is asked for A and for AAAA. More than that is a TTL that ends within the time measured."
	case strings.HasPrefix(id, "record-"):
		return "A name is asked for again when its TTL is over. What is above that is the wait for the processor, which this machine shares with the clients. The figure from given out to answered says how much of it is fairlead's own."
	}
	return "Not examined yet."
}
