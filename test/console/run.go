package console

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// Runner says how a page is executed.
type Runner struct {
	Shell *Shell
	// Patience is how long a command is typed again and again until it prints
	// what the page says. A reader takes a while between two commands, in which
	// changes take effect; a test does not.
	Patience time.Duration
	// Limit is how long one command may run.
	Limit time.Duration
	// Progress is told each heading and each command as it begins; nil for
	// nothing.
	Progress io.Writer
}

// Run executes the steps in their order, and ends at the first that prints
// something else than the page says: those after it would rest on it.
func (r Runner) Run(ctx context.Context, page string, steps []Step) error {
	heading := ""
	for _, s := range steps {
		if s.Heading != heading {
			heading = s.Heading
			r.tell("\n# %s\n", heading)
		}
		r.tell("%s:%d: $ %s\n", page, s.Line, s.Command)
		if err := r.step(ctx, s); err != nil {
			return fmt.Errorf("%s:%d: $ %s\n%w", page, s.Line, s.Command, err)
		}
	}
	return nil
}

func (r Runner) tell(format string, args ...any) {
	if r.Progress != nil {
		fmt.Fprintf(r.Progress, format, args...)
	}
}

// step types the command until it prints what it should. One that should print
// nothing must succeed, too, since its silence alone says little.
func (r Runner) step(ctx context.Context, s Step) error {
	var first, last string
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		limited, cancel := context.WithTimeout(ctx, r.Limit)
		out, code, err := r.Shell.Run(limited, s.Command)
		cancel()
		if err != nil {
			return fmt.Errorf("%w; it printed\n%s", err, out)
		}
		if s.Matches(out) && (len(s.Want) > 0 || code == 0) {
			return nil
		}
		last = fmt.Sprintf("%s(exit code %d)", out, code)
		if first == "" {
			first = last
		}
		if time.Since(began) > r.Patience {
			break
		}
	}
	also := ""
	if last != first {
		also = "and at the last try\n" + last + "\n"
	}
	return fmt.Errorf("printed\n%s\n%sand the page says\n%s", first, also, strings.Join(s.Want, "\n"))
}
