
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'gitops' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'gitops'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'gitops' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what differs between Git and the cluster')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Make the cluster equal to Git')
            [CompletionResult]::new('revert', 'revert', [CompletionResultType]::ParameterValue, 'Put back what somebody did to the cluster')
            [CompletionResult]::new('rollback', 'rollback', [CompletionResultType]::ParameterValue, 'Make the cluster equal to an earlier revision')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete every member of the set, and its record')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'List the last runs that wrote to the set')
            [CompletionResult]::new('render', 'render', [CompletionResultType]::ParameterValue, 'Print the rendered manifests')
            [CompletionResult]::new('snapshot', 'snapshot', [CompletionResultType]::ParameterValue, 'Record the live state that a diff needs into a file')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'gitops;diff' {
            [CompletionResult]::new('--ref', '--ref', [CompletionResultType]::ParameterName, 'Branch, tag or commit to read instead of the working tree or the default branch')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory inside the source')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--renderer', '--renderer', [CompletionResultType]::ParameterName, 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations')
            [CompletionResult]::new('--allow-remote', '--allow-remote', [CompletionResultType]::ParameterName, 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock')
            [CompletionResult]::new('--set-name', '--set-name', [CompletionResultType]::ParameterName, 'Name of the set, whose record on the cluster tells what was applied last')
            [CompletionResult]::new('--record-namespace', '--record-namespace', [CompletionResultType]::ParameterName, 'Namespace of the record; default: that of -n, else of the context, else default')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target of the configuration; repeatable. Without it, all of them')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules')
            [CompletionResult]::new('--cluster-uid', '--cluster-uid', [CompletionResultType]::ParameterName, 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Revision that was applied last: tells drift from pending changes; `none` for none')
            [CompletionResult]::new('--added', '--added', [CompletionResultType]::ParameterName, 'How fields are taken that people added and Git does not have')
            [CompletionResult]::new('--live', '--live', [CompletionResultType]::ParameterName, 'Compare with a file instead of a cluster: a snapshot, or what `kubectl get -o yaml|json` printed')
            [CompletionResult]::new('--fail-on', '--fail-on', [CompletionResultType]::ParameterName, 'What gives exit 1, separated by commas; errors and unknown objects always count [default: all]')
            [CompletionResult]::new('--paranoid', '--paranoid', [CompletionResultType]::ParameterName, 'Ask the server about N % of what is proven in sync without it, and report any other answer as a bug')
            [CompletionResult]::new('--exit-code-style', '--exit-code-style', [CompletionResultType]::ParameterName, 'Numbers of the exit codes; terraform swaps 1 and 2')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig; default: its current context')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate; repeatable, needs --as')
            [CompletionResult]::new('--max-inflight', '--max-inflight', [CompletionResultType]::ParameterName, 'Requests in flight at most')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('-U', '-U ', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--unified', '--unified', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--show', '--show', [CompletionResultType]::ParameterName, 'Show also what does not count, separated by commas')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Deadline of the whole run, for example 90s or 10m')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Stay off the network for the source: use the commit of a URL that was fetched last')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'With --allow-remote: a base that gitops.lock does not pin is an error')
            [CompletionResult]::new('--all-targets', '--all-targets', [CompletionResultType]::ParameterName, 'All targets of the configuration; an error if it has none')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Labels and annotations that people added count too')
            [CompletionResult]::new('--read-only', '--read-only', [CompletionResultType]::ParameterName, 'Send no request but get and list: no dry run; what only a dry run can prove is unknown (exit 3)')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Keep nothing on disk between runs: neither read nor write the cache')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Treat warnings as errors (exit 2)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;apply' {
            [CompletionResult]::new('--ref', '--ref', [CompletionResultType]::ParameterName, 'Branch, tag or commit to read instead of the working tree or the default branch')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory inside the source')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--renderer', '--renderer', [CompletionResultType]::ParameterName, 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations')
            [CompletionResult]::new('--allow-remote', '--allow-remote', [CompletionResultType]::ParameterName, 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock')
            [CompletionResult]::new('--set-name', '--set-name', [CompletionResultType]::ParameterName, 'Name of the set, whose record on the cluster tells what was applied last')
            [CompletionResult]::new('--record-namespace', '--record-namespace', [CompletionResultType]::ParameterName, 'Namespace of the record; default: that of -n, else of the context, else default')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target of the configuration; repeatable. Without it, all of them')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules')
            [CompletionResult]::new('--cluster-uid', '--cluster-uid', [CompletionResultType]::ParameterName, 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Revision that was applied last: tells drift from pending changes; `none` for none')
            [CompletionResult]::new('--added', '--added', [CompletionResultType]::ParameterName, 'How fields are taken that people added and Git does not have')
            [CompletionResult]::new('--force-conflicts', '--force-conflicts', [CompletionResultType]::ParameterName, 'Take fields that controllers hold: all of them, or those of a field manager, or one path; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Delete and make anew objects of this kind whose immutable fields change, such as Job or Job.batch; repeatable')
            [CompletionResult]::new('--max-deletes', '--max-deletes', [CompletionResultType]::ParameterName, 'Deletions at most [default: 50, and 30 % of a set of 10 or more]')
            [CompletionResult]::new('--allow-prune-kind', '--allow-prune-kind', [CompletionResultType]::ParameterName, 'Kind that may be deleted although it is protected, such as Namespace or StorageClass.storage.k8s.io; repeatable')
            [CompletionResult]::new('--adopt-set', '--adopt-set', [CompletionResultType]::ParameterName, 'Take over the members of another set, after it was renamed: NAME, or NAMESPACE/NAME of its record; repeatable')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once')
            [CompletionResult]::new('--lock-duration', '--lock-duration', [CompletionResultType]::ParameterName, 'How long a killed run keeps the lock; it is renewed four times as often')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig; default: its current context')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate; repeatable, needs --as')
            [CompletionResult]::new('--max-inflight', '--max-inflight', [CompletionResultType]::ParameterName, 'Requests in flight at most')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('-U', '-U ', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--unified', '--unified', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--show', '--show', [CompletionResultType]::ParameterName, 'Show also what does not count, separated by commas')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Deadline of the whole run, for example 90s or 10m')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Stay off the network for the source: use the commit of a URL that was fetched last')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'With --allow-remote: a base that gitops.lock does not pin is an error')
            [CompletionResult]::new('--all-targets', '--all-targets', [CompletionResultType]::ParameterName, 'All targets of the configuration; an error if it has none')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Labels and annotations that people added count too')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask; without it and without a terminal nothing is written (exit 5)')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask; without it and without a terminal nothing is written (exit 5)')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done and write nothing')
            [CompletionResult]::new('--continue-on-error', '--continue-on-error', [CompletionResultType]::ParameterName, 'Write the rest although some objects are invalid, unknown, blocked or in conflict, or a step failed')
            [CompletionResult]::new('--allow-dirty', '--allow-dirty', [CompletionResultType]::ParameterName, 'Apply uncommitted changes of a working tree')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until every object of the set is ready, at most for --timeout [default: on a terminal, for what was written]')
            [CompletionResult]::new('--no-wait', '--no-wait', [CompletionResultType]::ParameterName, 'Do not wait until objects are ready')
            [CompletionResult]::new('--prune', '--prune', [CompletionResultType]::ParameterName, 'Delete members of the set that left Git')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Prune although nothing is rendered: everything goes')
            [CompletionResult]::new('--break-lock', '--break-lock', [CompletionResultType]::ParameterName, 'Take the lock from the run that holds it: only if that run is known to be gone')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Keep nothing on disk between runs: neither read nor write the cache')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Treat warnings as errors (exit 2)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;revert' {
            [CompletionResult]::new('--ref', '--ref', [CompletionResultType]::ParameterName, 'Branch, tag or commit to read instead of the working tree or the default branch')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory inside the source')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--renderer', '--renderer', [CompletionResultType]::ParameterName, 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations')
            [CompletionResult]::new('--allow-remote', '--allow-remote', [CompletionResultType]::ParameterName, 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock')
            [CompletionResult]::new('--set-name', '--set-name', [CompletionResultType]::ParameterName, 'Name of the set, whose record on the cluster tells what was applied last')
            [CompletionResult]::new('--record-namespace', '--record-namespace', [CompletionResultType]::ParameterName, 'Namespace of the record; default: that of -n, else of the context, else default')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target of the configuration; repeatable. Without it, all of them')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules')
            [CompletionResult]::new('--cluster-uid', '--cluster-uid', [CompletionResultType]::ParameterName, 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Revision that was applied last: tells drift from pending changes; `none` for none')
            [CompletionResult]::new('--added', '--added', [CompletionResultType]::ParameterName, 'How fields are taken that people added and Git does not have')
            [CompletionResult]::new('--field', '--field', [CompletionResultType]::ParameterName, 'Only fields at or below this path, as reports print it: spec.replicas; repeatable')
            [CompletionResult]::new('--manager', '--manager', [CompletionResultType]::ParameterName, 'Only fields that this field manager wrote, such as kubectl-edit; repeatable')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only fields that were written in this time: 2h')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once')
            [CompletionResult]::new('--lock-duration', '--lock-duration', [CompletionResultType]::ParameterName, 'How long a killed run keeps the lock; it is renewed four times as often')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig; default: its current context')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate; repeatable, needs --as')
            [CompletionResult]::new('--max-inflight', '--max-inflight', [CompletionResultType]::ParameterName, 'Requests in flight at most')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('-U', '-U ', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--unified', '--unified', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--show', '--show', [CompletionResultType]::ParameterName, 'Show also what does not count, separated by commas')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Deadline of the whole run, for example 90s or 10m')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Stay off the network for the source: use the commit of a URL that was fetched last')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'With --allow-remote: a base that gitops.lock does not pin is an error')
            [CompletionResult]::new('--all-targets', '--all-targets', [CompletionResultType]::ParameterName, 'All targets of the configuration; an error if it has none')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Labels and annotations that people added count too')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask; without it and without a terminal nothing is written (exit 5)')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask; without it and without a terminal nothing is written (exit 5)')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be put back and write nothing')
            [CompletionResult]::new('--continue-on-error', '--continue-on-error', [CompletionResultType]::ParameterName, 'Put the rest back although some objects are invalid, unknown, blocked or in conflict, or a step failed')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until every object of the set is ready, at most for --timeout [default: on a terminal, for what was written]')
            [CompletionResult]::new('--no-wait', '--no-wait', [CompletionResultType]::ParameterName, 'Do not wait until objects are ready')
            [CompletionResult]::new('--break-lock', '--break-lock', [CompletionResultType]::ParameterName, 'Take the lock from the run that holds it: only if that run is known to be gone')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Keep nothing on disk between runs: neither read nor write the cache')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Treat warnings as errors (exit 2)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;rollback' {
            [CompletionResult]::new('--ref', '--ref', [CompletionResultType]::ParameterName, 'Branch, tag or commit to read instead of the working tree or the default branch')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory inside the source')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--renderer', '--renderer', [CompletionResultType]::ParameterName, 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations')
            [CompletionResult]::new('--allow-remote', '--allow-remote', [CompletionResultType]::ParameterName, 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock')
            [CompletionResult]::new('--set-name', '--set-name', [CompletionResultType]::ParameterName, 'Name of the set, whose record on the cluster tells what was applied last')
            [CompletionResult]::new('--record-namespace', '--record-namespace', [CompletionResultType]::ParameterName, 'Namespace of the record; default: that of -n, else of the context, else default')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target of the configuration; repeatable. Without it, all of them')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules')
            [CompletionResult]::new('--cluster-uid', '--cluster-uid', [CompletionResultType]::ParameterName, 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)')
            [CompletionResult]::new('--base', '--base', [CompletionResultType]::ParameterName, 'Revision that was applied last: tells drift from pending changes; `none` for none')
            [CompletionResult]::new('--added', '--added', [CompletionResultType]::ParameterName, 'How fields are taken that people added and Git does not have')
            [CompletionResult]::new('--force-conflicts', '--force-conflicts', [CompletionResultType]::ParameterName, 'Take fields that controllers hold: all of them, or those of a field manager, or one path; repeatable')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Delete and make anew objects of this kind whose immutable fields change, such as Job or Job.batch; repeatable')
            [CompletionResult]::new('--max-deletes', '--max-deletes', [CompletionResultType]::ParameterName, 'Deletions at most [default: 50, and 30 % of a set of 10 or more]')
            [CompletionResult]::new('--allow-prune-kind', '--allow-prune-kind', [CompletionResultType]::ParameterName, 'Kind that may be deleted although it is protected, such as Namespace or StorageClass.storage.k8s.io; repeatable')
            [CompletionResult]::new('--adopt-set', '--adopt-set', [CompletionResultType]::ParameterName, 'Take over the members of another set, after it was renamed: NAME, or NAMESPACE/NAME of its record; repeatable')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once')
            [CompletionResult]::new('--lock-duration', '--lock-duration', [CompletionResultType]::ParameterName, 'How long a killed run keeps the lock; it is renewed four times as often')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig; default: its current context')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate; repeatable, needs --as')
            [CompletionResult]::new('--max-inflight', '--max-inflight', [CompletionResultType]::ParameterName, 'Requests in flight at most')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('-U', '-U ', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--unified', '--unified', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--show', '--show', [CompletionResultType]::ParameterName, 'Show also what does not count, separated by commas')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Deadline of the whole run, for example 90s or 10m')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Stay off the network for the source: use the commit of a URL that was fetched last')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'With --allow-remote: a base that gitops.lock does not pin is an error')
            [CompletionResult]::new('--all-targets', '--all-targets', [CompletionResultType]::ParameterName, 'All targets of the configuration; an error if it has none')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Labels and annotations that people added count too')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask; without it and without a terminal nothing is written (exit 5)')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask; without it and without a terminal nothing is written (exit 5)')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be done and write nothing')
            [CompletionResult]::new('--continue-on-error', '--continue-on-error', [CompletionResultType]::ParameterName, 'Write the rest although some objects are invalid, unknown, blocked or in conflict, or a step failed')
            [CompletionResult]::new('--allow-dirty', '--allow-dirty', [CompletionResultType]::ParameterName, 'Apply uncommitted changes of a working tree')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait until every object of the set is ready, at most for --timeout [default: on a terminal, for what was written]')
            [CompletionResult]::new('--no-wait', '--no-wait', [CompletionResultType]::ParameterName, 'Do not wait until objects are ready')
            [CompletionResult]::new('--prune', '--prune', [CompletionResultType]::ParameterName, 'Delete members of the set that left Git')
            [CompletionResult]::new('--allow-empty', '--allow-empty', [CompletionResultType]::ParameterName, 'Prune although nothing is rendered: everything goes')
            [CompletionResult]::new('--break-lock', '--break-lock', [CompletionResultType]::ParameterName, 'Take the lock from the run that holds it: only if that run is known to be gone')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Keep nothing on disk between runs: neither read nor write the cache')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Treat warnings as errors (exit 2)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;delete' {
            [CompletionResult]::new('--ref', '--ref', [CompletionResultType]::ParameterName, 'Branch, tag or commit to read instead of the working tree or the default branch')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory inside the source')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--set-name', '--set-name', [CompletionResultType]::ParameterName, 'Name of the set, whose record on the cluster tells what was applied last')
            [CompletionResult]::new('--record-namespace', '--record-namespace', [CompletionResultType]::ParameterName, 'Namespace of the record; default: that of -n, else of the context, else default')
            [CompletionResult]::new('--target', '--target', [CompletionResultType]::ParameterName, 'Target of the configuration; repeatable. Without it, all of them')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules')
            [CompletionResult]::new('--cluster-uid', '--cluster-uid', [CompletionResultType]::ParameterName, 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)')
            [CompletionResult]::new('--max-deletes', '--max-deletes', [CompletionResultType]::ParameterName, 'Deletions at most [default: 50, and 30 % of a set of 10 or more]')
            [CompletionResult]::new('--allow-prune-kind', '--allow-prune-kind', [CompletionResultType]::ParameterName, 'Kind that may be deleted although it is protected, such as Namespace or StorageClass.storage.k8s.io; repeatable')
            [CompletionResult]::new('--lock-timeout', '--lock-timeout', [CompletionResultType]::ParameterName, 'How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once')
            [CompletionResult]::new('--lock-duration', '--lock-duration', [CompletionResultType]::ParameterName, 'How long a killed run keeps the lock; it is renewed four times as often')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig; default: its current context')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate; repeatable, needs --as')
            [CompletionResult]::new('--max-inflight', '--max-inflight', [CompletionResultType]::ParameterName, 'Requests in flight at most')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]')
            [CompletionResult]::new('-U', '-U ', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--unified', '--unified', [CompletionResultType]::ParameterName, 'Lines of context in the diff of a text of several lines')
            [CompletionResult]::new('--show', '--show', [CompletionResultType]::ParameterName, 'Show also what does not count, separated by commas')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Deadline of the whole run, for example 90s or 10m')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Stay off the network for the source: use the commit of a URL that was fetched last')
            [CompletionResult]::new('--all-targets', '--all-targets', [CompletionResultType]::ParameterName, 'All targets of the configuration; an error if it has none')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask; needs --max-deletes')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask; needs --max-deletes')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show what would be deleted and write nothing')
            [CompletionResult]::new('--continue-on-error', '--continue-on-error', [CompletionResultType]::ParameterName, 'Delete the rest although a deletion failed')
            [CompletionResult]::new('--break-lock', '--break-lock', [CompletionResultType]::ParameterName, 'Take the lock from the run that holds it: only if that run is known to be gone')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Keep nothing on disk between runs: neither read nor write the cache')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Treat warnings as errors (exit 2)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;history' {
            [CompletionResult]::new('--ref', '--ref', [CompletionResultType]::ParameterName, 'Branch, tag or commit to read instead of the working tree or the default branch')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory inside the source')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--set-name', '--set-name', [CompletionResultType]::ParameterName, 'Name of the set, whose record on the cluster tells what was applied last')
            [CompletionResult]::new('--record-namespace', '--record-namespace', [CompletionResultType]::ParameterName, 'Namespace of the record; default: that of -n, else of the context, else default')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig; default: its current context')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate; repeatable, needs --as')
            [CompletionResult]::new('--max-inflight', '--max-inflight', [CompletionResultType]::ParameterName, 'Requests in flight at most')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Deadline of the whole run, for example 90s or 10m')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Stay off the network for the source: use the commit of a URL that was fetched last')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Keep nothing on disk between runs: neither read nor write the cache')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Treat warnings as errors (exit 2)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;render' {
            [CompletionResult]::new('--ref', '--ref', [CompletionResultType]::ParameterName, 'Branch, tag or commit to read instead of the working tree or the default branch')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory inside the source')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--renderer', '--renderer', [CompletionResultType]::ParameterName, 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations')
            [CompletionResult]::new('--allow-remote', '--allow-remote', [CompletionResultType]::ParameterName, 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock')
            [CompletionResult]::new('-l', '-l', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--selector', '--selector', [CompletionResultType]::ParameterName, 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable')
            [CompletionResult]::new('--verify-with', '--verify-with', [CompletionResultType]::ParameterName, 'Render a kustomization with this kustomize or kubectl too, and print the first difference instead of manifests')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'yaml (one stream) or json (one array), to stdout or to a file, as in json=all.json; repeatable [default: yaml]')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'yaml (one stream) or json (one array), to stdout or to a file, as in json=all.json; repeatable [default: yaml]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Deadline of the whole run, for example 90s or 10m')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Stay off the network for the source: use the commit of a URL that was fetched last')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'With --allow-remote: a base that gitops.lock does not pin is an error')
            [CompletionResult]::new('--update-lock', '--update-lock', [CompletionResultType]::ParameterName, 'Fetch remote bases at what their revisions are now, and write their commits into gitops.lock at the root of the source')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Keep nothing on disk between runs: neither read nor write the cache')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Treat warnings as errors (exit 2)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;snapshot' {
            [CompletionResult]::new('--ref', '--ref', [CompletionResultType]::ParameterName, 'Branch, tag or commit to read instead of the working tree or the default branch')
            [CompletionResult]::new('--path', '--path', [CompletionResultType]::ParameterName, 'Directory inside the source')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--namespace', '--namespace', [CompletionResultType]::ParameterName, 'Namespace for objects that have none; never a filter, never an override')
            [CompletionResult]::new('--renderer', '--renderer', [CompletionResultType]::ParameterName, 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations')
            [CompletionResult]::new('--allow-remote', '--allow-remote', [CompletionResultType]::ParameterName, 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock')
            [CompletionResult]::new('--set-name', '--set-name', [CompletionResultType]::ParameterName, 'Name of the set, whose record on the cluster tells what was applied last')
            [CompletionResult]::new('--record-namespace', '--record-namespace', [CompletionResultType]::ParameterName, 'Namespace of the record; default: that of -n, else of the context, else default')
            [CompletionResult]::new('--context', '--context', [CompletionResultType]::ParameterName, 'Context of the kubeconfig; default: its current context')
            [CompletionResult]::new('--kubeconfig', '--kubeconfig', [CompletionResultType]::ParameterName, 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in')
            [CompletionResult]::new('--as', '--as', [CompletionResultType]::ParameterName, 'User to impersonate')
            [CompletionResult]::new('--as-group', '--as-group', [CompletionResultType]::ParameterName, 'Group to impersonate; repeatable, needs --as')
            [CompletionResult]::new('--max-inflight', '--max-inflight', [CompletionResultType]::ParameterName, 'Requests in flight at most')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'File to write; `-` for stdout')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'File to write; `-` for stdout')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Deadline of the whole run, for example 90s or 10m')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Stay off the network for the source: use the commit of a URL that was fetched last')
            [CompletionResult]::new('--locked', '--locked', [CompletionResultType]::ParameterName, 'With --allow-remote: a base that gitops.lock does not pin is an error')
            [CompletionResult]::new('--include-secrets', '--include-secrets', [CompletionResultType]::ParameterName, 'Record the values of Secrets too; the file is readable by its owner alone, and may not be in a Git work tree')
            [CompletionResult]::new('--no-cache', '--no-cache', [CompletionResultType]::ParameterName, 'Keep nothing on disk between runs: neither read nor write the cache')
            [CompletionResult]::new('--deny-warnings', '--deny-warnings', [CompletionResultType]::ParameterName, 'Treat warnings as errors (exit 2)')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'No progress, no warnings, no hints')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Explain on stderr: requests, timings, cache; twice for more')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;completions' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;man' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'gitops;help' {
            [CompletionResult]::new('diff', 'diff', [CompletionResultType]::ParameterValue, 'Show what differs between Git and the cluster')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Make the cluster equal to Git')
            [CompletionResult]::new('revert', 'revert', [CompletionResultType]::ParameterValue, 'Put back what somebody did to the cluster')
            [CompletionResult]::new('rollback', 'rollback', [CompletionResultType]::ParameterValue, 'Make the cluster equal to an earlier revision')
            [CompletionResult]::new('delete', 'delete', [CompletionResultType]::ParameterValue, 'Delete every member of the set, and its record')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'List the last runs that wrote to the set')
            [CompletionResult]::new('render', 'render', [CompletionResultType]::ParameterValue, 'Print the rendered manifests')
            [CompletionResult]::new('snapshot', 'snapshot', [CompletionResultType]::ParameterValue, 'Record the live state that a diff needs into a file')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completion script of a shell')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print a manual page')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'gitops;help;diff' {
            break
        }
        'gitops;help;apply' {
            break
        }
        'gitops;help;revert' {
            break
        }
        'gitops;help;rollback' {
            break
        }
        'gitops;help;delete' {
            break
        }
        'gitops;help;history' {
            break
        }
        'gitops;help;render' {
            break
        }
        'gitops;help;snapshot' {
            break
        }
        'gitops;help;completions' {
            break
        }
        'gitops;help;man' {
            break
        }
        'gitops;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
