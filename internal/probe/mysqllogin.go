package probe

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/pem"

	"fairlead.dev/internal/model"
	"fairlead.dev/internal/trust"
)

// maxAuthRounds is how many packets of a server may come before it has decided.
const maxAuthRounds = 8

// The methods to log in by: the one of MySQL from 8 on, and the one of MariaDB and
// of all before. Neither sends the password in clear text but inside TLS.
const (
	nativePassword = "mysql_native_password"
	cachingSHA2    = "caching_sha2_password"
)

// login greets, encrypts if the server can, and logs in.
func (s *mysqlSession) login(l Login, database string) error {
	g, err := s.greeting()
	if err != nil {
		return err
	}
	if g.caps&mysqlSSL != 0 && s.encrypt != nil {
		s.secure = true
		if err := s.send(s.head(s.caps(g, database))); err != nil {
			return err
		}
		c, err := s.encrypt()
		if err != nil {
			return err
		}
		s.rw = c
	}
	if g.plugin != cachingSHA2 {
		g.plugin = nativePassword // if the user has another, the server says so
	}
	proof, _ := mysqlProof(g.plugin, l.Password, g.nonce)
	if err := s.send(s.response(g, l, proof, database)); err != nil {
		return err
	}
	return s.authenticate(l, g.plugin, g.nonce)
}

// authenticate answers until the server has decided.
func (s *mysqlSession) authenticate(l Login, plugin string, nonce []byte) error {
	for range maxAuthRounds {
		p, err := s.receive()
		if err != nil {
			return err
		}
		var answer []byte
		switch p[0] {
		case mysqlOK:
			return nil
		case mysqlErr:
			return mysqlRefusal(parseMySQLError(p))
		case mysqlEOF:
			if plugin, nonce, err = parseMySQLSwitch(p); err != nil {
				return errNotMySQL()
			}
			if answer, err = mysqlProof(plugin, l.Password, nonce); err != nil {
				return fail(model.ProbeAuthentication, "asks to log in by %s, which a probe cannot: give its user %s or %s",
					trust.Clean(plugin), nativePassword, cachingSHA2)
			}
		case mysqlMore:
			if answer, err = s.more(p[1:], l.Password, plugin, nonce); err != nil {
				return err
			}
			if answer == nil {
				continue
			}
		default:
			return errNotMySQL()
		}
		if err := s.send(answer); err != nil {
			return err
		}
	}
	return errNotMySQL()
}

// more goes on with caching_sha2_password. A server that remembers the user is
// satisfied with the proof (nil: nothing is sent); another one wants the password
// itself, which it gets inside TLS, or encrypted with its RSA key.
func (s *mysqlSession) more(data []byte, password, plugin string, nonce []byte) ([]byte, error) {
	const satisfied, wantsPassword, askForKey = 3, 4, 2
	switch {
	case plugin != cachingSHA2 || len(data) == 0 || len(nonce) == 0:
		return nil, errNotMySQL()
	case len(data) == 1 && data[0] == satisfied:
		return nil, nil
	case len(data) == 1 && data[0] == wantsPassword && s.secure:
		return append([]byte(password), 0), nil
	case len(data) == 1 && data[0] == wantsPassword:
		return []byte{askForKey}, nil
	case s.secure:
		return nil, errNotMySQL()
	}
	sealed, err := seal(data, password, nonce)
	if err != nil {
		return nil, fail(model.ProbeAuthentication, "gives no key that the password can be encrypted with: turn on TLS")
	}
	return sealed, nil
}

// seal encrypts a password for the owner of a key in PEM.
func seal(key []byte, password string, nonce []byte) ([]byte, error) {
	block, _ := pem.Decode(key)
	if block == nil {
		return nil, errMySQL
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	public, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, errMySQL
	}
	plain := append([]byte(password), 0)
	for i := range plain {
		plain[i] ^= nonce[i%len(nonce)]
	}
	return rsa.EncryptOAEP(sha1.New(), rand.Reader, public, plain, nil)
}

// mysqlProof proves to know the password to a server that knows a hash of it. An
// empty password has an empty proof.
func mysqlProof(plugin, password string, nonce []byte) ([]byte, error) {
	switch {
	case plugin != nativePassword && plugin != cachingSHA2:
		return nil, errMySQL
	case password == "":
		return nil, nil
	case plugin == nativePassword: // SHA1(pw) xor SHA1(nonce + SHA1(SHA1(pw)))
		once := sha1.Sum([]byte(password))
		twice := sha1.Sum(once[:])
		mask := sha1.Sum(append(append([]byte(nil), nonce...), twice[:]...))
		subtle.XORBytes(once[:], once[:], mask[:])
		return once[:], nil
	}
	// SHA256(pw) xor SHA256(SHA256(SHA256(pw)) + nonce)
	once := sha256.Sum256([]byte(password))
	twice := sha256.Sum256(once[:])
	mask := sha256.Sum256(append(append([]byte(nil), twice[:]...), nonce...))
	subtle.XORBytes(once[:], once[:], mask[:])
	return once[:], nil
}
