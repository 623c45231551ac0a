package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"path/filepath"

	"fairlead.dev/api/v1alpha1"
	"fairlead.dev/internal/convert"
	"fairlead.dev/internal/file"
	"fairlead.dev/internal/model"
	"fairlead.dev/internal/pin"
	"fairlead.dev/internal/table"
)

// manifests pins services of a running `fairlead run`, in the files that it reads.
type manifests struct {
	address string
	client  *http.Client
}

func newManifests(address string) manifests {
	return manifests{address: clientAddress(address), client: &http.Client{Timeout: fetchTimeout}}
}

// Find implements [pin.Backend].
func (m manifests) Find(ctx context.Context, namespace, name string) (pin.Service, error) {
	status, err := table.Fetch(ctx, m.client, m.address)
	if err != nil {
		return pin.Service{}, err
	}
	p, err := status.Find(namespace, name, convert.Nearest)
	if err != nil {
		return pin.Service{}, err
	}
	s := pin.FromWire(p)
	if s.Kind == v1alpha1.Kind && p.Service.Origin.File == "" {
		return s, fmt.Errorf("what serves %s at %s reads no manifests: it is a controller, so leave --http-address out to switch in its cluster", s.Key, m.address)
	}
	s.File, s.Line = p.Service.Origin.File, p.Service.Origin.Line
	if !filepath.IsAbs(s.File) {
		s.File = filepath.Join(status.Info.Directory, s.File)
	}
	return s, nil
}

// Write implements [pin.Backend].
func (m manifests) Write(_ context.Context, s pin.Service, to *model.Pin) error {
	var want []file.Annotation
	for _, a := range convert.PinAnnotations(to) {
		want = append(want, file.Annotation(a))
	}
	o := file.Object{
		APIVersion: v1alpha1.Group + "/" + v1alpha1.Version, Kind: v1alpha1.Kind,
		Namespace: s.Key.Namespace, Name: s.Key.Name, Line: s.Line,
	}
	_, err := file.AnnotateFile(s.File, o, want)
	return err
}

// Who implements [pin.Backend].
func (m manifests) Who(context.Context) string { return localUser() }

// localUser is USER@HOST, as far as they are known.
func localUser() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		name += "@" + host
	}
	return name
}
