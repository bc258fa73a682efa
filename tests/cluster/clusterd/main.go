// Command clusterd runs a Kubernetes control plane for tests: etcd and kube-apiserver, and kube-controller-manager on
// request. It lives exactly as long as the process that started it wants: when standard input ends, or on an interrupt,
// everything it started is killed and its data removed. Should clusterd itself be killed, the kernel kills the servers.
//
// Standard output carries one JSON document a line: first where the cluster is, then one answer a command.
// Standard input carries one command a line: "controller-manager" starts that program, "restart-server" kills kube-apiserver
// and starts it again.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// The kernel sends a child its death signal when the thread that started the child ends. The main goroutine starts
// every child, and stays on the main thread, which ends last.
func init() { runtime.LockOSThread() }

func main() {
	options := options{}
	flag.StringVar(&options.bin, "bin", besideThisProgram(), "directory that holds etcd, kube-apiserver and kube-controller-manager")
	flag.IntVar(&options.users, "users", 64, "how many users without rights to create")
	flag.BoolVar(&options.controllerManager, "controller-manager", false, "start kube-controller-manager as well")
	flag.BoolVar(&options.foreground, "foreground", false, "for people: ignore standard input, print text, stop at Ctrl-C")
	flag.Parse()

	if err := run(options); err != nil {
		fmt.Fprintf(os.Stderr, "clusterd: %v\n", err)
		os.Exit(1)
	}
}

type options struct {
	bin               string
	users             int
	controllerManager bool
	foreground        bool
}

// announcement is the first line of output: all a test needs to know of the cluster.
type announcement struct {
	URL        string `json:"url"`
	Kubeconfig string `json:"kubeconfig"`
	CA         string `json:"ca"`
	AuditLog   string `json:"audit_log"`
	Dir        string `json:"dir"`
	Version    string `json:"version"`
	ReadyMs    int64  `json:"ready_ms"`
	Users      []user `json:"users"`
}

// answer is the line of output that follows a command.
type answer struct {
	Error string `json:"error,omitempty"`
}

// errStop says that the caller is gone or wants the end.
var errStop = errors.New("stopped")

func run(options options) error {
	caller := listen(options.foreground)
	cluster, err := newCluster(options)
	if err != nil {
		return err
	}
	defer cluster.stop()

	for _, start := range cluster.steps(options.controllerManager) {
		if err := caller.await(start()); err != nil {
			return unlessStopped(err)
		}
	}
	if err := announce(cluster, options); err != nil {
		return err
	}
	for {
		command, err := caller.next(cluster.ended)
		if err != nil {
			return unlessStopped(err)
		}
		var failure error
		switch command {
		case "controller-manager":
			failure = caller.await(cluster.startControllerManager())
		case "restart-server":
			failure = caller.await(cluster.restartServer())
		default:
			failure = fmt.Errorf("unknown command %q; expected controller-manager or restart-server", command)
		}
		if errors.Is(failure, errStop) {
			return nil
		}
		if err := json.NewEncoder(os.Stdout).Encode(answerTo(failure)); err != nil {
			return err
		}
	}
}

func unlessStopped(err error) error {
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

func answerTo(failure error) answer {
	if failure == nil {
		return answer{}
	}
	return answer{Error: failure.Error()}
}

func announce(c *cluster, options options) error {
	about, err := c.describe()
	if err != nil {
		return err
	}
	if !options.foreground {
		return json.NewEncoder(os.Stdout).Encode(about)
	}
	fmt.Printf("Kubernetes %s is ready at %s after %d ms; logs and data in %s\n\n", about.Version, about.URL, about.ReadyMs, about.Dir)
	fmt.Printf("  export KUBECONFIG=%s\n  export PATH=%s:\"$PATH\"\n\n", about.Kubeconfig, options.bin)
	fmt.Printf("Ctrl-C stops it and removes its data.\n")
	return nil
}

func besideThisProgram() string {
	path, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(path)
}
