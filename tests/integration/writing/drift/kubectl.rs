//! Edits by kubectl itself.

/// A script in which `k` is kubectl and `$W` names the object, and whether only workloads with a pod template take it.
pub(super) struct Script {
    pub(super) words: &'static str,
    pub(super) text: &'static str,
    pub(super) workloads: bool,
}

const fn any(words: &'static str, text: &'static str) -> Script {
    Script { words, text, workloads: false }
}

const fn workload(words: &'static str, text: &'static str) -> Script {
    Script { words, text, workloads: true }
}

pub(super) const SCRIPTS: [Script; 14] = [
    any("kubectl label", "k label $W example.com/by=hand team=$N --overwrite"),
    any("kubectl annotate", "k annotate $W example.com/by=hand note=$N --overwrite"),
    any(
        "kubectl patch --type=merge",
        r#"k patch $W --type=merge -p '{"metadata":{"labels":{"app":"other"},"annotations":{"a":null}}}'"#,
    ),
    any(
        "kubectl patch --type=json",
        r#"k patch $W --type=json -p '[{"op":"add","path":"/metadata/annotations","value":{"only":"this"}}]'"#,
    ),
    any("kubectl edit", r#"KUBE_EDITOR="sed -i -e s/shop/store/" k edit $W"#),
    any("kubectl edit", r#"KUBE_EDITOR="sed -i -e s/example/sample/" k edit $W"#),
    any(
        "kubectl apply --server-side",
        "k get $W -o yaml | sed -e s/example.com/other.com/ -e /resourceVersion/d -e /uid:/d | k apply --server-side --force-conflicts -f -",
    ),
    any(
        "kubectl apply",
        "k get $W -o yaml | sed -e s/shop/store/ -e /resourceVersion/d -e /uid:/d | k apply -f -",
    ),
    any("kubectl replace", "k get $W -o yaml | sed -e s/example/sample/ | k replace -f -"),
    workload("kubectl set image", "k set image $W '*=changed:1'"),
    workload("kubectl set env", "k set env $W ADDED=$N PLAIN=changed"),
    workload("kubectl set resources", "k set resources $W --limits=cpu=3"),
    workload("kubectl scale", "k scale $W --replicas=7"),
    workload("kubectl rollout restart", "k rollout restart $W"),
];

/// Kinds with a pod template that kubectl knows how to set.
pub(super) const WORKLOADS: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];
