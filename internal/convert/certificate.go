package convert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"fairlead.dev/internal/model"
)

// CAKey is where a ConfigMap or Secret has the certificates of authorities, as
// cert-manager and the Gateway API have it.
const CAKey = "ca.crt"

// NoCertificate is the error for a Secret that does not exist; where says in what.
func NoCertificate(key model.Key, where string) error {
	return &LackError{
		Message: fmt.Sprintf("there is no Secret %s with a certificate in %s", key, where),
		Hint:    fmt.Sprintf("write one of type %s with %s and %s: kubectl create secret tls %s --cert=tls.crt --key=tls.key", corev1.SecretTypeTLS, corev1.TLSCertKey, corev1.TLSPrivateKeyKey, key.Name),
	}
}

// NoAuthorities is the error for an object that does not exist; where says in what.
func NoAuthorities(namespace string, ref model.Reference, where string) error {
	return &LackError{
		Message: fmt.Sprintf("there is no %s %s/%s with %s in %s", ref.Kind, namespace, ref.Name, CAKey, where),
		Hint:    "write one with the authorities' certificates as PEM under " + CAKey,
	}
}

// KeyPair returns the certificate that a Secret of type kubernetes.io/tls holds, with
// its key. An error is a [*LackError].
func KeyPair(s *corev1.Secret) (*tls.Certificate, error) {
	key := model.Key{Namespace: s.Namespace, Name: s.Name}
	if s.Type != corev1.SecretTypeTLS {
		return nil, &LackError{
			Message: fmt.Sprintf("Secret %s is not of type %s", key, corev1.SecretTypeTLS),
			Hint:    fmt.Sprintf("write type: %s, with %s and %s", corev1.SecretTypeTLS, corev1.TLSCertKey, corev1.TLSPrivateKeyKey),
		}
	}
	pair, err := tls.X509KeyPair([]byte(held(s, corev1.TLSCertKey)), []byte(held(s, corev1.TLSPrivateKeyKey)))
	if err != nil { // whose words may have something of the key
		return nil, &LackError{
			Message: fmt.Sprintf("Secret %s has no certificate with its key", key),
			Hint:    fmt.Sprintf("write the chain as PEM under %s, and the key of its first certificate under %s", corev1.TLSCertKey, corev1.TLSPrivateKeyKey),
		}
	}
	return &pair, nil
}

// SecretAuthorities returns the certificates that a Secret has under [CAKey]. An error
// is a [*LackError].
func SecretAuthorities(s *corev1.Secret) ([]*x509.Certificate, error) {
	return authorities("Secret", s.Namespace, s.Name, held(s, CAKey))
}

// ConfigMapAuthorities is the same for a ConfigMap.
func ConfigMapAuthorities(c *corev1.ConfigMap) ([]*x509.Certificate, error) {
	return authorities("ConfigMap", c.Namespace, c.Name, c.Data[CAKey])
}

func authorities(kind, namespace, name, text string) ([]*x509.Certificate, error) {
	var all []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, &LackError{
				Message: fmt.Sprintf("%s %s/%s has something under %s that is no certificate", kind, namespace, name, CAKey),
				Hint:    "write the authorities' certificates as PEM",
			}
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, &LackError{
			Message: fmt.Sprintf("%s %s/%s has no certificate under %s", kind, namespace, name, CAKey),
			Hint:    "write the authorities' certificates as PEM",
		}
	}
	return all, nil
}
