//go:build linux

package world

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"fairlead.dev/internal/standin"
	"fairlead.dev/test/cluster"
)

// The images of the walkthrough's Pods, beside those of every node and the one
// that `make image` makes.
const (
	ClientImage   = "fairlead.test/client:1"        // dig, nslookup, nc, curl, psql; it trusts httpbin's certificate
	APIImage      = "fairlead.test/reporting-api:1" // of examples/reporting-api
	PostgresImage = "fairlead.test/postgres:1"
)

const trusted = "/etc/ssl/outside.pem"

// importImages gives the node its images; built is the folder of the two that
// were built from sources.
func importImages(ctx context.Context, c *cluster.Cluster, built string, cert *standin.Certificate) error {
	client, err := cluster.Tools(ClientImage, "dig", "nslookup", "nc", "curl", "psql")
	if err != nil {
		return err
	}
	client.Texts[trusted] = string(cert.PEM)
	client.Env = append(client.Env, "CURL_CA_BUNDLE="+trusted)
	postgres, err := cluster.Postgres(PostgresImage)
	if err != nil {
		return err
	}
	images := []cluster.Image{client, postgres, cluster.Binary(APIImage, filepath.Join(built, "reporting-api"))}
	errs := make(chan error, len(images)+1)
	for _, img := range images {
		go func() { errs <- c.Import(ctx, img) }()
	}
	go func() { errs <- importArchive(ctx, c, filepath.Join(built, "fairlead-image.tar")) }()
	var all error
	for range cap(errs) {
		all = errors.Join(all, <-errs)
	}
	if all != nil {
		return fmt.Errorf("give the node its images (make walkthrough-up builds them): %w", all)
	}
	return nil
}

// importArchive gives the node the one image of an archive, by its own name.
func importArchive(ctx context.Context, c *cluster.Cluster, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	for t := tar.NewReader(f); ; {
		h, err := t.Next()
		if err != nil {
			return fmt.Errorf("%s is no archive of an image, it has no manifest.json: %w", file, err)
		}
		if h.Name != "manifest.json" {
			continue
		}
		var manifest []struct{ RepoTags []string }
		if err := json.NewDecoder(t).Decode(&manifest); err != nil || len(manifest) != 1 || len(manifest[0].RepoTags) != 1 {
			return fmt.Errorf("%s holds other than one image with one name: %v %w", file, manifest, err)
		}
		return c.ImportFile(ctx, manifest[0].RepoTags[0], file)
	}
}
