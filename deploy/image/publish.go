package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// built is the image for one platform.
type built struct {
	platform v1.Platform
	image    v1.Image
}

// publish puts what was built where the options say, and tells of each.
func publish(ctx context.Context, o options, all []built, stdout io.Writer) error {
	if o.tarball != "" {
		if err := writeTarball(o, all, stdout); err != nil {
			return fmt.Errorf("write %s: %w", o.tarball, err)
		}
	}
	idx := index(all)
	digest, err := idx.Digest()
	if err != nil {
		return err
	}
	if o.layout != "" {
		if err := writeLayout(o.layout, idx); err != nil {
			return fmt.Errorf("write %s: %w", o.layout, err)
		}
		fmt.Fprintf(stdout, "%s: OCI layout, %s\n", o.layout, digest)
	}
	if o.push == "" {
		return nil
	}
	ref, err := name.ParseReference(o.push)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	if err := remote.WriteIndex(ref, idx, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
		return fmt.Errorf("push to %s (is the name right, and did you log in there?): %w", ref, err)
	}
	fmt.Fprintf(stdout, "%s: pushed, %s\n", ref, digest)
	return nil
}

// index is all platforms under one digest.
func index(all []built) v1.ImageIndex {
	idx := v1.ImageIndex(empty.Index)
	for _, b := range all {
		idx = mutate.AppendManifests(idx, mutate.IndexAddendum{
			Add:        b.image,
			Descriptor: v1.Descriptor{Platform: &b.platform},
		})
	}
	return idx
}

// writeTarball writes one platform: such an archive has room for no more.
func writeTarball(o options, all []built, stdout io.Writer) error {
	tag, err := name.NewTag(o.tag)
	if err != nil {
		return err
	}
	b := all[max(0, slices.IndexFunc(all, func(b built) bool { return b.platform.Architecture == runtime.GOARCH }))]
	if err := os.MkdirAll(filepath.Dir(o.tarball), 0o755); err != nil {
		return err
	}
	if err := tarball.WriteToFile(o.tarball, tag, b.image); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%s: %s for %s\n", o.tarball, tag, b.platform)
	return nil
}

// writeLayout writes the folder anew. It removes an earlier layout, and no other
// folder: that may hold what somebody needs.
func writeLayout(dir string, idx v1.ImageIndex) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if len(entries) > 0 {
		if _, err := layout.FromPath(dir); err != nil {
			return fmt.Errorf("the folder holds something else than an OCI layout (%w): name another", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	_, err = layout.Write(dir, idx)
	return err
}
