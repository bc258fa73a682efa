package main

import (
	"bufio"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// caller is whoever started this program: a test on standard input, or a person at a terminal.
type caller struct {
	interrupts chan os.Signal
	// commands is closed when standard input ends; nil when standard input means nothing.
	commands chan string
}

func listen(foreground bool) *caller {
	c := &caller{interrupts: make(chan os.Signal, 1)}
	signal.Notify(c.interrupts, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if !foreground {
		c.commands = make(chan string)
		go func() {
			defer close(c.commands)
			for scanner := bufio.NewScanner(os.Stdin); scanner.Scan(); {
				c.commands <- scanner.Text()
			}
		}()
	}
	return c
}

// await waits until what was started is ready, failed, or is no longer wanted.
func (c *caller) await(ready <-chan error, err error) error {
	if err != nil {
		return err
	}
	select {
	case err := <-ready:
		return err
	case <-c.interrupts:
		return errStop
	case _, open := <-c.commands:
		if open {
			return errors.New("a command came before the answer to the one before")
		}
		return errStop
	}
}

// next waits for a command; a program that ends by itself ends the wait.
func (c *caller) next(ended <-chan error) (string, error) {
	select {
	case <-c.interrupts:
		return "", errStop
	case failure := <-ended:
		return "", failure
	case command, open := <-c.commands:
		if !open {
			return "", errStop
		}
		return command, nil
	}
}
