package standin

import (
	"fmt"
	"net/netip"
	"os"
	"sync"
)

// A zoneFile is a zone kept as its file says.
type zoneFile struct {
	path    string
	network netip.Prefix
	log     func(line string)

	mu      sync.Mutex
	seen    os.FileInfo
	missing bool
	zone    *zone
}

// openZone reads the zone file of c, which must be in order at first.
func openZone(c Config) (*zoneFile, error) {
	f := &zoneFile{path: c.Zone, network: c.Network, log: c.Log}
	if f.log == nil {
		f.log = func(string) {}
	}
	var err error
	if f.seen, err = os.Stat(f.path); err == nil {
		f.zone, err = f.read()
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the zone file, name one with --zone or run this at the top of the repository: %w", err)
	}
	return f, nil
}

func (f *zoneFile) read() (*zone, error) {
	r, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return parseZone(r, f.path, f.network)
}

// current is the zone as the file has it now. A file that is broken or gone
// changes nothing.
func (f *zoneFile) current() *zone {
	f.mu.Lock()
	defer f.mu.Unlock()
	fi, err := os.Stat(f.path)
	if err != nil {
		if !f.missing {
			f.log(fmt.Sprintf("answering with the records from before: %v", err))
		}
		f.missing = true
		return f.zone
	}
	if !f.missing && os.SameFile(fi, f.seen) && fi.ModTime().Equal(f.seen.ModTime()) && fi.Size() == f.seen.Size() {
		return f.zone
	}
	f.seen, f.missing = fi, false
	z, err := f.read()
	if err != nil {
		f.log(fmt.Sprintf("answering with the records from before: %v", err))
		return f.zone
	}
	f.log("read " + f.path + " again")
	f.zone = z
	return z
}
