
use builtin;
use str;

set edit:completion:arg-completer[gitops] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'gitops'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'gitops'= {
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
            cand diff 'Show what differs between Git and the cluster'
            cand render 'Print the rendered manifests'
            cand snapshot 'Record the live state that a diff needs into a file'
            cand completions 'Print the completion script of a shell'
            cand man 'Print a manual page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'gitops;diff'= {
            cand --ref 'Branch, tag or commit to read instead of the working tree or the default branch'
            cand --path 'Directory inside the source'
            cand -n 'Namespace for objects that have none; never a filter, never an override'
            cand --namespace 'Namespace for objects that have none; never a filter, never an override'
            cand --renderer 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations'
            cand --set-name 'Name of the set, whose record on the cluster tells what was applied last'
            cand --record-namespace 'Namespace of the record; default: that of -n, else of the context, else default'
            cand --target 'Target of the configuration; repeatable. Without it, all of them'
            cand --config 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules'
            cand --cluster-uid 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)'
            cand --base 'Revision that was applied last: tells drift from pending changes; `none` for none'
            cand --live 'Compare with a file instead of a cluster: a snapshot, or what `kubectl get -o yaml|json` printed'
            cand --added 'How fields are taken that people added and Git does not have'
            cand --fail-on 'What gives exit 1, separated by commas; errors and unknown objects always count [default: all]'
            cand --paranoid 'Ask the server about N % of what is proven in sync without it, and report any other answer as a bug'
            cand --exit-code-style 'Numbers of the exit codes; terraform swaps 1 and 2'
            cand -l 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db'
            cand --selector 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db'
            cand --only 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable'
            cand --context 'Context of the kubeconfig; default: its current context'
            cand --kubeconfig 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in'
            cand --as 'User to impersonate'
            cand --as-group 'Group to impersonate; repeatable, needs --as'
            cand --max-inflight 'Requests in flight at most'
            cand -o 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]'
            cand --output 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]'
            cand -U 'Lines of context in the diff of a text of several lines'
            cand --unified 'Lines of context in the diff of a text of several lines'
            cand --show 'Show also what does not count, separated by commas'
            cand --timeout 'Deadline of the whole run, for example 90s or 10m'
            cand --color 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too'
            cand --offline 'Stay off the network for the source: use the commit of a URL that was fetched last'
            cand --allow-remote 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock'
            cand --locked 'With --allow-remote: a base that gitops.lock does not pin is an error'
            cand --all-targets 'All targets of the configuration; an error if it has none'
            cand --read-only 'Send no request but get and list: no dry run; what only a dry run can prove is unknown (exit 3)'
            cand --strict 'Labels and annotations that people added count too'
            cand --no-cache 'Keep nothing on disk between runs: neither read nor write the cache'
            cand --deny-warnings 'Treat warnings as errors (exit 2)'
            cand -q 'No progress, no warnings, no hints'
            cand --quiet 'No progress, no warnings, no hints'
            cand -v 'Explain on stderr: requests, timings, cache; twice for more'
            cand --verbose 'Explain on stderr: requests, timings, cache; twice for more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'gitops;render'= {
            cand --ref 'Branch, tag or commit to read instead of the working tree or the default branch'
            cand --path 'Directory inside the source'
            cand -n 'Namespace for objects that have none; never a filter, never an override'
            cand --namespace 'Namespace for objects that have none; never a filter, never an override'
            cand --renderer 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations'
            cand -l 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db'
            cand --selector 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db'
            cand --only 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable'
            cand --verify-with 'Render a kustomization with this kustomize or kubectl too, and print the first difference instead of manifests'
            cand -o 'yaml (one stream) or json (one array), to stdout or to a file, as in json=all.json; repeatable [default: yaml]'
            cand --output 'yaml (one stream) or json (one array), to stdout or to a file, as in json=all.json; repeatable [default: yaml]'
            cand --timeout 'Deadline of the whole run, for example 90s or 10m'
            cand --color 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too'
            cand --offline 'Stay off the network for the source: use the commit of a URL that was fetched last'
            cand --allow-remote 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock'
            cand --locked 'With --allow-remote: a base that gitops.lock does not pin is an error'
            cand --update-lock 'Fetch remote bases at what their revisions are now, and write their commits into gitops.lock at the root of the source'
            cand --no-cache 'Keep nothing on disk between runs: neither read nor write the cache'
            cand --deny-warnings 'Treat warnings as errors (exit 2)'
            cand -q 'No progress, no warnings, no hints'
            cand --quiet 'No progress, no warnings, no hints'
            cand -v 'Explain on stderr: requests, timings, cache; twice for more'
            cand --verbose 'Explain on stderr: requests, timings, cache; twice for more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'gitops;snapshot'= {
            cand --ref 'Branch, tag or commit to read instead of the working tree or the default branch'
            cand --path 'Directory inside the source'
            cand -n 'Namespace for objects that have none; never a filter, never an override'
            cand --namespace 'Namespace for objects that have none; never a filter, never an override'
            cand --renderer 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations'
            cand --set-name 'Name of the set, whose record on the cluster tells what was applied last'
            cand --record-namespace 'Namespace of the record; default: that of -n, else of the context, else default'
            cand --context 'Context of the kubeconfig; default: its current context'
            cand --kubeconfig 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in'
            cand --as 'User to impersonate'
            cand --as-group 'Group to impersonate; repeatable, needs --as'
            cand --max-inflight 'Requests in flight at most'
            cand -o 'File to write; `-` for stdout'
            cand --output 'File to write; `-` for stdout'
            cand --timeout 'Deadline of the whole run, for example 90s or 10m'
            cand --color 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too'
            cand --offline 'Stay off the network for the source: use the commit of a URL that was fetched last'
            cand --allow-remote 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock'
            cand --locked 'With --allow-remote: a base that gitops.lock does not pin is an error'
            cand --include-secrets 'Record the values of Secrets too; the file is readable by its owner alone, and may not be in a Git work tree'
            cand --no-cache 'Keep nothing on disk between runs: neither read nor write the cache'
            cand --deny-warnings 'Treat warnings as errors (exit 2)'
            cand -q 'No progress, no warnings, no hints'
            cand --quiet 'No progress, no warnings, no hints'
            cand -v 'Explain on stderr: requests, timings, cache; twice for more'
            cand --verbose 'Explain on stderr: requests, timings, cache; twice for more'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'gitops;completions'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'gitops;man'= {
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'gitops;help'= {
            cand diff 'Show what differs between Git and the cluster'
            cand render 'Print the rendered manifests'
            cand snapshot 'Record the live state that a diff needs into a file'
            cand completions 'Print the completion script of a shell'
            cand man 'Print a manual page'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'gitops;help;diff'= {
        }
        &'gitops;help;render'= {
        }
        &'gitops;help;snapshot'= {
        }
        &'gitops;help;completions'= {
        }
        &'gitops;help;man'= {
        }
        &'gitops;help;help'= {
        }
    ]
    $completions[$command]
}
