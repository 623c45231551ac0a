package convert

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestLogin(t *testing.T) {
	consents := map[string]string{"fairlead.dev/allow-probe": "true"}
	for name, tt := range map[string]struct {
		annotations map[string]string
		data        map[string][]byte
		stringData  map[string]string
		want        string
		why         string
	}{
		"both":                   {consents, map[string][]byte{"username": []byte("probe"), "password": []byte("s3cret"), "other": []byte("x")}, nil, "probe/s3cret", ""},
		"both in a manifest":     {consents, map[string][]byte{"username": []byte("probe"), "password": []byte("0ld")}, map[string]string{"password": "s3cret"}, "probe/s3cret", ""},
		"no user":                {consents, map[string][]byte{"password": []byte("s3cret")}, nil, "/s3cret", ""},
		"no password":            {consents, map[string][]byte{"username": []byte("probe")}, nil, "probe/", ""},
		"other keys":             {consents, map[string][]byte{"user": []byte("probe"), "pass": []byte("s3cret")}, nil, "/", "has neither username nor password; write them under stringData"},
		"nobody asked its owner": {nil, map[string][]byte{"password": []byte("s3cret")}, nil, "/", `does not consent that the targets of probes are told what it holds; if they may be, write the annotation fairlead.dev/allow-probe: "true" on it`},
		"its owner said no":      {map[string]string{"fairlead.dev/allow-probe": "false"}, map[string][]byte{"password": []byte("s3cret")}, nil, "/", "does not consent"},
		"a word is not enough":   {map[string]string{"fairlead.dev/allow-probe": "True"}, map[string][]byte{"password": []byte("s3cret")}, nil, "/", "does not consent"},
	} {
		s := &corev1.Secret{Data: tt.data, StringData: tt.stringData}
		s.Namespace, s.Name, s.Annotations = "shop", "probe", tt.annotations
		username, password, err := Login(s)
		if got := username + "/" + password; got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
		if (err != nil) != (tt.why != "") {
			t.Errorf("%s: %v, want %q", name, err, tt.why)
		}
		if bad := new(LackError); err != nil && (!errors.As(err, &bad) || !strings.Contains(err.Error(), "Secret shop/probe "+tt.why) || strings.Contains(err.Error(), "s3cret")) {
			t.Errorf("%s: %v, want %q", name, err, tt.why)
		}
	}
}
