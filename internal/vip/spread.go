package vip

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"

	"fairlead.dev/internal/model"
)

// probes is how many hashed places are tried before the band is searched in
// order. A band that is nine tenths full fails that often once in five times.
const probes = 16

// seeker is a service on its way to an address. It tries place 0, 1, 2... of a
// sequence that depends on nothing but its key.
type seeker struct {
	key  model.Key
	seed uint64
}

func newSeeker(k model.Key) seeker {
	sum := sha256.Sum256([]byte(k.String()))
	return seeker{key: k, seed: binary.BigEndian.Uint64(sum[8:16])}
}

// place is the i-th place that the seeker tries, below n.
func (s seeker) place(i, n uint64) uint64 {
	// The finalizer of SplitMix64: neighbouring counters give unrelated places.
	z := s.seed + i*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) % n
}

// spread assigns addresses by hash. The keys come in their order, and the
// smaller one chooses first, so a newcomer moves nobody whose place it does not
// want.
func (r *round) spread(keys []model.Key) {
	for _, k := range keys {
		if uint64(len(r.taken)) >= r.capacity() || !r.seat(newSeeker(k)) {
			r.exhausted(k)
		}
	}
}

// seat finds the seeker an address: hashed places in the dynamic band, then
// that band in order, then the lower band.
func (r *round) seat(s seeker) bool {
	n := r.end - r.split
	for i := range uint64(probes) {
		if r.try(s.key, r.split+s.place(i, n)) {
			return true
		}
	}
	start := s.place(0, n)
	for i := range n {
		if r.try(s.key, r.split+(start+i)%n) {
			return true
		}
	}
	for at := r.first; at < r.split; at++ {
		if r.try(s.key, at) {
			return true
		}
	}
	return false
}

func (r *round) try(k model.Key, at uint64) bool {
	a := nth(r.base, at)
	if _, ok := r.reserved(a); ok {
		return false
	}
	return r.take(k, a)
}

func (r *round) exhausted(k model.Key) {
	r.conflicts = append(r.conflicts, Conflict{
		Key: k, Severity: model.Error, Reason: ReasonRangeExhausted, Addr: netip.Addr{},
		Message: fmt.Sprintf("%s gets no address: all %d of the service range %s are taken", k, r.capacity(), r.prefix),
		Hint:    "start with a larger --service-cidr",
	})
}
