package file

import (
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"fairlead.dev/internal/model"
)

// Config says what a Loader reads, and how.
type Config struct {
	// Paths are files and folders. Folders are read with all that is below them.
	Paths []string
	// ClusterDomain has no trailing dot. Empty means cluster.local.
	ClusterDomain string
	// ServiceCIDRs are the ranges of virtual IPs, at most one of each family,
	// the primary first.
	ServiceCIDRs []netip.Prefix
	// Logger takes what happens to the watching itself. Problems of manifests
	// are returned, not logged. Nil discards.
	Logger *slog.Logger

	// Quiet is how long the files must rest after a change before they are
	// read. Zero means 50ms.
	Quiet time.Duration
	// Poll is how often files are looked at whether or not the system has told
	// of a change. Zero means 3s.
	Poll time.Duration
}

// Desired is everything that the files ask for.
type Desired struct {
	// Services have their virtual IPs, in the order of their keys.
	Services []model.Service
	// Namespaces are those declared, those of the services, and those that
	// every cluster has; sorted.
	Namespaces []string
	// Problems are all that stand: Errors first, then Warnings, in the order of
	// files and lines.
	Problems []model.Problem
	// Fresh are those of Problems that did not stand before.
	Fresh []model.Problem
	// Mended are the paths that had Errors before and have none now.
	Mended []string
	// Removed is how many services were served before and are not now.
	Removed int
	// Skipped counts the objects of kinds that are not served, by kind.
	Skipped map[string]int
	// Files is how many files were read.
	Files int
}

// Loader reads manifests and remembers what it has read: virtual IPs stay, good
// versions of files outlive broken edits, and only what has changed is parsed
// again.
type Loader struct {
	cfg Config

	mu    sync.Mutex
	files map[string]*manifest
	// documents are the parsed documents of the current and the served
	// versions.
	documents map[digest]*document
	served    served
	// scanProblems are those of the last scan that was loaded.
	scanProblems []model.Problem
	loaded       bool
	// materials are the served ones; nil before the first load.
	materials atomic.Pointer[materials]
	// last is what was returned last.
	last Desired
}

// New returns a Loader. It reads nothing yet.
func New(cfg Config) (*Loader, error) {
	if len(cfg.Paths) == 0 {
		return nil, errors.New("no manifests: name the files or folders to read")
	}
	if cfg.ClusterDomain == "" {
		cfg.ClusterDomain = "cluster.local"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Quiet <= 0 {
		cfg.Quiet = 50 * time.Millisecond
	}
	if cfg.Poll <= 0 {
		cfg.Poll = 3 * time.Second
	}
	for _, p := range cfg.ServiceCIDRs {
		if err := checkRange(p); err != nil {
			return nil, err
		}
	}
	return &Loader{
		cfg:       cfg,
		files:     make(map[string]*manifest),
		documents: make(map[digest]*document),
		served:    newServed(),
	}, nil
}

// Load reads what has changed since the last time, and returns what the files
// ask for now. The first time, a path that does not exist is an error; later it
// is a problem.
func (l *Loader) Load() (Desired, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	found, err := l.scan()
	if err != nil {
		return Desired{}, err
	}
	return l.current(found, l.refresh(found)), nil
}

// current is what the files ask for, worked out anew only if there is news.
func (l *Loader) current(found scanned, news bool) Desired {
	if !news {
		l.last.Fresh, l.last.Mended, l.last.Removed = nil, nil, 0
		return l.last
	}
	l.last = l.settle(found)
	return l.last
}
