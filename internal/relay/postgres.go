package relay

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// The codes that stand where a StartupMessage has its protocol version
// (PostgreSQL's "Message Formats": SSLRequest, GSSENCRequest).
const (
	sslRequest    = 80877103
	gssEncRequest = 80877104
)

// postgresALPN is the protocol of ALPN that PostgreSQL 17 asks for.
const postgresALPN = "postgresql"

// postgresRequest is one of eight octets: its own length, and a code.
func postgresRequest(code uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, code)
}

// askPostgresTLS has a server expect a TLS handshake. A server that has none is left:
// nothing goes to it unencrypted. One octet is read and no more: what somebody on the
// way puts behind it is no part of what TLS protects (CVE-2021-23222).
func askPostgresTLS(server net.Conn) error {
	if _, err := server.Write(postgresRequest(sslRequest)); err != nil {
		return fmt.Errorf("does not take the request for TLS: %w", err)
	}
	var answer [1]byte
	if _, err := io.ReadFull(server, answer[:]); err != nil {
		return fmt.Errorf("does not answer the request for TLS: %w", err)
	}
	switch answer[0] {
	case 'S':
		return nil
	case 'N':
		return &trust.Failure{Reason: model.ProbeHandshake, Says: "has no TLS to offer (ssl is off), and backendTLS asks for it: nothing is sent unencrypted"}
	}
	return &trust.Failure{Reason: model.ProbeProtocol, Says: "answers the request for TLS with something else: is it PostgreSQL?"}
}

// hearPostgres answers what a client asks for before it logs in: TLS, if there is a
// certificate for it, and otherwise that there is none. It returns whether TLS comes
// next, and what was read that is the session's own.
func hearPostgres(client net.Conn, offer bool) (secure bool, first []byte, err error) {
	request := make([]byte, 8)
	for range 3 { // a client asks for GSS encryption, then for TLS, then logs in
		if _, err := io.ReadFull(client, request[:1]); err != nil {
			return false, nil, err
		}
		if request[0] != 0 { // direct TLS (PostgreSQL 17), or no PostgreSQL at all
			return offer, request[:1], nil
		}
		if _, err := io.ReadFull(client, request[1:]); err != nil {
			return false, nil, err
		}
		code := binary.BigEndian.Uint32(request[4:])
		answer := byte('N')
		switch {
		case code == sslRequest && offer:
			answer = 'S'
		case code != sslRequest && code != gssEncRequest:
			return false, request, nil
		}
		if _, err := client.Write([]byte{answer}); err != nil {
			return false, nil, err
		}
		if answer == 'S' {
			return true, nil, nil
		}
	}
	return false, nil, &trust.Failure{Reason: model.ProbeProtocol, Says: "asks for encryption again and again"}
}
