//go:build linux

package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// apiClient speaks just enough of the Kubernetes API for readiness and
// markers. Tests use a real client with the kubeconfig.
type apiClient struct {
	base, token string
	http        *http.Client
}

func newAPIClient(base, token, ca string) *apiClient {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(ca))
	return &apiClient{base: base, token: token, http: &http.Client{
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: roots},
			ForceAttemptHTTP2: true,
		},
		Timeout: 10 * time.Second,
	}}
}

// do sends one request, with body as JSON unless it is nil.
func (a *apiClient) do(ctx context.Context, method, path string, body any) error {
	_, err := a.send(ctx, method, path, body)
	return err
}

// get reads an object.
func (a *apiClient) get(ctx context.Context, path string, into any) error {
	answer, err := a.send(ctx, "GET", path, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}

func (a *apiClient) send(ctx context.Context, method, path string, body any) ([]byte, error) {
	var payload bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&payload).Encode(body); err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, &payload)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := a.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode >= 300 {
		return nil, fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, answer)
	}
	return answer, nil
}
