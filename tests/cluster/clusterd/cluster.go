package main

import (
	"fmt"
	"path/filepath"
	"time"
)

// cluster is one control plane: its scratch directory, its ports, its credentials and the programs that run.
type cluster struct {
	bin         string
	scratch     *scratch
	ports       []*port
	etcdPort    int
	serverPort  int
	credentials *credentials
	processes   []*process
	started     time.Time
	readyAfter  time.Duration
	// ended receives the reason when a program ends by itself.
	ended chan error
}

// newCluster makes all the files that the programs read, and starts nothing.
func newCluster(options options) (*cluster, error) {
	c := &cluster{bin: options.bin, started: time.Now(), ended: make(chan error, 3)}
	for _, prepare := range []func() error{
		func() (err error) { c.scratch, err = newScratch(); return },
		func() (err error) { c.etcdPort, err = c.reservePort(); return },
		func() (err error) { c.serverPort, err = c.reservePort(); return },
		func() (err error) { c.credentials, err = newCredentials(c.scratch, options.users); return },
		c.writeAuditPolicy,
		func() error { return c.writeKubeconfig("admin", c.credentials.admin) },
		func() error { return c.writeKubeconfig("controller-manager", c.credentials.controllerManager) },
	} {
		if err := prepare(); err != nil {
			c.stop()
			return nil, err
		}
	}
	return c, nil
}

// steps are the starts in their order; each returns a channel that says when the program is ready.
func (c *cluster) steps(controllerManager bool) []func() (<-chan error, error) {
	steps := []func() (<-chan error, error){c.startEtcd, c.startServer}
	if controllerManager {
		steps = append(steps, c.startControllerManager)
	}
	return steps
}

// stop kills what runs and removes the data. The data is worthless, so nothing is asked to end politely.
func (c *cluster) stop() {
	for i := len(c.processes) - 1; i >= 0; i-- {
		c.processes[i].kill()
	}
	for _, port := range c.ports {
		port.release()
	}
	c.scratch.remove()
}

// reservePort holds a free port until the cluster stops.
func (c *cluster) reservePort() (int, error) {
	port, err := newPort()
	if err != nil {
		return 0, err
	}
	c.ports = append(c.ports, port)
	return port.number, nil
}

func (c *cluster) url() string { return fmt.Sprintf("https://127.0.0.1:%d", c.serverPort) }

func (c *cluster) kubeconfig(name string) string {
	return filepath.Join(c.scratch.dir, name+".kubeconfig")
}

func (c *cluster) describe() (announcement, error) {
	version, err := c.version()
	return announcement{
		URL:        c.url(),
		Kubeconfig: c.kubeconfig("admin"),
		CA:         c.credentials.ca.certFile,
		AuditLog:   c.auditLog(),
		Dir:        c.scratch.dir,
		Version:    version,
		ReadyMs:    c.readyAfter.Milliseconds(),
		Users:      c.credentials.users,
	}, err
}
