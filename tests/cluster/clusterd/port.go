package main

import (
	"fmt"
	"syscall"
)

// SO_REUSEPORT of Linux, which package syscall does not name on every architecture.
const soReusePort = 0xf

// port is a port of the loopback interface that is held for a server.
type port struct {
	number int
	socket int
}

// newPort picks a free port and keeps it bound, but does not listen. Nobody else can take it; a server that asks to
// share the port can, and gets every connection, for only listening sockets do. So no start ever loses a race.
func newPort() (*port, error) {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("cannot reserve a port: %w", err)
	}
	p := &port{socket: socket}
	if err := syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, soReusePort, 1); err != nil {
		p.release()
		return nil, fmt.Errorf("cannot share a port: %w", err)
	}
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		p.release()
		return nil, fmt.Errorf("cannot reserve a port: %w", err)
	}
	address, err := syscall.Getsockname(socket)
	if err != nil {
		p.release()
		return nil, fmt.Errorf("cannot reserve a port: %w", err)
	}
	p.number = address.(*syscall.SockaddrInet4).Port
	return p, nil
}

func (p *port) release() {
	_ = syscall.Close(p.socket)
}
