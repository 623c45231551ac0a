//go:build linux

package expectations

import (
	"testing"
)

// Services "should work after restarting kube-proxy".
func TestKubeProxyRestarts(t *testing.T) {
	w := newWorld(t)
	w.restarts("kube-proxy")
}

// Services "should work after restarting apiserver": and what is made then gets
// a virtual IP that nobody else has, and is served.
func TestAPIServerRestarts(t *testing.T) {
	w := newWorld(t)
	w.restarts("kube-apiserver")
	w.at("after", "10.0.1.26")
	w.tcp("after", 80, "10.0.1.26:8080")
	for _, name := range []string{"one", "two"} {
		if w.clusterIP(name) == w.clusterIP("after") {
			t.Errorf("services %s and after have one virtual IP", name)
		}
	}
}

// restarts restarts a part below two services. They are served after it as
// before.
func (w *world) restarts(part string) {
	w.t.Helper()
	w.site("10.0.1.25").web(8080)
	w.site("10.0.1.26").web(8080)
	w.at("one", "10.0.1.25")
	w.at("two", "10.0.1.25", "10.0.1.26")
	served := func() {
		w.t.Helper()
		w.tcp("one", 80, "10.0.1.25:8080")
		w.tcp("two", 80, "10.0.1.25:8080", "10.0.1.26:8080")
	}
	served()
	ip1, ip2 := w.clusterIP("one"), w.clusterIP("two")
	if err := w.Restart(w.t.Context(), part); err != nil {
		w.t.Fatal(err)
	}
	served()
	w.keeps("one", ip1)
	w.keeps("two", ip2)
}
