package relay

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// amend has an answer be what the endpoint has said, but for redirects.
func (f *forwarder) amend(resp *http.Response) error {
	if _, has := resp.Header["Content-Type"]; !has {
		exchangeOf(resp.Request).header["Content-Type"] = nil // or package http would guess
	}
	return f.redirect(resp)
}

// redirect has a redirect to the endpoint's own name lead back to the service.
func (f *forwarder) redirect(resp *http.Response) error {
	x := exchangeOf(resp.Request)
	where := resp.Header.Get("Location")
	if !x.rt.service.Gateway.HTTP.RewriteRedirects || where == "" {
		return nil
	}
	to, err := url.Parse(where)
	if err != nil || to.Host == "" {
		return nil
	}
	if !slices.ContainsFunc(ownNames(x.rt, x.end), func(name string) bool { return name != "" && strings.EqualFold(name, to.Hostname()) }) {
		return nil
	}
	to.Scheme, to.Host = x.scheme, x.host
	resp.Header.Set("Location", to.String())
	return nil
}

// ownNames are those by which an endpoint may speak of itself.
func ownNames(rt *route, end *endpoint) []string {
	g := rt.service.Gateway
	own := []string{end.host, g.HTTP.Hostname}
	if port := strings.LastIndexByte(g.HTTP.Hostname, ':'); port >= 0 {
		own = append(own, g.HTTP.Hostname[:port])
	}
	if g.BackendTLS != nil {
		own = append(own, g.BackendTLS.Hostname)
	}
	return own
}
