package traffic

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// Outcome is how one connection ended, as its client sees it.
type Outcome string

// The outcomes.
const (
	// OK: the server said who it is, and took the row.
	OK Outcome = "ok"
	// ReadOnly: it said who it is, and takes no writes.
	ReadOnly Outcome = "read-only"
	// Refused: nothing listens there.
	Refused Outcome = "refused"
	// Reset: the connection was closed or reset before all was said.
	Reset Outcome = "reset"
	// Timeout: not all was said in time.
	Timeout Outcome = "timeout"
	// Unreachable: the network knows no way there.
	Unreachable Outcome = "unreachable"
	// Rejected: the server answered with another error; Code is its SQLSTATE.
	Rejected Outcome = "rejected"
	// Unresolved: the name has no address.
	Unresolved Outcome = "unresolved"
	// Failed: anything else, which no scenario expects.
	Failed Outcome = "failed"
)

// Attempt is one connection.
type Attempt struct {
	// Seq counts from 1 in the order in which they began, and is the row that was
	// to be written.
	Seq int
	// Began is just before connecting; a name is looked up after it.
	Began time.Time
	Took  time.Duration
	// Server is the cluster_name of the server that was reached; empty if none
	// said so.
	Server  string
	Outcome Outcome
	// Code is the SQLSTATE of an error that the server answered with.
	Code string
	// Detail says to a person what went wrong.
	Detail string
}

// End is when it ended.
func (a Attempt) End() time.Time { return a.Began.Add(a.Took) }

// readOnlyTransaction is the SQLSTATE of a write that a standby gets.
const readOnlyTransaction = "25006"

// attempt opens a connection and does what there is to do with it.
func (c Client) attempt(ctx context.Context, seq int) Attempt {
	a := Attempt{Seq: seq, Began: time.Now()}
	ctx, cancel := context.WithDeadline(ctx, a.Began.Add(c.Timeout))
	defer cancel()
	err := c.talk(ctx, &a)
	a.Took = time.Since(a.Began)
	a.Outcome = outcomeOf(err)
	if err != nil {
		a.Detail = err.Error()
	}
	var said *serverError
	if errors.As(err, &said) {
		a.Code = said.code
	}
	return a
}

func (c Client) talk(ctx context.Context, a *Attempt) error {
	conn, err := c.Dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return err
		}
	}
	s, err := startup(conn, c.User, c.Database)
	if err != nil {
		return err
	}
	defer s.close()
	row, err := s.query("SHOW cluster_name")
	if err != nil {
		return err
	}
	a.Server = row[0]
	_, err = s.query(fmt.Sprintf("INSERT INTO %s VALUES (%d)", c.Table, a.Seq))
	return err
}

func outcomeOf(err error) Outcome {
	var said *serverError
	var name *net.DNSError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &said):
		if said.code == readOnlyTransaction {
			return ReadOnly
		}
		return Rejected
	case errors.As(err, &name): // before timeouts: these can be one, too
		return Unresolved
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return Timeout
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Reset
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return Unreachable
	}
	return Failed
}
