//go:build linux

package world

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"fairlead.dev/internal/standin"
	"fairlead.dev/test/lab"
)

// startAPIs serves all of them from this process, each on its host.
func (w *World) startAPIs(l *lab.Lab, cert *standin.Certificate) error {
	for _, a := range apis() {
		h, err := l.Host(a.host, a.addr)
		if err != nil {
			return err
		}
		if err := w.serve(h, a, "http", 80, nil); err != nil {
			return err
		}
		if a.tls != "" {
			config := &tls.Config{Certificates: []tls.Certificate{cert.Pair}, NextProtos: []string{"http/1.1"}}
			if err := w.serve(h, a, "https", 443, config); err != nil {
				return err
			}
		}
		w.add(&place{Host: h, about: "HTTP: " + a.about})
	}
	return nil
}

func (w *World) serve(h *lab.Host, a api, scheme string, port uint16, config *tls.Config) error {
	at := netip.AddrPortFrom(h.Addr, port)
	listener, err := h.Listen(at.String())
	if err != nil {
		return fmt.Errorf("serve %s: %w", a.name, err)
	}
	s := &http.Server{
		Handler: standin.Anything(scheme, a.name, at), ReadHeaderTimeout: 10 * time.Second,
		// Clients that distrust the certificate are part of the show.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	ended := make(chan error, 1)
	go func(l net.Listener) { ended <- s.Serve(l) }(listener)
	w.closers = append(w.closers, func() error {
		err := s.Close()
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	})
	return nil
}
