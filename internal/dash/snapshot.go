package dash

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"

	"fairlead.dev/internal/wire"
)

// serveSnapshot serves a [wire.Status]. Its ETag holds as long as the snapshot
// and the process's own data do.
func (s *server) serveSnapshot(w http.ResponseWriter, r *http.Request) {
	info, snap := s.Info(), s.Snapshot()
	etag := etagOf(info, generation(snap))
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", etag)
	if strings.Contains(r.Header.Get("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", "application/json")
	if r.Method == http.MethodHead {
		return
	}
	// The encoding cannot fail, and a client that left needs no answer.
	_ = json.NewEncoder(w).Encode(wire.From(info, snap))
}

// etagOf tells snapshots apart, also those of processes that ran before.
func etagOf(info wire.Info, generation uint64) string {
	sum := fnv.New64a()
	_ = json.NewEncoder(sum).Encode(info) // cannot fail
	return fmt.Sprintf(`"%x-%d"`, sum.Sum64(), generation)
}
