package table

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"fairlead.dev/internal/wire"
)

// Fetch gets the status of the fairlead that serves at address, a HOST:PORT or
// a URL.
func Fetch(ctx context.Context, client *http.Client, address string) (wire.Status, error) {
	var s wire.Status
	url := strings.TrimSuffix(address, "/")
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	url += "/snapshot.json"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return s, fmt.Errorf("%q is not an address such as 127.0.0.1:8053: %w", address, err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return s, fmt.Errorf("no fairlead answers at %s; start one with fairlead run, "+
			"or give the address that its --http-listen has: %w", address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1024)) // the status alone says enough
		return s, fmt.Errorf("%s answers %s: %s", url, resp.Status, clean(strings.TrimSpace(string(text))))
	}
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		return s, fmt.Errorf("what answers at %s is not fairlead, or not a version that this one understands: %w", address, err)
	}
	return s, nil
}
