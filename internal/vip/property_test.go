package vip

import (
	"fmt"
	"math/rand"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fairlead.dev/internal/model"
)

// prefixes from far too small for the claims to far larger than them.
var someRanges = [][]netip.Prefix{
	{netip.MustParsePrefix("127.96.0.0/28")},
	{netip.MustParsePrefix("127.96.0.0/24")},
	{v4},
	{netip.MustParsePrefix("fd00:96::/108"), netip.MustParsePrefix("127.96.0.0/20")},
	{netip.MustParsePrefix("fd00:96::/56")},
}

func drawClaims(t *rapid.T, prefixes []netip.Prefix) []Claim {
	names := rapid.SliceOfNDistinct(rapid.IntRange(0, 400), 0, 60, rapid.ID[int]).Draw(t, "names")
	claims := make([]Claim, len(names))
	for i, n := range names {
		claims[i] = Claim{Key: model.Key{Namespace: fmt.Sprint("ns", n%3), Name: fmt.Sprint("svc-", n)}, Families: []Family{IPv4, IPv6}}
		if rapid.IntRange(0, 4).Draw(t, "asks") == 0 {
			claims[i].Requested = []netip.Addr{drawAddr(t, prefixes)}
		}
	}
	return claims
}

// drawAddr draws an address in the ranges or just outside.
func drawAddr(t *rapid.T, prefixes []netip.Prefix) netip.Addr {
	p := rapid.SampledFrom(prefixes).Draw(t, "prefix")
	return nth(p.Addr(), rapid.Uint64Range(0, 20).Draw(t, "offset"))
}

func drawHeld(t *rapid.T, prefixes []netip.Prefix, claims []Claim) map[model.Key][]netip.Addr {
	held := map[model.Key][]netip.Addr{}
	for _, c := range claims {
		if rapid.IntRange(0, 3).Draw(t, "holds") == 0 {
			held[c.Key] = []netip.Addr{drawAddr(t, prefixes)}
		}
	}
	return held
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefixes := rapid.SampledFrom(someRanges).Draw(t, "ranges")
		claims := drawClaims(t, prefixes)
		held := drawHeld(t, prefixes, claims)
		got, conflicts := Assign(prefixes, claims, held)

		refused := map[model.Key]bool{}
		for _, c := range conflicts {
			refused[c.Key] = refused[c.Key] || c.Severity == model.Error
		}
		owner := map[netip.Addr]model.Key{}
		for _, c := range claims {
			addrs := got[c.Key]
			if (len(addrs) == 0) != refused[c.Key] {
				t.Fatalf("%s has %v, refused is %v", c.Key, addrs, refused[c.Key])
			}
			for _, a := range addrs {
				if o, ok := owner[a]; ok {
					t.Fatalf("%s and %s both have %s", o, c.Key, a)
				}
				owner[a] = c.Key
				if !slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(a) && handsOut(p, a) }) {
					t.Fatalf("%s has %s, which is not to be handed out", c.Key, a)
				}
			}
		}

		shuffled := slices.Clone(claims)
		rand.New(rand.NewSource(rapid.Int64().Draw(t, "seed"))).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		again, conflictsAgain := Assign(prefixes, shuffled, held)
		if !reflect.DeepEqual(got, again) || !reflect.DeepEqual(conflicts, conflictsAgain) {
			t.Fatalf("another order gives %v, want %v", again, got)
		}
	})
}

func handsOut(p netip.Prefix, a netip.Addr) bool {
	_, reserved := newBand(p).reserved(a)
	return !reserved
}

// What is handed out stays with its service while the process runs, whatever
// else comes or goes.
func TestHeldAddressesStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefixes := rapid.SampledFrom(someRanges).Draw(t, "ranges")
		before := drawClaims(t, prefixes)
		held, _ := Assign(prefixes, before, nil)
		after := append(drawClaims(t, prefixes), before...)
		slices.SortStableFunc(after, func(a, b Claim) int { return b.Key.Compare(a.Key) })
		requests := map[model.Key]bool{}
		for _, c := range after {
			requests[c.Key] = requests[c.Key] || len(c.Requested) > 0
		}
		got, _ := Assign(prefixes, after, held)
		for _, c := range before {
			if requests[c.Key] || len(held[c.Key]) == 0 {
				continue
			}
			if !slices.Equal(got[c.Key], held[c.Key]) {
				t.Fatalf("%s had %v and has %v", c.Key, held[c.Key], got[c.Key])
			}
		}
	})
}

// A service more moves others only by taking the place that one of them had,
// and that one only.
func TestAdditionsMoveOnlyOnCollision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefixes := []netip.Prefix{netip.MustParsePrefix("127.96.0.0/22")}
		claims := drawClaims(t, prefixes)
		for i := range claims {
			claims[i].Requested = nil
		}
		before, _ := Assign(prefixes, claims, nil)
		newcomer := Claim{Key: model.Key{Namespace: "new", Name: fmt.Sprint("svc-", rapid.IntRange(0, 1<<20).Draw(t, "new"))}, Families: []Family{IPv4}}
		after, _ := Assign(prefixes, append(slices.Clone(claims), newcomer), nil)

		had := map[netip.Addr]model.Key{}
		for k, a := range before {
			had[a[0]] = k
		}
		moved := map[model.Key]bool{}
		for k, a := range before {
			if a[0] != after[k][0] {
				moved[k] = true
			}
		}
		// Follow the chain: the newcomer took somebody's place, who took
		// somebody's place.
		for at := newcomer.Key; ; {
			next, ok := had[after[at][0]]
			if !ok {
				break
			}
			if !moved[next] {
				t.Fatalf("%s has the place of %s, which did not move", at, next)
			}
			delete(moved, next)
			at = next
		}
		if len(moved) > 0 {
			t.Fatalf("%v moved without need", moved)
		}
	})
}
