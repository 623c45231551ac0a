//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fairlead.dev/test/cluster"
	"fairlead.dev/test/world"
)

// serveOutside lets the command of another terminal change the world, by a
// socket in the folder that both share. End it by what it returns.
func (p place) serveOutside(w *world.World) (stop func() error, err error) {
	path := p.file("outside.sock")
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // of one that was killed
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	s := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		var args []string
		var said bytes.Buffer
		err := json.NewDecoder(r.Body).Decode(&args)
		if err == nil {
			err = w.Do(r.Context(), &said, args...)
		}
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = out.Write(said.Bytes()) // a client that has gone needs no answer
	})}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	return func() error {
		err := s.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}, nil
}

// startWorld adds the world, and the function by which a shell says outside.
func (p place) startWorld(ctx context.Context, built string, c *cluster.Cluster) (text, env string, stop func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", "", nil, err
	}
	dir, err := filepath.Abs(string(p))
	if err != nil {
		return "", "", nil, err
	}
	built, err = filepath.Abs(built) // the node has a working directory of its own
	if err != nil {
		return "", "", nil, err
	}
	w, err := world.Start(ctx, c, built)
	if err != nil {
		return "", "", nil, err
	}
	var table strings.Builder
	end, err := p.serveOutside(w)
	if err == nil {
		err = w.Print(&table)
	}
	if err != nil {
		return "", "", nil, errors.Join(err, w.Close())
	}
	text = fmt.Sprintf("# Outside it:\n%s# In a shell: eval \"$(bin/cluster -env)\"\n", table.String())
	env = fmt.Sprintf("outside() { '%s' -state='%s' -outside \"$@\"; }\n", self, dir)
	return text, env, func() error { return errors.Join(end(), w.Close()) }, nil
}

// outside sends a command to the world of the cluster that is up.
func (p place) outside(ctx context.Context, args []string) error {
	body, err := json.Marshal(append([]string{}, args...))
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", p.file("outside.sock"))
	}}}
	req, err := http.NewRequestWithContext(ctx, "POST", "http://outside/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("no cluster with a world is up (start one: make walkthrough-up): %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return errors.New(strings.TrimSpace(string(text)))
	}
	_, err = os.Stdout.Write(text)
	return err
}
