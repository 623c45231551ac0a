//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/client-go/rest"
)

// apiRequests counts the requests that an API server has answered.
type apiRequests struct {
	by  map[string]float64 // by verb and resource: "PATCH endpointslices"
	cpu float64            // seconds that its process has taken
}

// requests reads the API server's own metrics. It leaves out what has no resource,
// such as this question itself.
func (k *kube) requests(ctx context.Context) (all apiRequests, err error) {
	c, err := rest.HTTPClientFor(k.config)
	if err != nil {
		return all, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.tier.APIServer()+"/metrics", nil)
	if err != nil {
		return all, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return all, fmt.Errorf("read the API server's metrics: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return all, fmt.Errorf("read the API server's metrics: %s", resp.Status)
	}
	return countRequests(resp.Body)
}

func countRequests(from io.Reader) (all apiRequests, err error) {
	label := regexp.MustCompile(`(\w+)="([^"]*)"`)
	all.by = map[string]float64{}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if text, is := strings.CutPrefix(lines.Text(), "process_cpu_seconds_total "); is {
			if all.cpu, err = strconv.ParseFloat(text, 64); err != nil {
				return all, fmt.Errorf("read the API server's metrics: %w", err)
			}
		}
		rest, is := strings.CutPrefix(lines.Text(), "apiserver_request_total{")
		labels, value, cut := strings.Cut(rest, "} ")
		if !is || !cut {
			continue
		}
		of := map[string]string{}
		for _, m := range label.FindAllStringSubmatch(labels, -1) {
			of[m[1]] = m[2]
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return all, fmt.Errorf("read the API server's metrics: %w", err)
		}
		if of["resource"] != "" {
			all.by[of["verb"]+" "+of["resource"]] += n
		}
	}
	return all, lines.Err()
}

// since is what came after an earlier count.
func (r apiRequests) since(before apiRequests) apiRequests {
	d := apiRequests{map[string]float64{}, r.cpu - before.cpu}
	for what, n := range r.by {
		if n > before.by[what] {
			d.by[what] = n - before.by[what]
		}
	}
	return d
}

// sum is how many requests there are of the verbs, to leases or to all else.
func (r apiRequests) sum(leases bool, verbs ...string) float64 {
	total := 0.0
	for what, n := range r.by {
		verb, resource, _ := strings.Cut(what, " ")
		for _, v := range verbs {
			if v == verb && leases == (resource == "leases") {
				total += n
			}
		}
	}
	return total
}

// The verbs as the API server counts them.
func writeVerbs() []string {
	return []string{"POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"}
}
func readVerbs() []string { return []string{"GET", "LIST", "WATCH"} }
