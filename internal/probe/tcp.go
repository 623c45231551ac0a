package probe

import "context"

// tcp succeeds when the endpoint takes a connection.
func (a *attempt) tcp(ctx context.Context) error {
	c, err := a.dial(ctx)
	if err != nil {
		return err
	}
	return c.Close()
}
