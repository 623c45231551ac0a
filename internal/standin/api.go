package standin

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// An echo is what came in, as httpbin's /anything says it, and who answers.
type echo struct {
	Args    map[string]any    `json:"args"`
	Data    string            `json:"data"`
	Form    map[string]any    `json:"form"`
	Headers map[string]string `json:"headers"`
	JSON    any               `json:"json"`
	Method  string            `json:"method"`
	Origin  string            `json:"origin"`
	Server  string            `json:"server"`
	URL     string            `json:"url"`
}

// serveAPI serves /anything over HTTP or HTTPS.
func (o *Outside) serveAPI(l net.Listener, p Place) {
	scheme := "http"
	if p.Kind == HTTPS {
		scheme = "https"
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{o.cert.Pair}, NextProtos: []string{"http/1.1"}})
	}
	s := &http.Server{
		Handler: Anything(scheme, p.Name, p.Addr), ReadHeaderTimeout: 10 * time.Second,
		// Clients that distrust the certificate are part of the show.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	o.closers = append(o.closers, s.Close)
	o.wg.Go(func() { _ = s.Serve(l) }) // ends by Close
}

// Anything is an HTTP API that answers on /anything with what it was sent, as
// httpbin does, and says which server it is. The scheme is that of the URLs it
// is reached by; certificates are its caller's to present.
func Anything(scheme, name string, at netip.AddrPort) http.Handler {
	mux := http.NewServeMux()
	server := name + " at " + at.String()
	anything := func(w http.ResponseWriter, r *http.Request) { answerAnything(w, r, scheme, server) }
	mux.HandleFunc("/anything", anything)
	mux.HandleFunc("/anything/", anything)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, name+" serves /anything only, not "+r.URL.Path, http.StatusNotFound)
	})
	return mux
}

func answerAnything(w http.ResponseWriter, r *http.Request, scheme, server string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		status := http.StatusBadRequest
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "cannot read the body, send at most 1 MiB: "+err.Error(), status)
		return
	}
	origin, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		origin = r.RemoteAddr
	}
	e := echo{
		Args: values(r.URL.Query()), Data: string(body), Form: map[string]any{},
		Headers: map[string]string{"Host": r.Host},
		Method:  r.Method, Origin: origin,
		Server: server,
		URL:    scheme + "://" + r.Host + r.URL.RequestURI(),
	}
	for name, v := range r.Header {
		e.Headers[name] = strings.Join(v, ",")
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		if form, err := url.ParseQuery(e.Data); err == nil {
			e.Form, e.Data = values(form), ""
		}
	}
	if len(body) > 0 && json.Unmarshal(body, &e.JSON) != nil {
		e.JSON = nil
	}
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	_ = enc.Encode(e) // a client that has gone needs no answer
}

// values are a string for each name, or a list where there are several.
func values(q url.Values) map[string]any {
	out := map[string]any{}
	for name, v := range q {
		if len(v) == 1 {
			out[name] = v[0]
			continue
		}
		out[name] = v
	}
	return out
}
