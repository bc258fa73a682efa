package main

import (
	"fmt"
	"time"
)

// The flags follow what kubeadm passes, except where a lone machine without nodes needs otherwise.

func (c *cluster) startEtcd() (<-chan error, error) {
	url := fmt.Sprintf("http://127.0.0.1:%d", c.etcdPort)
	etcd, err := c.start("etcd",
		"--data-dir="+c.scratch.path("etcd"),
		"--listen-client-urls="+url,
		"--advertise-client-urls="+url,
		"--listen-peer-urls=http://127.0.0.1:0",
		"--socket-reuse-port",
		"--unsafe-no-fsync",
		"--log-level=warn",
	)
	if err != nil {
		return nil, err
	}
	return etcd.wait(func() error { return get(plainClient(), url+"/health") }), nil
}

func (c *cluster) startServer() (<-chan error, error) {
	server, err := c.start("kube-apiserver",
		fmt.Sprintf("--etcd-servers=http://127.0.0.1:%d", c.etcdPort),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", c.serverPort),
		"--permit-port-sharing",
		// No address of the machine is published: nothing may reach this server but over loopback.
		"--advertise-address=192.0.2.1",
		"--endpoint-reconciler-type=none",
		"--external-hostname=localhost",
		"--service-cluster-ip-range=10.96.0.0/16",
		"--allow-privileged",
		"--authorization-mode=RBAC",
		// Without a controller-manager no namespace has the service account that this plugin demands for a pod.
		"--disable-admission-plugins=ServiceAccount",
		"--client-ca-file="+c.credentials.ca.certFile,
		"--tls-cert-file="+c.credentials.serving.certFile,
		"--tls-private-key-file="+c.credentials.serving.keyFile,
		"--token-auth-file="+c.credentials.tokenFile,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file="+c.credentials.accounts.certFile,
		"--service-account-signing-key-file="+c.credentials.accounts.keyFile,
		"--audit-policy-file="+c.scratch.path("audit-policy.yaml"),
		"--audit-log-path="+c.auditLog(),
		// In megabytes: the log is never turned over while a test reads it.
		"--audit-log-maxsize=1000000",
		"--v=0",
	)
	if err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	return server.wait(func() error {
		if err := get(client, c.url()+"/readyz"); err != nil {
			return err
		}
		// Made by the server itself, some moments after it calls itself ready.
		if err := get(client, c.url()+"/api/v1/namespaces/default"); err != nil {
			return err
		}
		c.readyAfter = time.Since(c.started)
		return nil
	}), nil
}

// restartServer kills the server as a machine that fails does, and starts it anew at the same address.
func (c *cluster) restartServer() (<-chan error, error) {
	for i, p := range c.processes {
		if p.name == "kube-apiserver" {
			p.expected.Store(true)
			p.kill()
			c.processes = append(c.processes[:i], c.processes[i+1:]...)
			break
		}
	}
	return c.startServer()
}

func (c *cluster) startControllerManager() (<-chan error, error) {
	if c.runs("kube-controller-manager") {
		ready := make(chan error, 1)
		ready <- nil
		return ready, nil
	}
	healthPort, err := c.reservePort()
	if err != nil {
		return nil, err
	}
	controllers, err := c.start("kube-controller-manager",
		"--kubeconfig="+c.kubeconfig("controller-manager"),
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", healthPort),
		"--permit-port-sharing",
		"--tls-cert-file="+c.credentials.serving.certFile,
		"--tls-private-key-file="+c.credentials.serving.keyFile,
		"--leader-elect=false",
		"--use-service-account-credentials",
		// The default of 20 requests a second makes the start take five seconds.
		"--kube-api-qps=1000",
		"--kube-api-burst=1000",
		"--service-account-private-key-file="+c.credentials.accounts.keyFile,
		"--root-ca-file="+c.credentials.ca.certFile,
		"--v=0",
	)
	if err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	health := fmt.Sprintf("https://127.0.0.1:%d/healthz", healthPort)
	return controllers.wait(func() error {
		if err := get(client, health); err != nil {
			return err
		}
		// It calls itself healthy long before the first controller works; this account is a controller's doing.
		return get(client, c.url()+"/api/v1/namespaces/default/serviceaccounts/default")
	}), nil
}
