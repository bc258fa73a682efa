// Command oracle renders kustomizations with kustomize's own packages: one request a line on the standard input, one
// answer a line on the standard output. A process that lives on saves the start of one kustomize for each directory.
//
// As `oracle build DIR` it is kustomize itself: its own command, with its flags, output and exit codes.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	// The version that kustomize writes into labels is that of its own module.
	"sigs.k8s.io/kustomize/kustomize/v5/commands/build"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/yaml"
)

type request struct {
	// Files by their path.
	Files map[string][]byte `json:"files"`
	// Targets of symbolic links by their path.
	Links map[string]string `json:"links"`
	// A directory on disk that holds the files, in place of the two above.
	Root string `json:"root"`
	// True if a kustomization of Root may set types.
	Types bool `json:"types"`
	// The directory to build.
	Path string `json:"path"`
}

type answer struct {
	// The objects as kubectl would read them from the output, in the order of the output.
	Objects []json.RawMessage `json:"objects"`
	Error   string            `json:"error,omitempty"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "build" {
		command := build.NewCmdBuild(filesys.MakeFsOnDisk(), build.MakeHelp("kustomize", "build"), os.Stdout)
		command.SetArgs(os.Args[2:])
		if command.Execute() != nil {
			os.Exit(1)
		}
		return
	}
	log.SetOutput(io.Discard)
	// Warnings of deprecated fields go to the standard error, which nobody reads.
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked request
		if err := json.Unmarshal(line, &asked); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		text, err := json.Marshal(render(asked))
		if err != nil {
			text, _ = json.Marshal(answer{Error: "the answer is no JSON: " + err.Error()})
		}
		out.Write(append(text, '\n'))
		out.Flush()
	}
}

// setsTypes tells whether a directory may change what is known of types, which one process keeps for all that it builds.
func setsTypes(asked request) bool {
	for _, content := range asked.Files {
		if strings.Contains(strings.ToLower(string(content)), "openapi") {
			return true
		}
	}
	return asked.Types
}

func render(asked request) (told answer) {
	if setsTypes(asked) {
		openapi.ResetOpenAPI()
	}
	defer func() {
		if problem := recover(); problem != nil {
			told = answer{Error: fmt.Sprintf("panic: %v", problem)}
		}
		if setsTypes(asked) {
			openapi.ResetOpenAPI()
		}
	}()
	files, root := filesys.MakeFsOnDisk(), asked.Root
	if root == "" {
		var err error
		files, root, err = tree(asked)
		defer os.RemoveAll(root)
		if err != nil {
			return answer{Error: err.Error()}
		}
	}
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	built, err := krusty.MakeKustomizer(options).Run(files, filepath.Join(root, asked.Path))
	if err != nil {
		return answer{Error: err.Error()}
	}
	told.Objects = []json.RawMessage{}
	for _, object := range built.Resources() {
		text, err := object.AsYAML()
		if err != nil {
			return answer{Error: err.Error()}
		}
		object, err := yaml.YAMLToJSON(text)
		if err != nil {
			return answer{Error: err.Error()}
		}
		told.Objects = append(told.Objects, object)
	}
	return told
}

// tree writes the files to a directory of its own: the file system in memory knows no links and treats paths its own way.
func tree(asked request) (filesys.FileSystem, string, error) {
	root, err := os.MkdirTemp("", "oracle")
	if err != nil {
		return nil, "", err
	}
	for name, content := range asked.Files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, root, err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return nil, root, err
		}
	}
	for name, target := range asked.Links {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, root, err
		}
		if err := os.Symlink(target, path); err != nil {
			return nil, root, err
		}
	}
	return filesys.MakeFsOnDisk(), root, nil
}
