# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_gitops_global_optspecs
    string join \n h/help V/version
end

function __fish_gitops_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_gitops_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_gitops_using_subcommand
    set -l cmd (__fish_gitops_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c gitops -n "__fish_gitops_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_needs_command" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "diff" -d 'Show what differs between Git and the cluster'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "apply" -d 'Make the cluster equal to Git'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "revert" -d 'Put back what somebody did to the cluster'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "rollback" -d 'Make the cluster equal to an earlier revision'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "delete" -d 'Delete every member of the set, and its record'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "undo" -d 'Put every object back as it was before the last run'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "history" -d 'List the last runs that wrote to the set'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "render" -d 'Print the rendered manifests'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "snapshot" -d 'Record the live state that a diff needs into a file'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "man" -d 'Print a manual page'
complete -c gitops -n "__fish_gitops_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l ref -d 'Branch, tag or commit to read instead of the working tree or the default branch' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l path -d 'Directory inside the source' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -s n -l namespace -d 'Namespace for objects that have none; never a filter, never an override' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l renderer -d 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l allow-remote -d 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l set-name -d 'Name of the set, whose record on the cluster tells what was applied last' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l record-namespace -d 'Namespace of the record; default: that of -n, else of the context, else default' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l target -d 'Target of the configuration; repeatable. Without it, all of them' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l config -d 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l cluster-uid -d 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l base -d 'Revision that was applied last: tells drift from pending changes; `none` for none' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l added -d 'How fields are taken that people added and Git does not have' -r -f -a "drift\t'They count'
note\t'They are noted and do not count'
ignore\t'They are not looked at'"
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l verify -d 'Which objects the server is asked about: what it alone can decide, or also every object that does not exist yet' -r -f -a "changed\t'Objects that exist and differ in what cannot be decided without the server'
all\t'New objects too: what the server would refuse is told before anything is written'"
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l live -d 'Compare with a file instead of a cluster: a snapshot, or what `kubectl get -o yaml|json` printed' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l fail-on -d 'What gives exit 1, separated by commas; errors and unknown objects always count [default: all]' -r -f -a "drift\t''
added\t''
pending\t''
diverged\t''
removal\t''
stuck\t''
held\t''
differs\t''
terminating\t''
missing\t''
new\t''
extra\t''
replace\t''"
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l paranoid -d 'Ask the server about N % of what is proven in sync without it, and report any other answer as a bug' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l exit-code-style -d 'Numbers of the exit codes; terraform swaps 1 and 2' -r -f -a "default\t'1 differs, 2 error'
terraform\t'2 differs, 1 error'"
complete -c gitops -n "__fish_gitops_using_subcommand diff" -s l -l selector -d 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l only -d 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l context -d 'Context of the kubeconfig; default: its current context' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l kubeconfig -d 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l as -d 'User to impersonate' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l as-group -d 'Group to impersonate; repeatable, needs --as' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l max-inflight -d 'Requests in flight at most' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -s o -l output -d 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]' -r -f -a "text\t'For people'
json\t'For programs; its schema is versioned'"
complete -c gitops -n "__fish_gitops_using_subcommand diff" -s U -l unified -d 'Lines of context in the diff of a text of several lines' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l show -d 'Show also what does not count, separated by commas' -r -f -a "in-sync\t'Objects that are in sync, and values that are only spelled differently'
foreign\t'Fields of controllers outside Git'
ignored\t'What a rule ignores'"
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l timeout -d 'Deadline of the whole run, for example 90s or 10m' -r
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l color -d 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l offline -d 'Stay off the network for the source: use the commit of a URL that was fetched last'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l locked -d 'With --allow-remote: a base that gitops.lock does not pin is an error'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l all-targets -d 'All targets of the configuration; an error if it has none'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l strict -d 'Labels and annotations that people added count too; an apply of a tag that moved is refused'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l read-only -d 'Send no request but get and list: no dry run; what only a dry run can prove is unknown (exit 3)'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l no-cache -d 'Keep nothing on disk between runs: neither read nor write the cache'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -l deny-warnings -d 'Treat warnings as errors (exit 2)'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -s q -l quiet -d 'No progress, no warnings, no hints'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -s v -l verbose -d 'Explain on stderr: requests, timings, cache; twice for more'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_using_subcommand diff" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l ref -d 'Branch, tag or commit to read instead of the working tree or the default branch' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l path -d 'Directory inside the source' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -s n -l namespace -d 'Namespace for objects that have none; never a filter, never an override' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l renderer -d 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l allow-remote -d 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l set-name -d 'Name of the set, whose record on the cluster tells what was applied last' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l record-namespace -d 'Namespace of the record; default: that of -n, else of the context, else default' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l target -d 'Target of the configuration; repeatable. Without it, all of them' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l config -d 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l cluster-uid -d 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l base -d 'Revision that was applied last: tells drift from pending changes; `none` for none' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l added -d 'How fields are taken that people added and Git does not have' -r -f -a "drift\t'They count'
note\t'They are noted and do not count'
ignore\t'They are not looked at'"
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l verify -d 'Which objects the server is asked about: what it alone can decide, or also every object that does not exist yet' -r -f -a "changed\t'Objects that exist and differ in what cannot be decided without the server'
all\t'New objects too: what the server would refuse is told before anything is written'"
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l force-conflicts -d 'Take fields that controllers hold: all of them, or those of a field manager, or one path; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l replace -d 'Delete and make anew objects of this kind whose immutable fields change, such as Job or Job.batch; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l out -d 'Show what would be done, save it as a plan in FILE, and write nothing to the cluster' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l plan -d 'Perform exactly the plan that --out saved in FILE, with the same flags, or nothing (exit 5)' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l max-deletes -d 'Deletions at most [default: 50, and 30 % of a set of 10 or more]; with --yes containers, volumes and ports that are taken out of objects count as well' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l allow-prune-kind -d 'Kind that may be deleted although it is protected, such as Namespace or StorageClass.storage.k8s.io; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l adopt-set -d 'Take over the members of another set, after it was renamed: NAME, or NAMESPACE/NAME of its record; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l allow-namespace -d 'Namespace in which objects of the set may be, such as shop or team-*; repeatable. Anything elsewhere is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l allow-kind -d 'Kind of which objects of the set may be, such as Deployment.apps or *.batch; repeatable. Any other is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l lock-timeout -d 'How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l lock-duration -d 'How long a killed run keeps the lock; it is renewed four times as often' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -s l -l selector -d 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l only -d 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l context -d 'Context of the kubeconfig; default: its current context' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l kubeconfig -d 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l as -d 'User to impersonate' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l as-group -d 'Group to impersonate; repeatable, needs --as' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l max-inflight -d 'Requests in flight at most' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -s o -l output -d 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]' -r -f -a "text\t'For people'
json\t'For programs; its schema is versioned'"
complete -c gitops -n "__fish_gitops_using_subcommand apply" -s U -l unified -d 'Lines of context in the diff of a text of several lines' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l show -d 'Show also what does not count, separated by commas' -r -f -a "in-sync\t'Objects that are in sync, and values that are only spelled differently'
foreign\t'Fields of controllers outside Git'
ignored\t'What a rule ignores'"
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l timeout -d 'Deadline of the whole run, for example 90s or 10m' -r
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l color -d 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l offline -d 'Stay off the network for the source: use the commit of a URL that was fetched last'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l locked -d 'With --allow-remote: a base that gitops.lock does not pin is an error'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l all-targets -d 'All targets of the configuration; an error if it has none'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l strict -d 'Labels and annotations that people added count too; an apply of a tag that moved is refused'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -s y -l yes -d 'Do not ask; without it and without a terminal nothing is written (exit 5)'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l dry-run -d 'Show what would be done and write nothing'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l continue-on-error -d 'Write the rest although some objects are invalid, unknown, blocked or in conflict, or a step failed'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l emit-events -d 'Tell what the run did as an Event about the set\'s record'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l allow-dirty -d 'Apply uncommitted changes of a working tree'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l allow-non-fast-forward -d 'Apply a revision that does not continue what was applied last: an older one, or a branch that was rewritten'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l wait -d 'Wait until every object of the set is ready, at most for --timeout [default: on a terminal, for what was written]'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l no-wait -d 'Do not wait until objects are ready'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l prune -d 'Delete members of the set that left Git'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l allow-empty -d 'Prune although nothing is rendered: everything goes'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l allow-cluster-scoped -d 'Objects without a namespace are allowed, although --allow-namespace names some'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l break-lock -d 'Take the lock from the run that holds it: only if that run is known to be gone'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l no-cache -d 'Keep nothing on disk between runs: neither read nor write the cache'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -l deny-warnings -d 'Treat warnings as errors (exit 2)'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -s q -l quiet -d 'No progress, no warnings, no hints'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -s v -l verbose -d 'Explain on stderr: requests, timings, cache; twice for more'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_using_subcommand apply" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l ref -d 'Branch, tag or commit to read instead of the working tree or the default branch' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l path -d 'Directory inside the source' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -s n -l namespace -d 'Namespace for objects that have none; never a filter, never an override' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l renderer -d 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l allow-remote -d 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l set-name -d 'Name of the set, whose record on the cluster tells what was applied last' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l record-namespace -d 'Namespace of the record; default: that of -n, else of the context, else default' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l target -d 'Target of the configuration; repeatable. Without it, all of them' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l config -d 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l cluster-uid -d 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l base -d 'Revision that was applied last: tells drift from pending changes; `none` for none' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l added -d 'How fields are taken that people added and Git does not have' -r -f -a "drift\t'They count'
note\t'They are noted and do not count'
ignore\t'They are not looked at'"
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l verify -d 'Which objects the server is asked about: what it alone can decide, or also every object that does not exist yet' -r -f -a "changed\t'Objects that exist and differ in what cannot be decided without the server'
all\t'New objects too: what the server would refuse is told before anything is written'"
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l field -d 'Only fields at or below this path, as reports print it: spec.replicas; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l manager -d 'Only fields that this field manager wrote, such as kubectl-edit; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l since -d 'Only fields that were written in this time: 2h' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l max-deletes -d 'Containers, volumes and ports that are taken out without a question at most [default: 50]' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l out -d 'Show what would be done, save it as a plan in FILE, and write nothing to the cluster' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l plan -d 'Perform exactly the plan that --out saved in FILE, with the same flags, or nothing (exit 5)' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l allow-namespace -d 'Namespace in which objects of the set may be, such as shop or team-*; repeatable. Anything elsewhere is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l allow-kind -d 'Kind of which objects of the set may be, such as Deployment.apps or *.batch; repeatable. Any other is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l lock-timeout -d 'How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l lock-duration -d 'How long a killed run keeps the lock; it is renewed four times as often' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -s l -l selector -d 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l only -d 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l context -d 'Context of the kubeconfig; default: its current context' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l kubeconfig -d 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l as -d 'User to impersonate' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l as-group -d 'Group to impersonate; repeatable, needs --as' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l max-inflight -d 'Requests in flight at most' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -s o -l output -d 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]' -r -f -a "text\t'For people'
json\t'For programs; its schema is versioned'"
complete -c gitops -n "__fish_gitops_using_subcommand revert" -s U -l unified -d 'Lines of context in the diff of a text of several lines' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l show -d 'Show also what does not count, separated by commas' -r -f -a "in-sync\t'Objects that are in sync, and values that are only spelled differently'
foreign\t'Fields of controllers outside Git'
ignored\t'What a rule ignores'"
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l timeout -d 'Deadline of the whole run, for example 90s or 10m' -r
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l color -d 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l offline -d 'Stay off the network for the source: use the commit of a URL that was fetched last'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l locked -d 'With --allow-remote: a base that gitops.lock does not pin is an error'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l all-targets -d 'All targets of the configuration; an error if it has none'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l strict -d 'Labels and annotations that people added count too; an apply of a tag that moved is refused'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -s y -l yes -d 'Do not ask; without it and without a terminal nothing is written (exit 5)'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l dry-run -d 'Show what would be put back and write nothing'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l continue-on-error -d 'Put the rest back although some objects are invalid, unknown, blocked or in conflict, or a step failed'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l emit-events -d 'Tell what the run did as an Event about the set\'s record'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l wait -d 'Wait until every object of the set is ready, at most for --timeout [default: on a terminal, for what was written]'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l no-wait -d 'Do not wait until objects are ready'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l allow-cluster-scoped -d 'Objects without a namespace are allowed, although --allow-namespace names some'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l break-lock -d 'Take the lock from the run that holds it: only if that run is known to be gone'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l no-cache -d 'Keep nothing on disk between runs: neither read nor write the cache'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -l deny-warnings -d 'Treat warnings as errors (exit 2)'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -s q -l quiet -d 'No progress, no warnings, no hints'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -s v -l verbose -d 'Explain on stderr: requests, timings, cache; twice for more'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_using_subcommand revert" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l ref -d 'Branch, tag or commit to read instead of the working tree or the default branch' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l path -d 'Directory inside the source' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -s n -l namespace -d 'Namespace for objects that have none; never a filter, never an override' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l renderer -d 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l allow-remote -d 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l set-name -d 'Name of the set, whose record on the cluster tells what was applied last' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l record-namespace -d 'Namespace of the record; default: that of -n, else of the context, else default' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l target -d 'Target of the configuration; repeatable. Without it, all of them' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l config -d 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l cluster-uid -d 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l base -d 'Revision that was applied last: tells drift from pending changes; `none` for none' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l added -d 'How fields are taken that people added and Git does not have' -r -f -a "drift\t'They count'
note\t'They are noted and do not count'
ignore\t'They are not looked at'"
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l verify -d 'Which objects the server is asked about: what it alone can decide, or also every object that does not exist yet' -r -f -a "changed\t'Objects that exist and differ in what cannot be decided without the server'
all\t'New objects too: what the server would refuse is told before anything is written'"
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l force-conflicts -d 'Take fields that controllers hold: all of them, or those of a field manager, or one path; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l replace -d 'Delete and make anew objects of this kind whose immutable fields change, such as Job or Job.batch; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l out -d 'Show what would be done, save it as a plan in FILE, and write nothing to the cluster' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l plan -d 'Perform exactly the plan that --out saved in FILE, with the same flags, or nothing (exit 5)' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l max-deletes -d 'Deletions at most [default: 50, and 30 % of a set of 10 or more]; with --yes containers, volumes and ports that are taken out of objects count as well' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l allow-prune-kind -d 'Kind that may be deleted although it is protected, such as Namespace or StorageClass.storage.k8s.io; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l adopt-set -d 'Take over the members of another set, after it was renamed: NAME, or NAMESPACE/NAME of its record; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l allow-namespace -d 'Namespace in which objects of the set may be, such as shop or team-*; repeatable. Anything elsewhere is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l allow-kind -d 'Kind of which objects of the set may be, such as Deployment.apps or *.batch; repeatable. Any other is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l lock-timeout -d 'How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l lock-duration -d 'How long a killed run keeps the lock; it is renewed four times as often' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -s l -l selector -d 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l only -d 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l context -d 'Context of the kubeconfig; default: its current context' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l kubeconfig -d 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l as -d 'User to impersonate' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l as-group -d 'Group to impersonate; repeatable, needs --as' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l max-inflight -d 'Requests in flight at most' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -s o -l output -d 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]' -r -f -a "text\t'For people'
json\t'For programs; its schema is versioned'"
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -s U -l unified -d 'Lines of context in the diff of a text of several lines' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l show -d 'Show also what does not count, separated by commas' -r -f -a "in-sync\t'Objects that are in sync, and values that are only spelled differently'
foreign\t'Fields of controllers outside Git'
ignored\t'What a rule ignores'"
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l timeout -d 'Deadline of the whole run, for example 90s or 10m' -r
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l color -d 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l offline -d 'Stay off the network for the source: use the commit of a URL that was fetched last'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l locked -d 'With --allow-remote: a base that gitops.lock does not pin is an error'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l all-targets -d 'All targets of the configuration; an error if it has none'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l strict -d 'Labels and annotations that people added count too; an apply of a tag that moved is refused'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -s y -l yes -d 'Do not ask; without it and without a terminal nothing is written (exit 5)'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l dry-run -d 'Show what would be done and write nothing'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l continue-on-error -d 'Write the rest although some objects are invalid, unknown, blocked or in conflict, or a step failed'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l emit-events -d 'Tell what the run did as an Event about the set\'s record'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l allow-dirty -d 'Apply uncommitted changes of a working tree'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l allow-non-fast-forward -d 'Apply a revision that does not continue what was applied last: an older one, or a branch that was rewritten'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l wait -d 'Wait until every object of the set is ready, at most for --timeout [default: on a terminal, for what was written]'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l no-wait -d 'Do not wait until objects are ready'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l prune -d 'Delete members of the set that left Git'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l allow-empty -d 'Prune although nothing is rendered: everything goes'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l allow-cluster-scoped -d 'Objects without a namespace are allowed, although --allow-namespace names some'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l break-lock -d 'Take the lock from the run that holds it: only if that run is known to be gone'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l no-cache -d 'Keep nothing on disk between runs: neither read nor write the cache'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -l deny-warnings -d 'Treat warnings as errors (exit 2)'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -s q -l quiet -d 'No progress, no warnings, no hints'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -s v -l verbose -d 'Explain on stderr: requests, timings, cache; twice for more'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_using_subcommand rollback" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l ref -d 'Branch, tag or commit to read instead of the working tree or the default branch' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l path -d 'Directory inside the source' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -s n -l namespace -d 'Namespace for objects that have none; never a filter, never an override' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l set-name -d 'Name of the set, whose record on the cluster tells what was applied last' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l record-namespace -d 'Namespace of the record; default: that of -n, else of the context, else default' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l target -d 'Target of the configuration; repeatable. Without it, all of them' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l config -d 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l cluster-uid -d 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l out -d 'Show what would be done, save it as a plan in FILE, and write nothing to the cluster' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l plan -d 'Perform exactly the plan that --out saved in FILE, with the same flags, or nothing (exit 5)' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l max-deletes -d 'Deletions at most [default: 50, and 30 % of a set of 10 or more]; with --yes containers, volumes and ports that are taken out of objects count as well' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l allow-prune-kind -d 'Kind that may be deleted although it is protected, such as Namespace or StorageClass.storage.k8s.io; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l allow-namespace -d 'Namespace in which objects of the set may be, such as shop or team-*; repeatable. Anything elsewhere is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l allow-kind -d 'Kind of which objects of the set may be, such as Deployment.apps or *.batch; repeatable. Any other is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l lock-timeout -d 'How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l lock-duration -d 'How long a killed run keeps the lock; it is renewed four times as often' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l context -d 'Context of the kubeconfig; default: its current context' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l kubeconfig -d 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l as -d 'User to impersonate' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l as-group -d 'Group to impersonate; repeatable, needs --as' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l max-inflight -d 'Requests in flight at most' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -s o -l output -d 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]' -r -f -a "text\t'For people'
json\t'For programs; its schema is versioned'"
complete -c gitops -n "__fish_gitops_using_subcommand delete" -s U -l unified -d 'Lines of context in the diff of a text of several lines' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l show -d 'Show also what does not count, separated by commas' -r -f -a "in-sync\t'Objects that are in sync, and values that are only spelled differently'
foreign\t'Fields of controllers outside Git'
ignored\t'What a rule ignores'"
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l timeout -d 'Deadline of the whole run, for example 90s or 10m' -r
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l color -d 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l offline -d 'Stay off the network for the source: use the commit of a URL that was fetched last'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l all-targets -d 'All targets of the configuration; an error if it has none'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -s y -l yes -d 'Do not ask; needs --max-deletes'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l dry-run -d 'Show what would be deleted and write nothing'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l continue-on-error -d 'Delete the rest although a deletion failed'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l emit-events -d 'Tell what the run did as an Event about the set\'s record'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l allow-cluster-scoped -d 'Objects without a namespace are allowed, although --allow-namespace names some'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l break-lock -d 'Take the lock from the run that holds it: only if that run is known to be gone'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l no-cache -d 'Keep nothing on disk between runs: neither read nor write the cache'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -l deny-warnings -d 'Treat warnings as errors (exit 2)'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -s q -l quiet -d 'No progress, no warnings, no hints'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -s v -l verbose -d 'Explain on stderr: requests, timings, cache; twice for more'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_using_subcommand delete" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l ref -d 'Branch, tag or commit to read instead of the working tree or the default branch' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l path -d 'Directory inside the source' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -s n -l namespace -d 'Namespace for objects that have none; never a filter, never an override' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l set-name -d 'Name of the set, whose record on the cluster tells what was applied last' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l record-namespace -d 'Namespace of the record; default: that of -n, else of the context, else default' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l target -d 'Target of the configuration; repeatable. Without it, all of them' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l config -d 'Configuration, instead of gitops.yaml at the root of the source: targets and ignore rules' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l cluster-uid -d 'The cluster it has to be, by the uid of its namespace kube-system; another one is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l replace -d 'Delete and make anew objects of this kind that the run had deleted and made anew; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l max-deletes -d 'Deletions at most [default: 50, and 30 % of a set of 10 or more]; with --yes containers, volumes and ports that are taken out of objects count as well' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l allow-prune-kind -d 'Kind that may be deleted although it is protected, such as Namespace or StorageClass.storage.k8s.io; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l allow-namespace -d 'Namespace in which objects of the set may be, such as shop or team-*; repeatable. Anything elsewhere is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l allow-kind -d 'Kind of which objects of the set may be, such as Deployment.apps or *.batch; repeatable. Any other is refused (exit 5)' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l lock-timeout -d 'How long to wait while another run holds the lock of the set (exit 4 after it); 0 looks once' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l lock-duration -d 'How long a killed run keeps the lock; it is renewed four times as often' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l context -d 'Context of the kubeconfig; default: its current context' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l kubeconfig -d 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l as -d 'User to impersonate' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l as-group -d 'Group to impersonate; repeatable, needs --as' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l max-inflight -d 'Requests in flight at most' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -s o -l output -d 'text or json, to stdout or to a file, as in json=report.json; repeatable [default: text]' -r -f -a "text\t'For people'
json\t'For programs; its schema is versioned'"
complete -c gitops -n "__fish_gitops_using_subcommand undo" -s U -l unified -d 'Lines of context in the diff of a text of several lines' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l show -d 'Show also what does not count, separated by commas' -r -f -a "in-sync\t'Objects that are in sync, and values that are only spelled differently'
foreign\t'Fields of controllers outside Git'
ignored\t'What a rule ignores'"
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l timeout -d 'Deadline of the whole run, for example 90s or 10m' -r
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l color -d 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l offline -d 'Stay off the network for the source: use the commit of a URL that was fetched last'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l all-targets -d 'All targets of the configuration; an error if it has none'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -s y -l yes -d 'Do not ask; without it and without a terminal nothing is written (exit 5)'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l dry-run -d 'Show what would be put back and write nothing'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l continue-on-error -d 'Go on although a step failed'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l emit-events -d 'Tell what the run did as an Event about the set\'s record'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l from-cluster -d 'With --yes: believe the undo record on the cluster where this machine has none'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l allow-cluster-scoped -d 'Objects without a namespace are allowed, although --allow-namespace names some'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l break-lock -d 'Take the lock from the run that holds it: only if that run is known to be gone'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l no-cache -d 'Keep nothing on disk between runs: neither read nor write the cache'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -l deny-warnings -d 'Treat warnings as errors (exit 2)'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -s q -l quiet -d 'No progress, no warnings, no hints'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -s v -l verbose -d 'Explain on stderr: requests, timings, cache; twice for more'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_using_subcommand undo" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand history" -l ref -d 'Branch, tag or commit to read instead of the working tree or the default branch' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -l path -d 'Directory inside the source' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -s n -l namespace -d 'Namespace for objects that have none; never a filter, never an override' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -l set-name -d 'Name of the set, whose record on the cluster tells what was applied last' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -l record-namespace -d 'Namespace of the record; default: that of -n, else of the context, else default' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -l context -d 'Context of the kubeconfig; default: its current context' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -l kubeconfig -d 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand history" -l as -d 'User to impersonate' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -l as-group -d 'Group to impersonate; repeatable, needs --as' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -l max-inflight -d 'Requests in flight at most' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -l timeout -d 'Deadline of the whole run, for example 90s or 10m' -r
complete -c gitops -n "__fish_gitops_using_subcommand history" -l color -d 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gitops -n "__fish_gitops_using_subcommand history" -l offline -d 'Stay off the network for the source: use the commit of a URL that was fetched last'
complete -c gitops -n "__fish_gitops_using_subcommand history" -l no-cache -d 'Keep nothing on disk between runs: neither read nor write the cache'
complete -c gitops -n "__fish_gitops_using_subcommand history" -l deny-warnings -d 'Treat warnings as errors (exit 2)'
complete -c gitops -n "__fish_gitops_using_subcommand history" -s q -l quiet -d 'No progress, no warnings, no hints'
complete -c gitops -n "__fish_gitops_using_subcommand history" -s v -l verbose -d 'Explain on stderr: requests, timings, cache; twice for more'
complete -c gitops -n "__fish_gitops_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_using_subcommand history" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand render" -l ref -d 'Branch, tag or commit to read instead of the working tree or the default branch' -r
complete -c gitops -n "__fish_gitops_using_subcommand render" -l path -d 'Directory inside the source' -r
complete -c gitops -n "__fish_gitops_using_subcommand render" -s n -l namespace -d 'Namespace for objects that have none; never a filter, never an override' -r
complete -c gitops -n "__fish_gitops_using_subcommand render" -l renderer -d 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations' -r
complete -c gitops -n "__fish_gitops_using_subcommand render" -l allow-remote -d 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock' -r
complete -c gitops -n "__fish_gitops_using_subcommand render" -s l -l selector -d 'Look only at objects whose labels in Git match, as in kubectl: app=web,tier!=db' -r
complete -c gitops -n "__fish_gitops_using_subcommand render" -l only -d 'Look only at this object, as KIND/NAME or KIND/NAMESPACE/NAME; repeatable' -r
complete -c gitops -n "__fish_gitops_using_subcommand render" -l verify-with -d 'Render a kustomization with this kustomize or kubectl too, and print the first difference instead of manifests' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand render" -s o -l output -d 'yaml (one stream) or json (one array), to stdout or to a file, as in json=all.json; repeatable [default: yaml]' -r -f -a "yaml\t'One stream of documents'
json\t'One array'"
complete -c gitops -n "__fish_gitops_using_subcommand render" -l timeout -d 'Deadline of the whole run, for example 90s or 10m' -r
complete -c gitops -n "__fish_gitops_using_subcommand render" -l color -d 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gitops -n "__fish_gitops_using_subcommand render" -l offline -d 'Stay off the network for the source: use the commit of a URL that was fetched last'
complete -c gitops -n "__fish_gitops_using_subcommand render" -l locked -d 'With --allow-remote: a base that gitops.lock does not pin is an error'
complete -c gitops -n "__fish_gitops_using_subcommand render" -l update-lock -d 'Fetch remote bases at what their revisions are now, and write their commits into gitops.lock at the root of the source'
complete -c gitops -n "__fish_gitops_using_subcommand render" -l no-cache -d 'Keep nothing on disk between runs: neither read nor write the cache'
complete -c gitops -n "__fish_gitops_using_subcommand render" -l deny-warnings -d 'Treat warnings as errors (exit 2)'
complete -c gitops -n "__fish_gitops_using_subcommand render" -s q -l quiet -d 'No progress, no warnings, no hints'
complete -c gitops -n "__fish_gitops_using_subcommand render" -s v -l verbose -d 'Explain on stderr: requests, timings, cache; twice for more'
complete -c gitops -n "__fish_gitops_using_subcommand render" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_using_subcommand render" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l ref -d 'Branch, tag or commit to read instead of the working tree or the default branch' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l path -d 'Directory inside the source' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -s n -l namespace -d 'Namespace for objects that have none; never a filter, never an override' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l renderer -d 'auto, plain, kustomize, or kustomize=exec:PATH, which runs your own kustomize or kubectl on kustomizations' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l allow-remote -d 'Fetch the repositories that kustomizations name as bases and components, at the commits of gitops.lock' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l set-name -d 'Name of the set, whose record on the cluster tells what was applied last' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l record-namespace -d 'Namespace of the record; default: that of -n, else of the context, else default' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l context -d 'Context of the kubeconfig; default: its current context' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l kubeconfig -d 'Kubeconfig file; default: the files of KUBECONFIG, else ~/.kube/config, else the cluster this runs in' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l as -d 'User to impersonate' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l as-group -d 'Group to impersonate; repeatable, needs --as' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l max-inflight -d 'Requests in flight at most' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -s o -l output -d 'File to write; `-` for stdout' -r -F
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l timeout -d 'Deadline of the whole run, for example 90s or 10m' -r
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l color -d 'Colours: auto colours a terminal unless NO_COLOR is set or TERM is dumb; CLICOLOR_FORCE colours a pipe too' -r -f -a "auto\t'On a terminal'
always\t'Always'
never\t'Never'"
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l offline -d 'Stay off the network for the source: use the commit of a URL that was fetched last'
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l locked -d 'With --allow-remote: a base that gitops.lock does not pin is an error'
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l include-secrets -d 'Record the values of Secrets too; the file is readable by its owner alone, and may not be in a Git work tree'
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l no-cache -d 'Keep nothing on disk between runs: neither read nor write the cache'
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -l deny-warnings -d 'Treat warnings as errors (exit 2)'
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -s q -l quiet -d 'No progress, no warnings, no hints'
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -s v -l verbose -d 'Explain on stderr: requests, timings, cache; twice for more'
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c gitops -n "__fish_gitops_using_subcommand snapshot" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand completions" -s h -l help -d 'Print help'
complete -c gitops -n "__fish_gitops_using_subcommand completions" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand man" -s h -l help -d 'Print help'
complete -c gitops -n "__fish_gitops_using_subcommand man" -s V -l version -d 'Print version'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "diff" -d 'Show what differs between Git and the cluster'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "apply" -d 'Make the cluster equal to Git'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "revert" -d 'Put back what somebody did to the cluster'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "rollback" -d 'Make the cluster equal to an earlier revision'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "delete" -d 'Delete every member of the set, and its record'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "undo" -d 'Put every object back as it was before the last run'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "history" -d 'List the last runs that wrote to the set'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "render" -d 'Print the rendered manifests'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "snapshot" -d 'Record the live state that a diff needs into a file'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "man" -d 'Print a manual page'
complete -c gitops -n "__fish_gitops_using_subcommand help; and not __fish_seen_subcommand_from diff apply revert rollback delete undo history render snapshot completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
