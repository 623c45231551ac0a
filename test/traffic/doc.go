// Package traffic is a client of a PostgreSQL service that keeps a log, and the
// judge of that log. Every 20 ms, say, the client opens a connection, asks the
// server who it is and has it take a row; no connection waits for the one before.
// The judge is pure functions: how long there was no service, who took writes
// when, how often clients were moved.
//
// It knows nothing of what stands between the client and the servers, and asserts
// nothing about time.
package traffic
