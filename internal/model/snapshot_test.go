package model

import (
	"maps"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// TestNext: step by step, or at once, a snapshot of the same services is the same;
// and the one before stays as it was.
func TestNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := map[Key]*Published{}
		s := NewSnapshot("cluster.local", []string{"b", "a"}, nil, nil)
		for range rapid.IntRange(1, 5).Draw(t, "steps") {
			published, gone := map[Key]*Published{}, map[Key]struct{}{}
			for range rapid.IntRange(0, 10).Draw(t, "changes") {
				k := Key{rapid.SampledFrom([]string{"a", "b"}).Draw(t, "namespace"), strconv.Itoa(rapid.IntRange(0, 9).Draw(t, "name"))}
				if delete(gone, k); rapid.Bool().Draw(t, "gone") {
					delete(published, k)
					delete(want, k)
					gone[k] = struct{}{}
					continue
				}
				p := &Published{Service: Service{Key: k}}
				published[k], want[k] = p, p
			}
			before := slices.Clone(s.Services)
			next := s.Next(published, gone)
			if !slices.Equal(before, s.Services) {
				t.Fatal("the snapshot before was written to")
			}
			for _, p := range before {
				if s.Find(p.Service.Key) != p {
					t.Fatal("the snapshot before finds other services")
				}
			}
			s = next
			whole := NewSnapshot("cluster.local", []string{"b", "a"}, slices.Collect(maps.Values(want)), nil)
			if !slices.Equal(whole.Services, s.Services) || !s.HasNamespace("a") {
				t.Fatalf("%d services in this order, want %d", len(s.Services), len(whole.Services))
			}
			for _, namespace := range []string{"a", "b"} {
				for i := range 10 {
					if k := (Key{namespace, strconv.Itoa(i)}); s.Find(k) != want[k] {
						t.Fatalf("finds %v for %s, want %v", s.Find(k), k, want[k])
					}
				}
			}
		}
	})
}
