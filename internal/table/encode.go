package table

import (
	"encoding/json"
	"fmt"
	"io"

	"fairlead.dev/internal/wire"
	"fairlead.dev/internal/yamlout"
)

// list is what -o json and -o yaml print.
type list struct {
	Services []wire.Published `json:"services"`
	Problems []wire.Problem   `json:"problems"`
}

func encode(w io.Writer, s wire.Status, f Format) error {
	l := list{Services: s.Services, Problems: s.Problems}
	if l.Services == nil {
		l.Services = []wire.Published{}
	}
	if l.Problems == nil {
		l.Problems = []wire.Problem{}
	}
	if f == YAML {
		b, err := yamlout.Marshal(l)
		if err == nil {
			_, err = w.Write(b)
		}
		if err != nil {
			return fmt.Errorf("write the status as YAML: %w", err)
		}
		return nil
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	if err := e.Encode(l); err != nil {
		return fmt.Errorf("write the status as JSON: %w", err)
	}
	return nil
}
