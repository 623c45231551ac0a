package table

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"fairlead.dev/internal/wire"
)

// writeProblems lists the problems below the table, each as compilers do:
// where, what, and what to do next. Errors come first.
func writeProblems(w io.Writer, problems []wire.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nProblems:\n")
	for _, p := range bySeverity(problems) {
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
			fmt.Fprintf(&b, "    hint: %s\n", lines(p.Hint))
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the problems: %w", err)
	}
	return nil
}

// bySeverity puts Errors first, then Warnings, then the rest, each in the order
// that they have: that of files and lines.
func bySeverity(problems []wire.Problem) []wire.Problem {
	rank := func(p wire.Problem) int {
		switch p.Severity {
		case "Error":
			return 0
		case "Warning":
			return 1
		}
		return 2
	}
	return slices.SortedStableFunc(slices.Values(problems), func(a, b wire.Problem) int { return cmp.Compare(rank(a), rank(b)) })
}

// lines keeps the lines of a hint apart, for it may be a manifest to write
// instead. All but the first stand below it, a step further in.
func lines(hint string) string {
	all := strings.Split(strings.TrimRight(hint, "\n"), "\n")
	for i, l := range all {
		all[i] = clean(strings.TrimSuffix(l, "\r"))
	}
	return strings.Join(all, "\n      ")
}
