// Package http1 reads the heads of HTTP/1.1 messages that are plain, as most are, and
// passes them on in place: no header is made an object of. It says of everything else
// that it is not plain, and leaves it to package net/http.
//
// Plain is a narrow part of what RFC 9112 allows, in which every reader sees the same:
// lines that end in CR LF, one Host, a body whose end is said in one way, nothing of
// what concerns one connection beside "Connection: close" and "keep-alive". Requests are
// GET, which has no body, and whose answer says itself where it ends.
//
// The package does no I/O, and decides nothing about where messages go.
package http1
