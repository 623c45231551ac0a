package traffic

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// tooManyConnections is the SQLSTATE of a server that is full, one of class 53:
// insufficient resources.
const tooManyConnections = "53300"

// Occupy takes every connection that a server has, as an application that leaks
// them does, so that it refuses everybody else with an error of class 53. It
// returns once none is left; release gives them back. The user is a trusted
// superuser: others are kept from the last few.
func Occupy(ctx context.Context, dial func(context.Context) (net.Conn, error), user, database string) (release func(), err error) {
	var held []*session
	release = func() {
		for _, s := range held {
			s.close()
		}
		held = nil
	}
	limit := 1
	for len(held) < limit {
		s, err := occupy(ctx, dial, user, database)
		var said *serverError
		switch {
		case errors.As(err, &said) && said.code == tooManyConnections && ctx.Err() == nil:
			time.Sleep(time.Millisecond) // somebody else's, which will end
			continue
		case err != nil:
			release()
			return nil, fmt.Errorf("take connection %d of %d: %w", len(held)+1, limit, err)
		}
		held = append(held, s)
		if limit > 1 {
			continue
		}
		row, err := s.query("SHOW max_connections")
		if err == nil {
			limit, err = strconv.Atoi(row[0])
		}
		if err != nil {
			release()
			return nil, err
		}
	}
	return release, nil
}

func occupy(ctx context.Context, dial func(context.Context) (net.Conn, error), user, database string) (*session, error) {
	conn, err := dial(ctx)
	if err != nil {
		return nil, err
	}
	if end, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(end); err != nil {
			return nil, err
		}
	}
	s, err := startup(conn, user, database)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return s, conn.SetDeadline(time.Time{})
}
