package table

import (
	"fmt"
	"io"
	"strings"

	"fairlead.dev/internal/wire"
)

// writeProblems lists the problems below the table, each as compilers do:
// where, what, and what to do next.
func writeProblems(w io.Writer, problems []wire.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nProblems:\n")
	for _, p := range problems {
		where := []string{}
		if p.File != "" {
			where = append(where, fileLine(p.File, p.Line)+":")
		}
		where = append(where, strings.ToLower(p.Severity)+":")
		if p.Object != "" {
			where = append(where, p.Object+":")
		}
		if p.Field != "" {
			where = append(where, p.Field+":")
		}
		fmt.Fprintf(&b, "  %s\n", clean(strings.Join(append(where, p.Message), " ")))
		if p.Hint != "" {
			fmt.Fprintf(&b, "    hint: %s\n", clean(p.Hint))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the problems: %w", err)
	}
	return nil
}
