package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	memory        = "/dev/shm"
	enoughMemory  = 1 << 30
	scratchPrefix = "gitops-cluster-"
)

// scratch is the directory with all data of one cluster. While it is used, a lock on the file beside it is held.
type scratch struct {
	dir  string
	lock *os.File
}

// newScratch makes a directory that only its owner can read, in memory where there is room for it.
func newScratch() (*scratch, error) {
	parent := os.TempDir()
	if roomy(memory) {
		parent = memory
	}
	removeLeftovers(parent)
	for {
		lock, err := os.CreateTemp(parent, scratchPrefix+"*.lock")
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
			return nil, fmt.Errorf("cannot lock %s: %w", lock.Name(), err)
		}
		// Another supervisor may have taken the new file for a leftover before it was locked.
		if _, err := os.Lstat(lock.Name()); err != nil {
			_ = lock.Close()
			continue
		}
		s := &scratch{dir: strings.TrimSuffix(lock.Name(), ".lock"), lock: lock}
		if err := os.Mkdir(s.dir, 0o700); err != nil {
			s.remove()
			return nil, err
		}
		return s, nil
	}
}

func (s *scratch) path(name string) string { return filepath.Join(s.dir, name) }

// write makes a file that only its owner can read.
func (s *scratch) write(name string, content []byte) (string, error) {
	path := s.path(name)
	return path, os.WriteFile(path, content, 0o600)
}

func (s *scratch) remove() {
	if s == nil {
		return
	}
	_ = os.RemoveAll(s.dir)
	_ = os.Remove(s.lock.Name())
	_ = s.lock.Close()
}

// removeLeftovers removes what killed supervisors left: directories whose lock nobody holds.
func removeLeftovers(parent string) {
	locks, _ := filepath.Glob(filepath.Join(parent, scratchPrefix+"*.lock"))
	for _, path := range locks {
		lock, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
		if err != nil {
			continue
		}
		if syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			(&scratch{dir: strings.TrimSuffix(path, ".lock"), lock: lock}).remove()
		} else {
			_ = lock.Close()
		}
	}
}

func roomy(dir string) bool {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil || stat.Bavail*uint64(stat.Bsize) < enoughMemory {
		return false
	}
	probe, err := os.CreateTemp(dir, scratchPrefix+"probe")
	if err != nil {
		return false
	}
	_ = probe.Close()
	return os.Remove(probe.Name()) == nil
}
