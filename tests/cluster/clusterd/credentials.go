package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"time"
)

// user is somebody without any right of their own, known by a bearer token.
type user struct {
	Name  string `json:"name"`
	Token string `json:"token"`
}

// credentials are all keys of one cluster. As on a real one, administrators and components hold client certificates.
type credentials struct {
	ca                *pair
	serving           *pair
	admin             *pair
	controllerManager *pair
	// accounts signs the tokens of service accounts; the certificate only carries its public key.
	accounts  *pair
	users     []user
	tokenFile string
}

// pair is a certificate with its key, in memory and in files.
type pair struct {
	cert     *x509.Certificate
	key      *ecdsa.PrivateKey
	certPEM  []byte
	keyPEM   []byte
	certFile string
	keyFile  string
}

func newCredentials(s *scratch, users int) (*credentials, error) {
	c := &credentials{}
	var err error
	issue := func(name string, template x509.Certificate) *pair {
		if err != nil {
			return nil
		}
		var p *pair
		if p, err = newPair(s, name, template, c.ca); err != nil {
			err = fmt.Errorf("cannot make the certificate %s: %w", name, err)
		}
		return p
	}
	client := func(name string, groups ...string) x509.Certificate {
		return x509.Certificate{
			Subject:     pkix.Name{CommonName: name, Organization: groups},
			KeyUsage:    x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		}
	}
	c.ca = issue("ca", x509.Certificate{
		Subject:               pkix.Name{CommonName: "test cluster"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	})
	c.serving = issue("serving", x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost", "kubernetes", "kubernetes.default.svc"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 96, 0, 1)},
	})
	c.admin = issue("admin", client("admin", "system:masters"))
	c.controllerManager = issue("controller-manager", client("system:kube-controller-manager"))
	c.accounts = issue("accounts", client("service accounts"))
	if err != nil {
		return nil, err
	}
	return c, c.makeUsers(s, users)
}

// makeUsers writes the server's token file: token, name, uid, groups.
func (c *credentials) makeUsers(s *scratch, count int) error {
	var table strings.Builder
	for i := range count {
		token, err := randomHex(16)
		if err != nil {
			return err
		}
		u := user{Name: fmt.Sprintf("u%02d", i), Token: token}
		c.users = append(c.users, u)
		fmt.Fprintf(&table, "%s,%s,%s\n", u.Token, u.Name, u.Name)
	}
	var err error
	c.tokenFile, err = s.write("tokens.csv", []byte(table.String()))
	return err
}

// newPair makes a key and a certificate signed by issuer, or by itself if there is none yet.
func newPair(s *scratch, name string, template x509.Certificate, issuer *pair) (*pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	// An hour back: a clock that is set right during a run must not break it.
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(7 * 24 * time.Hour)
	parent, signer := &template, key
	if issuer != nil {
		parent, signer = issuer.cert, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, parent, &key.PublicKey, signer)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	p := &pair{
		cert:    cert,
		key:     key,
		certPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		keyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
	if p.certFile, err = s.write(name+".crt", p.certPEM); err != nil {
		return nil, err
	}
	p.keyFile, err = s.write(name+".key", p.keyPEM)
	return p, err
}

func randomHex(bytes int) (string, error) {
	raw := make([]byte, bytes)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return hex.EncodeToString(raw), nil
}
