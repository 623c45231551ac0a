//go:build linux

package cluster

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
)

// archive writes the image as `docker save` does: a manifest, a configuration
// and one layer.
func (img Image) archive(w io.Writer) error {
	var layer bytes.Buffer
	if err := img.layer(&layer); err != nil {
		return err
	}
	sum := sha256.Sum256(layer.Bytes())
	config, err := json.Marshal(object{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       object{"Entrypoint": img.Entrypoint, "Cmd": img.Cmd, "Env": img.Env, "User": img.User},
		"rootfs":       object{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	if err != nil {
		return fmt.Errorf("encode the configuration: %w", err)
	}
	manifest, err := json.Marshal([]object{{
		"Config": "config.json", "RepoTags": []string{img.Name}, "Layers": []string{"layer.tar"},
	}})
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	t := tar.NewWriter(w)
	for _, part := range []struct {
		name string
		data []byte
	}{{"manifest.json", manifest}, {"config.json", config}, {"layer.tar", layer.Bytes()}} {
		if err := addText(t, part.name, part.data); err != nil {
			return err
		}
	}
	return t.Close()
}

// layer writes the files, folders before what they hold.
func (img Image) layer(w io.Writer) error {
	t := tar.NewWriter(w)
	dirs := map[string]bool{".": true, "/": true}
	for _, files := range []map[string]string{img.Files, img.Links, img.Texts} {
		for name := range files {
			for dir := path.Dir(name); !dirs[dir]; dir = path.Dir(dir) {
				dirs[dir] = true
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(dirs)) {
		mode := int64(0o755)
		if dir == "/tmp" {
			mode = 0o1777
		}
		if dir == "." || dir == "/" {
			continue
		}
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: relative(dir) + "/", Mode: mode}); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(img.Files)) {
		if err := addFile(t, name, img.Files[name]); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(img.Links)) {
		h := tar.Header{Typeflag: tar.TypeSymlink, Name: relative(name), Linkname: img.Links[name], Mode: 0o777}
		if err := t.WriteHeader(&h); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(img.Texts)) {
		if err := addText(t, relative(name), []byte(img.Texts[name])); err != nil {
			return err
		}
	}
	return t.Close()
}

func relative(name string) string { return strings.TrimPrefix(name, "/") }

func addText(t *tar.Writer, name string, data []byte) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data))}); err != nil {
		return err
	}
	_, err := t.Write(data)
	return err
}

func addFile(t *tar.Writer, name, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: relative(name), Mode: int64(info.Mode().Perm()), Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}
