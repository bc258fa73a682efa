package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	startLimit = 3 * time.Minute
	pollEvery  = 25 * time.Millisecond
	tailLines  = 12
)

// process is a program that runs, with its output in a file.
type process struct {
	name    string
	command *exec.Cmd
	log     string
	// done is closed when the program has ended; failure says how.
	done    chan struct{}
	failure error
	// expected is set before the program is killed on purpose while the cluster goes on.
	expected atomic.Bool
}

// start runs a program of the cluster. Call it on the main thread only.
func (c *cluster) start(name string, arguments ...string) (*process, error) {
	log, err := os.Create(c.scratch.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(filepath.Join(c.bin, name), arguments...)
	command.Dir = c.scratch.dir
	command.Stdout, command.Stderr = log, log
	// Nothing of the caller's environment, above all no proxy and no KUBECONFIG, may change what the servers do.
	command.Env = []string{"HOME=" + c.scratch.dir, "PATH=/usr/bin:/bin", "TMPDIR=" + c.scratch.dir}
	// A group of its own, so that Ctrl-C reaches clusterd alone; the kernel's promise if clusterd is killed.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}
	p := &process{name: name, command: command, log: log.Name(), done: make(chan struct{})}
	c.processes = append(c.processes, p)
	go func() {
		state := command.Wait()
		p.failure = fmt.Errorf("%s ended by itself (%v); the end of its log:\n%s", name, describeExit(state), p.tail())
		close(p.done)
		if !p.expected.Load() {
			c.ended <- p.failure
		}
	}()
	return p, nil
}

func describeExit(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// wait polls until probe succeeds, the program ends or too much time has passed.
func (p *process) wait(probe func() error) <-chan error {
	ready := make(chan error, 1)
	go func() {
		limit := time.Now().Add(startLimit)
		for {
			err := probe()
			if err == nil {
				ready <- nil
				return
			}
			if time.Now().After(limit) {
				ready <- fmt.Errorf("%s is not ready after %s: %w; the end of its log:\n%s", p.name, startLimit, err, p.tail())
				return
			}
			select {
			case <-p.done:
				ready <- p.failure
				return
			case <-time.After(pollEvery):
			}
		}
	}()
	return ready
}

// kill returns when the program is gone.
func (p *process) kill() {
	_ = p.command.Process.Kill()
	<-p.done
}

func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) > tailLines {
		lines = lines[len(lines)-tailLines:]
	}
	return string(bytes.Join(lines, []byte("\n")))
}

func (c *cluster) runs(name string) bool {
	for _, p := range c.processes {
		if p.name == name {
			return true
		}
	}
	return false
}
