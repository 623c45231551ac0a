package wire

import (
	"fmt"
	"strings"
	"time"
)

// Duration is written as people write it in manifests: "5s", "1m30s", "5m".
type Duration time.Duration

// String is the shortest form that [time.ParseDuration] reads: 5m, not 5m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText makes d a string in JSON and YAML.
func (d Duration) MarshalText() ([]byte, error) {
	return []byte(d.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("a duration is written as 5s or 1m30s: %w", err)
	}
	*d = Duration(v)
	return nil
}
