package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"fairlead.dev/internal/model"
)

const (
	// maxRedirects is how many are followed.
	maxRedirects = 10
	// maxInterim is how many responses of the class 1xx may come before the real one.
	maxInterim = 5
	// maxHeader and maxBody are how much of a response is read, in octets.
	maxHeader = 64 << 10
	maxBody   = 10 << 10
)

// http succeeds when a response to GET has an expected status, and a body that
// ends or is longer than maxBody.
func (a *attempt) http(ctx context.Context) error {
	at, err := a.url()
	if err != nil {
		return err
	}
	for range maxRedirects + 1 {
		resp, err := a.get(ctx, at)
		if err != nil {
			return err
		}
		next := a.redirect(at, resp)
		if next == nil {
			return a.status(resp.StatusCode)
		}
		at = next
	}
	return fail(model.ProbeStatus, "redirects more than %d times: is that a loop?", maxRedirects)
}

// url is what is asked for.
func (a *attempt) url() (*url.URL, error) {
	at, err := url.ParseRequestURI(a.spec.Path)
	if err != nil || !strings.HasPrefix(a.spec.Path, "/") {
		return nil, unable(model.ProbeProtocol, "was not asked: %q is not a path; write one such as /healthz", a.spec.Path)
	}
	at.Scheme, at.Host = "http", a.spec.Host
	if a.spec.TLS {
		at.Scheme = "https"
	}
	if at.Host == "" {
		at.Host = a.authority(at.Scheme)
	}
	return at, nil
}

// authority is the endpoint's name with the port, unless that is the scheme's own.
func (a *attempt) authority(scheme string) string {
	host, port := strings.TrimSuffix(a.check.Name, "."), a.check.Addr.Port()
	if host == "" {
		host = a.check.Addr.Addr().Unmap().WithZone("").String()
	}
	if port != defaultPort(scheme) {
		return net.JoinHostPort(host, strconv.Itoa(int(port)))
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() {
		return "[" + host + "]"
	}
	return host
}

func defaultPort(scheme string) uint16 {
	if scheme == "https" {
		return 443
	}
	return 80
}

// get asks once, by a connection of its own. The body is read and thrown away:
// a server that stops in the middle of it is not up.
func (a *attempt) get(ctx context.Context, at *url.URL) (*http.Response, error) {
	c, err := a.open(ctx, "http/1.1")
	if err != nil {
		return nil, err
	}
	defer c.Close()
	req := &http.Request{
		Method: http.MethodGet, URL: at, Host: at.Host, Close: true,
		Header: http.Header{},
	}
	for _, h := range a.spec.Headers {
		req.Header.Add(h.Name, h.Value)
	}
	for name, value := range map[string]string{"User-Agent": agent, "Accept": "*/*"} {
		if req.Header.Get(name) == "" {
			req.Header.Set(name, value)
		}
	}
	if err := req.Write(c); err != nil {
		return nil, err
	}
	limited := &io.LimitedReader{R: c, N: maxHeader}
	r := bufio.NewReader(limited)
	resp, err := response(r, req)
	if err != nil && limited.N == 0 {
		return nil, fail(model.ProbeProtocol, "answers with a header of more than %d octets", maxHeader)
	}
	if err != nil {
		return nil, err
	}
	limited.N = maxBody
	_, err = io.CopyN(io.Discard, resp.Body, maxBody)
	switch {
	case err == nil, errors.Is(err, io.EOF), limited.N == 0:
		return resp, nil
	case network(err):
		return nil, err
	}
	return nil, fail(model.ProbeProtocol, "answers with a body that is not HTTP")
}

// response reads the response, past those of the class 1xx.
func response(r *bufio.Reader, req *http.Request) (*http.Response, error) {
	// Not every server of another protocol ends its lines.
	const begin, alert = "HTTP/", "\x15\x03" // the latter is how TLS answers plain text
	if got, err := r.Peek(len(begin)); err == nil && strings.HasPrefix(string(got), alert) {
		return nil, fail(model.ProbeProtocol, "answers in TLS: write scheme: https")
	} else if err == nil && string(got) != begin {
		return nil, errNotHTTP()
	}
	for range maxInterim + 1 {
		resp, err := http.ReadResponse(r, req)
		if err != nil && !network(err) {
			return nil, errNotHTTP() // err quotes what came, whatever that is
		}
		if err != nil || resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
	return nil, fail(model.ProbeProtocol, "answers 1xx more than %d times", maxInterim)
}

func errNotHTTP() error {
	return fail(model.ProbeProtocol, "does not answer in HTTP/1.1: is it the right port?")
}

// redirect is where the response leads to, if that is to be asked. That is the
// endpoint again, or nothing: another name or port is another place, which policy
// knows nothing of. The redirect itself is the answer then.
func (a *attempt) redirect(at *url.URL, resp *http.Response) *url.URL {
	location := resp.Header.Get("Location")
	if !a.spec.FollowRedirects || location == "" || !slices.Contains([]int{301, 302, 303, 307, 308}, resp.StatusCode) {
		return nil
	}
	next, err := at.Parse(location)
	if err != nil {
		return nil
	}
	if next.Scheme != at.Scheme || !strings.EqualFold(place(next), place(at)) {
		// Where to is the server's to say, another place each time perhaps, and would be
		// news each time.
		a.warn("%s redirects elsewhere, which was not asked: a probe asks its endpoint and nobody else", a.check.Addr)
		return nil
	}
	next.Host = at.Host
	return next
}

// place is the host and port of a URL, in full.
func place(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = strconv.Itoa(int(defaultPort(u.Scheme)))
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// status judges the status of the last response.
func (a *attempt) status(code int) error {
	want, ok := "200 to 399", code >= 200 && code <= 399
	if len(a.spec.Statuses) > 0 {
		want, ok = strings.Trim(fmt.Sprint(a.spec.Statuses), "[]"), slices.Contains(a.spec.Statuses, code)
	}
	if ok {
		return nil
	}
	got := strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
	return fail(model.ProbeStatus, "answers %s to GET %s, and %s is expected", got, a.spec.Path, want)
}
