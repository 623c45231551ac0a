//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
)

// backendRole is the argument that makes this program the backend of the relays,
// in a process of its own. Files of a certificate and its key may follow, for TLS.
const backendRole = "backend"

// places are the addresses of what the backend serves, or of a relay before it.
type places struct{ http, echo, bulk netip.AddrPort }

func (p *places) all() []*netip.AddrPort { return []*netip.AddrPort{&p.http, &p.echo, &p.bulk} }

// runBackend starts the backend and returns where it listens.
func (b *bench) runBackend(files ...string) (places, error) {
	var at places
	self, err := os.Executable()
	if err != nil {
		return at, err
	}
	cmd := exec.Command(self, append([]string{backendRole}, files...)...)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return at, err
	}
	p, err := b.start("backend", cmd)
	if err != nil {
		return at, err
	}
	line, err := bufio.NewReader(pipe).ReadString('\n')
	if err != nil {
		return at, errors.Join(fmt.Errorf("the backend does not say where it is: %w", err), p.alive())
	}
	for i, text := range strings.Fields(line) {
		if *at.all()[i], err = netip.ParseAddrPort(text); err != nil {
			return at, err
		}
	}
	return at, nil
}

// backend serves until ctx ends. It prints its addresses first.
func backend(ctx context.Context, out io.Writer, files []string) error {
	var told []string
	var secure *tls.Config
	if len(files) == 2 {
		pair, err := tls.LoadX509KeyPair(files[0], files[1])
		if err != nil {
			return err
		}
		secure = &tls.Config{Certificates: []tls.Certificate{pair}}
	}
	for _, serve := range []func(net.Conn){serveHTTP, serveEcho, serveBulk} {
		config := net.ListenConfig{KeepAlive: -1} // fewer system calls for each connection
		l, err := config.Listen(ctx, "tcp4", "127.0.0.1:0")
		if err != nil {
			return err
		}
		if secure != nil {
			l = tls.NewListener(l, secure)
		}
		go accept(l, serve)
		told = append(told, l.Addr().String())
	}
	fmt.Fprintln(out, strings.Join(told, " "))
	<-ctx.Done()
	return nil
}

func accept(l net.Listener, serve func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			serve(conn)
		}()
	}
}

const httpBody = "Hello from outside.\n"

// serveHTTP answers GET requests, the same answer to each. It does no more than
// the load needs, so that the relay before it stays the larger part.
func serveHTTP(conn net.Conn) {
	head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n", len(httpBody))
	keep := []byte(head + "\r\n" + httpBody)
	last := []byte(head + "Connection: close\r\n\r\n" + httpBody)
	buf := make([]byte, 4096)
	n := 0
	for {
		got, err := conn.Read(buf[n:])
		n += got
		if err != nil || n == len(buf) {
			return
		}
		if !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
			continue
		}
		if says(buf[:n], "X-Show-Host: 1") {
			_, host, _ := bytes.Cut(bytes.ToLower(buf[:n]), []byte("\r\nhost: "))
			host, _, _ = bytes.Cut(host, []byte("\r\n"))
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(host), host)
			return
		}
		if says(buf[:n], "Connection: close") {
			conn.Write(last)
			return
		}
		if _, err := conn.Write(keep); err != nil {
			return
		}
		n = 0
	}
}

// says reports whether a request has a header line; HAProxy writes names in lower case.
func says(request []byte, line string) bool {
	return bytes.Contains(request, []byte(line)) || bytes.Contains(request, []byte(strings.ToLower(line)))
}

func serveEcho(conn net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return
		}
	}
}

// serveBulk sends the pattern until the client has enough.
func serveBulk(conn net.Conn) {
	block := pattern()
	for {
		if _, err := conn.Write(block); err != nil {
			return
		}
	}
}

// patternSize is a prime number, so that a block that is lost or doubled shows.
const patternSize = 262_139

// pattern is what bulk streams consist of, over and over.
func pattern() []byte {
	block := make([]byte, patternSize)
	x := uint32(1)
	for i := range block {
		x = x*1664525 + 1013904223
		block[i] = byte(x >> 24)
	}
	return block
}
