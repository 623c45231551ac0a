package table

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"fairlead.dev/internal/plan"
)

// WritePlan prints what would become of one service: what changes in its spec, what
// is published now and then, and why.
func WritePlan(w io.Writer, p plan.Plan) error {
	if _, err := fmt.Fprintf(w, "%s/%s, %s:\n", clean(p.Namespace), clean(p.Name), clean(p.If)); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	err := grid(w, "  ", changeRows(p.Changes))
	if err == nil {
		err = grid(w, "  ", stepRows(p.Steps))
	}
	for _, n := range p.Notes {
		if err == nil {
			_, err = fmt.Fprintf(w, "  note: %s\n", clean(n))
		}
	}
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// WriteApplied prints what would come of a manifest.
func WriteApplied(w io.Writer, a plan.Applied) error {
	for _, p := range a.Plans {
		if err := WritePlan(w, p); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(w); err != nil {
			return fmt.Errorf("write the plan: %w", err)
		}
	}
	text := count(a.Unchanged, "service stays", "services stay") + " as it is"
	if a.Unchanged != 1 {
		text = count(a.Unchanged, "service stays", "services stay") + " as they are"
	}
	if _, err := fmt.Fprintf(w, "%s, %s.\n", count(len(a.Plans), "service changes", "services change"), text); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// changeRows marks what is new, goes or changes, as diff does.
func changeRows(changes []plan.Change) [][]string {
	var rows [][]string
	for _, c := range changes {
		switch {
		case c.From == "":
			rows = append(rows, []string{"+ " + c.Field, c.To})
		case c.To == "":
			rows = append(rows, []string{"- " + c.Field, c.From})
		default:
			rows = append(rows, []string{"~ " + c.Field, c.From + " -> " + c.To})
		}
	}
	return rows
}

func stepRows(steps []plan.Step) [][]string {
	if len(steps) == 0 {
		return nil
	}
	rows := [][]string{{"WHEN", "TARGETS", "PRIORITY", "READY", "NOT-READY", "REASON", "MESSAGE"}}
	for _, s := range steps {
		ready, priority := strings.Join(s.Ready, ","), strconv.Itoa(s.Priority)
		if s.External != "" {
			ready = "CNAME " + s.External
		}
		if len(s.Active) == 0 {
			priority = "-"
		}
		rows = append(rows, []string{
			when(s), orNone(strings.Join(s.Active, ",")), priority, orNone(ready), orNone(strings.Join(s.NotReady, ",")), s.Reason, s.Message,
		})
	}
	return rows
}

// when is the time of a step: now, +15s, or back +15s for one after all is up again.
func when(s plan.Step) string {
	switch {
	case s.Phase == plan.Now:
		return "now"
	case s.Phase == plan.Back:
		return "back +" + s.After.String()
	case s.After == 0:
		return "at once"
	}
	return "+" + s.After.String()
}
