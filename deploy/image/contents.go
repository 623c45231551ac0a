package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// user is whom the program runs as: a number, so that the kubelet can see that it
// is not root.
const user = "65532:65532"

// file is one in the image.
type file struct {
	name string
	mode int64
	data []byte
}

// files are all that the image holds. There is no shell.
func files(program []byte) []file {
	return []file{
		{"etc/", 0o755, nil},
		// Go and the container engine look the user's name and home up.
		{"etc/group", 0o644, []byte("root:x:0:\nnonroot:x:65532:\n")},
		{"etc/passwd", 0o644, []byte("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n")},
		{"etc/ssl/", 0o755, nil},
		{"etc/ssl/certs/", 0o755, nil},
		{"etc/ssl/certs/ca-certificates.crt", 0o644, authorities()},
		{"fairlead", 0o755, program},
	}
}

// authorities are Mozilla's, as PEM, for probes and gateways that trust the system's.
// They come from a module, since those of the building machine would make the image
// depend on it. Authorities that are trusted for old certificates only are left out: a
// file cannot say so.
func authorities() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})
		}
	}
	return out.Bytes()
}

// newImage is the image for one platform.
func newImage(s source, p v1.Platform, program string) (v1.Image, error) {
	data, err := os.ReadFile(program)
	if err != nil {
		return nil, err
	}
	text, err := archive(files(data))
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(text)), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: v1.Time{Time: s.created}, CreatedBy: "fairlead.dev/deploy/image"},
	})
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = p.OS, p.Architecture
	config.Created = v1.Time{Time: s.created}
	config.Config = v1.Config{
		Entrypoint:   []string{"/fairlead"},
		User:         user,
		WorkingDir:   "/",
		Labels:       s.labels(),
		ExposedPorts: map[string]struct{}{"8053/tcp": {}},
	}
	return mutate.ConfigFile(img, config)
}

// labels are the keys that OCI's image specification names.
func (s source) labels() map[string]string {
	const prefix = "org.opencontainers.image."
	l := map[string]string{
		prefix + "title":       "fairlead",
		prefix + "description": "Stable names and addresses inside a cluster for services that live outside it",
		prefix + "url":         "https://fairlead.dev",
		prefix + "source":      "https://fairlead.dev",
		prefix + "licenses":    "Apache-2.0",
		prefix + "version":     s.version,
	}
	if s.revision != "" {
		l[prefix+"revision"] = s.revision
	}
	return l
}

// archive is a tar of files without a time or an owner of their own.
func archive(all []file) ([]byte, error) {
	var out bytes.Buffer
	t := tar.NewWriter(&out)
	for _, f := range all {
		h := tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.data)), Typeflag: tar.TypeReg, Format: tar.FormatUSTAR}
		if strings.HasSuffix(f.name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := t.WriteHeader(&h); err != nil {
			return nil, fmt.Errorf("add %s: %w", f.name, err)
		}
		if _, err := t.Write(f.data); err != nil {
			return nil, fmt.Errorf("add %s: %w", f.name, err)
		}
	}
	if err := t.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
