//! Containers, volumes and ports that are taken out of objects without a question count as deletions do.

use serde_json::json;

use super::{Set, a_second, actions, deployment, service};
use crate::support::cluster;
use crate::support::program::Source;

/// What people added: a revert and an apply take it out within the bound alone.
#[test]
fn what_people_added_goes_within_the_bound() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "items");
    let source = Source::of(&[deployment(&set.namespace), service(&set.namespace)]);
    set.apply(&source);
    let spec = |set: &Set<'_>, what: &str| set.live(what)["spec"].clone();
    let before = [spec(&set, "deployment/web"), spec(&set, "service/web")];
    for command in ["revert", "apply"] {
        a_second();
        let pod = json!({"initContainers": [{"name": "wait", "image": "busybox"}],
            "containers": [{"name": "debug", "image": "busybox", "ports": [{"containerPort": 1}]}],
            "volumes": [{"name": "more", "emptyDir": {}}]});
        let patch = json!({"spec": {"template": {"spec": pod}}}).to_string();
        set.kubectl(&["patch", "deployment/web", "--field-manager=kubectl-edit", "-p", &patch]);
        let patch = json!({"spec": {"ports": [{"name": "more", "port": 81}]}}).to_string();
        set.kubectl(&["patch", "service/web", "--field-manager=kubectl-edit", "-p", &patch]);
        let edited = [spec(&set, "deployment/web"), spec(&set, "service/web")];
        let run = set.run(command, &source, &["--yes", "--max-deletes", "3"]);
        assert_eq!(run.code, 5, "{}", run.stderr);
        assert!(run.stderr.contains("4 containers, volumes or ports"), "{}", run.stderr);
        assert_eq!([spec(&set, "deployment/web"), spec(&set, "service/web")], edited, "nothing was written");
        assert_eq!(actions(&set.ok(command, &source, &["--yes", "--max-deletes", "4"])).len(), 2);
        assert_eq!([spec(&set, "deployment/web"), spec(&set, "service/web")], before, "{command}");
    }
}

/// What Git dropped counts with the objects that are deleted.
#[test]
fn what_git_dropped_counts_with_the_objects() {
    let Some(cluster) = cluster::shared() else { return };
    let set = Set::new(cluster, "dropped");
    let mut web = deployment(&set.namespace);
    set.apply(&Source::of(&[web.clone(), service(&set.namespace)]));
    web["spec"]["template"]["spec"]["containers"].as_array_mut().expect("a list").truncate(1);
    let source = Source::of(&[web]);
    let run = set.run("apply", &source, &["--yes", "--prune", "--max-deletes", "1"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("1 containers, volumes or ports"), "{}", run.stderr);
    assert!(run.stderr.contains("and 1 objects deleted"), "{}", run.stderr);
    assert!(set.exists("service/web"), "nothing was written");
    set.ok("apply", &source, &["--yes", "--prune", "--max-deletes", "2"]);
    assert!(!set.exists("service/web"));
    let containers = set.live("deployment/web")["spec"]["template"]["spec"]["containers"].clone();
    assert_eq!(containers.as_array().map(Vec::len), Some(1));
}
