package table

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// grid prints rows of cells below each other, each line after indent. Cells are
// cleaned; the last one may be of any length.
func grid(w io.Writer, indent string, rows [][]string) error {
	var text bytes.Buffer // writing to it and to tw cannot fail
	tw := tabwriter.NewWriter(&text, 0, 8, 3, ' ', 0)
	for _, cells := range rows {
		cleaned := make([]string, len(cells))
		for i, c := range cells {
			cleaned[i] = clean(c)
		}
		fmt.Fprintln(tw, strings.Join(cleaned, "\t"))
	}
	tw.Flush()
	for l := range strings.Lines(text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(indent+l, " \n")); err != nil {
			return err
		}
	}
	return nil
}
