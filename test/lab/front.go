package lab

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// udpFront carries UDP queries to the server behind it and answers back. It
// gives each query an ID of its own, so that one socket is enough.
type udpFront struct {
	dns           *FaultyDNS
	clients, back net.PacketConn

	mu    sync.Mutex
	last  uint16
	asked map[uint16]pending
}

// pending is a query that waits for its answer.
type pending struct {
	client net.Addr
	id     uint16
}

// queries runs until its socket is closed.
func (f *udpFront) queries() {
	server := net.UDPAddr{IP: f.dns.host.Addr.AsSlice(), Port: behind}
	buf := make([]byte, 64<<10)
	for {
		n, client, err := f.clients.ReadFrom(buf)
		if err != nil {
			return
		}
		faults := f.dns.faults.Load()
		pass, answer := faults.verdict(buf[:n])
		switch {
		case answer != nil:
			f.later(faults.Delay, answer, client)
		case pass:
			f.remember(buf, client)
			_, _ = f.back.WriteTo(buf[:n], &server) // a lost query is UDP's business
		}
	}
}

// remember writes the query's new ID into it.
func (f *udpFront) remember(query []byte, client net.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	f.asked[f.last] = pending{client: client, id: binary.BigEndian.Uint16(query)}
	binary.BigEndian.PutUint16(query, f.last)
}

// answers runs until its socket is closed.
func (f *udpFront) answers() {
	buf := make([]byte, 64<<10)
	for {
		n, _, err := f.back.ReadFrom(buf)
		if err != nil {
			return
		}
		if n < 12 {
			continue
		}
		id := binary.BigEndian.Uint16(buf)
		f.mu.Lock()
		p, ok := f.asked[id]
		delete(f.asked, id)
		f.mu.Unlock()
		if !ok {
			continue
		}
		binary.BigEndian.PutUint16(buf, p.id)
		f.later(f.dns.faults.Load().Delay, append([]byte(nil), buf[:n]...), p.client)
	}
}

// later sends an answer, after the delay if there is one.
func (f *udpFront) later(delay time.Duration, answer []byte, client net.Addr) {
	send := func() { _, _ = f.clients.WriteTo(answer, client) }
	if delay == 0 {
		send()
		return
	}
	time.AfterFunc(delay, send)
}

// serveTCP runs until its listener is closed.
func (d *FaultyDNS) serveTCP(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go d.serveConn(client)
	}
}

// serveConn answers the queries of one connection, one after the other.
func (d *FaultyDNS) serveConn(client net.Conn) {
	defer client.Close()
	for {
		query, err := readMessage(client)
		if err != nil {
			return
		}
		faults := d.faults.Load()
		pass, answer := faults.verdict(query)
		if pass {
			answer, err = d.askTCP(query)
		}
		if err != nil {
			return
		}
		if answer == nil {
			continue // lost: the client waits in vain
		}
		time.Sleep(faults.Delay)
		if err := writeMessage(client, answer); err != nil {
			return
		}
	}
}

func (d *FaultyDNS) askTCP(query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := d.host.Dial(ctx, "tcp", net.JoinHostPort(d.host.Addr.String(), strconv.Itoa(behind)))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if err := writeMessage(conn, query); err != nil {
		return nil, err
	}
	return readMessage(conn)
}

// readMessage reads a message of DNS over TCP: its length, then itself.
func readMessage(r io.Reader) ([]byte, error) {
	var size [2]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(r, message)
	return message, err
}

func writeMessage(w io.Writer, message []byte) error {
	_, err := w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...))
	return err
}
