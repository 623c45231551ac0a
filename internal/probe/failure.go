package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// failure is why a probe did not succeed.
type failure struct {
	// reason is one of the words of package model.
	reason string
	// says goes on where the endpoint's address ends, for a person. It is the same
	// from one probe to the next.
	says string
	// certain is that of the result.
	certain bool
	// inconclusive is that of the result.
	inconclusive bool
}

func (f *failure) Error() string { return f.says }

func fail(reason, format string, args ...any) error {
	return &failure{reason: reason, says: fmt.Errorf(format, args...).Error()}
}

// certainly is fail for what the endpoint itself says for sure.
func certainly(reason, format string, args ...any) error {
	return &failure{reason: reason, says: fmt.Sprintf(format, args...), certain: true}
}

// unable is fail for what hinders the prober itself, and says nothing of the endpoint.
func unable(reason, format string, args ...any) error {
	return &failure{reason: reason, says: fmt.Errorf(format, args...).Error(), inconclusive: true}
}

// errFlood is what a read ends with when a server sends without end.
var errFlood = errors.New("more than any answer has")

// explain makes a failure of an error of the network, unless it is one already.
func (a *attempt) explain(err error) *failure {
	var f *failure
	var number syscall.Errno
	switch {
	case errors.As(err, &f):
		return f
	case timedOut(err) && a.conn == nil:
		return &failure{reason: model.ProbeTimeout, says: fmt.Sprintf(
			"does not take a connection within %s: is it the right address, and does no firewall drop the packets?", a.spec.Timeout)}
	case timedOut(err):
		return &failure{reason: model.ProbeTimeout, says: fmt.Sprintf(
			"takes the connection and then gives no answer within %s", a.spec.Timeout)}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &failure{reason: model.ProbeRefused, says: "refuses the connection: nothing listens there, or a firewall refuses for it"}
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return &failure{reason: model.ProbeNotAsked, inconclusive: true, says: "was not asked: too many files are open here; raise the limit with `ulimit -n`, or LimitNOFILE= of the systemd unit"}
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return &failure{reason: model.ProbeNotAsked, inconclusive: true, says: "was not asked: there is no local port left for a connection to it; see `ss -s`"}
	case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM):
		return &failure{reason: model.ProbeNotAsked, inconclusive: true, says: "was not asked: there is no memory left for a connection to it; see `ss -m`, and the memory limit of the container"}
	case hungUp(err):
		return &failure{reason: model.ProbeReset, says: "closes the connection before it has answered"}
	case errors.Is(err, errFlood):
		return &failure{reason: model.ProbeProtocol, says: "sends more than any answer has"}
	case errors.As(err, &number):
		return &failure{reason: model.ProbeUnreachable, says: "cannot be reached: " + number.Error()}
	}
	return &failure{reason: model.ProbeProtocol, says: "gives an answer that makes no sense: " + trust.Clean(inner(err).Error())}
}

// network reports whether err is of the connection rather than of what came by it.
func network(err error) bool {
	var number syscall.Errno
	return timedOut(err) || hungUp(err) || errors.Is(err, errFlood) || errors.As(err, &number)
}

func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, context.Canceled) || errors.Is(err, syscall.ETIMEDOUT)
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.ECONNABORTED) || errors.Is(err, syscall.EPIPE)
}

// inner is what a network error is about, without the addresses: the local port
// differs from one probe to the next.
func inner(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
