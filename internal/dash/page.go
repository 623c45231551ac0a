package dash

import (
	"bytes"
	"embed"
	"fmt"
	"hash/fnv"
	"html/template"
	"net/http"
	"time"
)

//go:embed assets
var assets embed.FS

// page holds the template and the embedded files with their tags.
type page struct {
	html *template.Template
	// tag changes whenever an embedded file does, so that browsers never mix
	// versions.
	tag string
}

func newPage() page {
	sum := fnv.New64a()
	for _, name := range []string{"page.html", "page.css", "page.js", "view.js", "health.js", "parts.js", "dom.js", "icon.svg"} {
		_, _ = sum.Write(asset(name))
	}
	return page{
		html: template.Must(template.New("page").Parse(string(asset("page.html")))),
		tag:  fmt.Sprintf("%x", sum.Sum64()),
	}
}

// asset returns an embedded file; all that are asked for exist, which the tests see to.
func asset(name string) []byte {
	b, _ := assets.ReadFile("assets/" + name)
	return b
}

// servePage serves the page without services: they come with /events.
func (s *server) servePage(w http.ResponseWriter, _ *http.Request) {
	var b bytes.Buffer
	data := struct{ Version, Tag string }{s.Info().Version, s.page.tag}
	if err := s.page.html.Execute(&b, data); err != nil {
		http.Error(w, "render the page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = b.WriteTo(w) // a client that left needs no answer
}

// serveAsset serves an embedded file other than the template.
func (p page) serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if name == "page.html" || asset(name) == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("ETag", `"`+p.tag+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(asset(name)))
}
