package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// writeKubeconfig writes <name>.kubeconfig, which needs no other file. JSON is YAML.
func (c *cluster) writeKubeconfig(name string, identity *pair) error {
	type object = map[string]any
	encode := base64.StdEncoding.EncodeToString
	text, err := json.MarshalIndent(object{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []object{{"name": "test", "cluster": object{
			"server":                     c.url(),
			"certificate-authority-data": encode(c.credentials.ca.certPEM),
		}}},
		"users": []object{{"name": name, "user": object{
			"client-certificate-data": encode(identity.certPEM),
			"client-key-data":         encode(identity.keyPEM),
		}}},
		"contexts":        []object{{"name": "test", "context": object{"cluster": "test", "user": name}}},
		"current-context": "test",
	}, "", "  ")
	if err != nil {
		return err
	}
	_, err = c.scratch.write(name+".kubeconfig", append(text, '\n'))
	return err
}

func (c *cluster) auditLog() string { return c.scratch.path("audit.log") }

// writeAuditPolicy has every request logged when it arrives and when it is answered, without bodies. The server's
// requests to itself are left out.
func (c *cluster) writeAuditPolicy() error {
	_, err := c.scratch.write("audit-policy.yaml", []byte(`apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- level: None
  users: ["system:apiserver"]
- level: Metadata
`))
	return err
}

// client is an HTTP client of an administrator.
func (c *cluster) client() (*http.Client, error) {
	identity, err := tls.X509KeyPair(c.credentials.admin.certPEM, c.credentials.admin.keyPEM)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.credentials.ca.cert)
	client := plainClient()
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{
		RootCAs:      roots,
		Certificates: []tls.Certificate{identity},
	}
	return client, nil
}

// plainClient never asks the environment for a proxy.
func plainClient() *http.Client {
	return &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
}

func get(client *http.Client, url string) error {
	_, err := body(client, url)
	return err
}

func body(client *http.Client, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "clusterd")
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", url, response.Status)
	}
	return text, err
}

// version is what the server itself says it is.
func (c *cluster) version() (string, error) {
	client, err := c.client()
	if err != nil {
		return "", err
	}
	text, err := body(client, c.url()+"/version")
	if err != nil {
		return "", err
	}
	var answer struct {
		GitVersion string `json:"gitVersion"`
	}
	err = json.Unmarshal(text, &answer)
	return answer.GitVersion, err
}
