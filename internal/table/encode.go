package table

import (
	"encoding/json"
	"fmt"
	"io"

	"fairlead.dev/internal/wire"
	"fairlead.dev/internal/yamlout"
)

// list is what -o json and -o yaml print of all services.
type list struct {
	Services []wire.Published `json:"services"`
	Problems []wire.Problem   `json:"problems"`
}

func all(s wire.Status) list {
	l := list{Services: s.Services, Problems: s.Problems}
	if l.Services == nil {
		l.Services = []wire.Published{}
	}
	if l.Problems == nil {
		l.Problems = []wire.Problem{}
	}
	return l
}

// encode prints v as JSON or YAML.
func encode(w io.Writer, v any, f Format) error {
	if f == YAML {
		b, err := yamlout.Marshal(v)
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
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the status as JSON: %w", err)
	}
	return nil
}
