// Command oracle tells the status of objects with kstatus' own package: one object a line on the standard input, one
// answer a line on the standard output.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

type answer struct {
	// InProgress, Failed, Current or Terminating; empty where kstatus refuses the object.
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
	Error   string `json:"error,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		text, err := json.Marshal(judge(line))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Write(append(text, '\n'))
	}
}

func judge(line []byte) (told answer) {
	defer func() {
		if problem := recover(); problem != nil {
			told = answer{Error: fmt.Sprintf("panic: %v", problem)}
		}
	}()
	var object unstructured.Unstructured
	// The decoder of the API machinery: whole numbers are int64, as from a server.
	if err := object.UnmarshalJSON(line); err != nil {
		return answer{Error: err.Error()}
	}
	result, err := status.Compute(&object)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Status: result.Status.String(), Message: result.Message}
}
