//! The edits and what each must be taken for.

/// An edit by the real kubectl to an object of its own, and every field that must be reported for it.
pub(super) struct Edit {
    pub(super) kind: &'static str,
    /// Also the object's name.
    pub(super) name: &'static str,
    /// Shell; `k` is kubectl, `$N` the object's name, `$K` kind and name as `deployment/name`.
    pub(super) script: &'static str,
    /// Path, class, and the writer where the server recorded one.
    pub(super) fields: &'static [(&'static str, &'static str, &'static str)],
}

impl Edit {
    /// The status of the object.
    pub(super) fn status(&self) -> &'static str {
        match self.fields {
            [] => "missing",
            fields if fields.iter().all(|(_, class, _)| *class == "differs") => "differs",
            _ => "drift",
        }
    }

    /// Whether the server recorded nobody for any of it.
    pub(super) fn is_unnamed(&self) -> bool {
        self.fields.iter().all(|(_, _, writer)| *writer == GONE)
    }
}

const fn edit(
    kind: &'static str,
    name: &'static str,
    script: &'static str,
    fields: &'static [(&'static str, &'static str, &'static str)],
) -> Edit {
    Edit { kind, name, script, fields }
}

/// Nobody is recorded: removals, reorders, deletions.
const GONE: &str = crate::support::program::NOBODY;

/// What `kubectl rollout restart` sets.
const RESTARTED: &str = r#"spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]"#;

/// Edits that change or remove what Git says, or add what it does not have.
#[rustfmt::skip]
pub(super) const COUNTED: &[Edit] = &[
    // Containers of a Deployment.
    edit("Deployment", "image", "k set image $K web=web:2",
        &[("spec.template.spec.containers[web].image", "drift", "kubectl-set")]),
    edit("Deployment", "init-image", "k set image $K init=init:2",
        &[("spec.template.spec.initContainers[init].image", "drift", "kubectl-set")]),
    edit("Deployment", "sidecar", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"debug","image":"busybox:1"}]}}}}'"#,
        &[("spec.template.spec.containers[debug]", "added", "kubectl-patch")]),
    edit("Deployment", "container-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/spec/template/spec/containers/1"}]'"#,
        &[("spec.template.spec.containers[log]", "differs", GONE)]),
    edit("Deployment", "init-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/spec/template/spec/initContainers"}]'"#,
        &[("spec.template.spec.initContainers", "differs", GONE)]),
    edit("Deployment", "reordered", r#"k patch $K --type=json -p '[{"op":"move","from":"/spec/template/spec/containers/0","path":"/spec/template/spec/containers/1"}]'"#,
        &[("spec.template.spec.containers", "differs", GONE)]),
    edit("Deployment", "pull-policy", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","imagePullPolicy":"Never"}]}}}}'"#,
        &[("spec.template.spec.containers[web].imagePullPolicy", "drift", "kubectl-patch")]),
    edit("Deployment", "env-value", "k set env $K --containers=web A=9",
        &[("spec.template.spec.containers[web].env[A].value", "drift", "kubectl-set")]),
    edit("Deployment", "env-added", "k set env $K --containers=web NEW=1",
        &[("spec.template.spec.containers[web].env[NEW]", "added", "kubectl-set")]),
    edit("Deployment", "env-removed", "k set env $K --containers=web B-",
        &[("spec.template.spec.containers[web].env[B]", "differs", GONE)]),
    edit("Deployment", "env-reordered", r#"k patch $K --type=json -p '[{"op":"move","from":"/spec/template/spec/containers/0/env/0","path":"/spec/template/spec/containers/0/env/1"}]'"#,
        &[("spec.template.spec.containers[web].env", "differs", GONE)]),
    edit("Deployment", "field-ref", r#"k patch $K --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/env/2/valueFrom/fieldRef/fieldPath","value":"spec.nodeName"}]'"#,
        &[("spec.template.spec.containers[web].env[C].valueFrom.fieldRef", "drift", "kubectl-patch")]),
    edit("Deployment", "env-from", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"log","envFrom":[{"secretRef":{"name":"s"}}]}]}}}}'"#,
        &[("spec.template.spec.containers[log].envFrom", "added", "kubectl-patch")]),
    edit("Deployment", "port-added", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","ports":[{"containerPort":9090}]}]}}}}'"#,
        &[("spec.template.spec.containers[web].ports[containerPort=9090,protocol=TCP]", "added", "kubectl-patch")]),
    edit("Deployment", "port-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/spec/template/spec/containers/0/ports/1"}]'"#,
        &[("spec.template.spec.containers[web].ports[containerPort=53,protocol=UDP]", "differs", GONE)]),
    edit("Deployment", "limits", "k set resources $K --containers=web --limits=memory=256Mi",
        &[("spec.template.spec.containers[web].resources.limits.memory", "drift", "kubectl-set")]),
    edit("Deployment", "limit-added", "k set resources $K --containers=web --limits=cpu=1",
        &[("spec.template.spec.containers[web].resources.limits.cpu", "added", "kubectl-set")]),
    edit("Deployment", "requests", "k set resources $K --containers=web --requests=cpu=200m",
        &[("spec.template.spec.containers[web].resources.requests.cpu", "drift", "kubectl-set")]),
    edit("Deployment", "command", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","command":["sh"]}]}}}}'"#,
        &[("spec.template.spec.containers[web].command", "added", "kubectl-patch")]),
    edit("Deployment", "args", r#"k patch $K --type=json -p '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--debug"}]'"#,
        &[("spec.template.spec.containers[web].args", "drift", "kubectl-patch")]),
    edit("Deployment", "args-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/spec/template/spec/containers/0/args"}]'"#,
        &[("spec.template.spec.containers[web].args", "differs", GONE)]),
    edit("Deployment", "probe-added", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"log","livenessProbe":{"tcpSocket":{"port":1}}}]}}}}'"#,
        &[("spec.template.spec.containers[log].livenessProbe", "added", "kubectl-patch")]),
    edit("Deployment", "probe-path", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","readinessProbe":{"httpGet":{"path":"/"}}}]}}}}'"#,
        &[("spec.template.spec.containers[web].readinessProbe.httpGet.path", "drift", "kubectl-patch")]),
    edit("Deployment", "probe-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/spec/template/spec/containers/0/readinessProbe"}]'"#,
        &[("spec.template.spec.containers[web].readinessProbe", "differs", GONE)]),
    edit("Deployment", "mount", r#"k patch $K --type=json -p '[{"op":"replace","path":"/spec/template/spec/containers/0/volumeMounts/0/name","value":"config"}]'"#,
        &[("spec.template.spec.containers[web].volumeMounts[mountPath=/cache].name", "drift", "kubectl-patch")]),
    edit("Deployment", "user", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","securityContext":{"runAsUser":0}}]}}}}'"#,
        &[("spec.template.spec.containers[web].securityContext.runAsUser", "drift", "kubectl-patch")]),
    edit("Deployment", "privileged", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","securityContext":{"privileged":true}}]}}}}'"#,
        &[("spec.template.spec.containers[web].securityContext.privileged", "added", "kubectl-patch")]),
    // The rest of a Deployment.
    // The server records who scales, but no time, so nothing proves that it was after the apply; and nobody for zero.
    edit("Deployment", "scaled", "k scale $K --replicas=5", &[("spec.replicas", "differs", "kubectl/scale")]),
    edit("Deployment", "scaled-to-zero", "k scale $K --replicas=0", &[("spec.replicas", "differs", GONE)]),
    edit("Deployment", "replicas", r#"k patch $K -p '{"spec":{"replicas":7}}'"#, &[("spec.replicas", "drift", "kubectl-patch")]),
    edit("Deployment", "paused", "k rollout pause $K", &[("spec.paused", "added", "kubectl-rollout")]),
    edit("Deployment", "min-ready", r#"k patch $K -p '{"spec":{"minReadySeconds":1}}'"#, &[("spec.minReadySeconds", "drift", "kubectl-patch")]),
    edit("Deployment", "min-ready-zero", r#"k patch $K -p '{"spec":{"minReadySeconds":0}}'"#, &[("spec.minReadySeconds", "differs", GONE)]),
    edit("Deployment", "grace", "EDITOR='sed -i s/GracePeriodSeconds:.20/GracePeriodSeconds:\\ 99/' k edit $K",
        &[("spec.template.spec.terminationGracePeriodSeconds", "drift", "kubectl-edit")]),
    edit("Deployment", "host-network", r#"k patch $K -p '{"spec":{"template":{"spec":{"hostNetwork":true}}}}'"#,
        &[("spec.template.spec.hostNetwork", "added", "kubectl-patch")]),
    edit("Deployment", "account", "k set serviceaccount $K robot",
        &[("spec.template.spec.serviceAccount", "added", "kubectl-set"), ("spec.template.spec.serviceAccountName", "added", "kubectl-set")]),
    edit("Deployment", "node-selector", r#"k patch $K -p '{"spec":{"template":{"spec":{"nodeSelector":{"zone":"b"}}}}}'"#,
        &[("spec.template.spec.nodeSelector", "drift", "kubectl-patch")]),
    edit("Deployment", "tolerations", r#"k patch $K --type=json -p '[{"op":"add","path":"/spec/template/spec/tolerations/-","value":{"operator":"Exists"}}]'"#,
        &[("spec.template.spec.tolerations", "drift", "kubectl-patch")]),
    edit("Deployment", "volume-added", r#"k patch $K -p '{"spec":{"template":{"spec":{"volumes":[{"name":"tmp","emptyDir":{}}]}}}}'"#,
        &[("spec.template.spec.volumes[tmp]", "added", "kubectl-patch")]),
    edit("Deployment", "host-alias", r#"k patch $K -p '{"spec":{"template":{"spec":{"hostAliases":[{"ip":"10.0.0.9","hostnames":["db"]}]}}}}'"#,
        &[("spec.template.spec.hostAliases[ip=10.0.0.9]", "added", "kubectl-patch")]),
    edit("Deployment", "our-label", "k label --overwrite $K team=b", &[("metadata.labels.team", "drift", "kubectl-label")]),
    edit("Deployment", "our-label-removed", "k label $K team-", &[("metadata.labels.team", "differs", GONE)]),
    edit("Deployment", "our-annotation", "k annotate --overwrite $K owner=petra", &[("metadata.annotations.owner", "drift", "kubectl-annotate")]),
    edit("Deployment", "our-annotation-removed", "k annotate $K owner-", &[("metadata.annotations", "differs", GONE)]),
    edit("Deployment", "pod-label", r#"k patch $K -p '{"spec":{"template":{"metadata":{"labels":{"tier":"back"}}}}}'"#,
        &[("spec.template.metadata.labels.tier", "drift", "kubectl-patch")]),
    edit("Deployment", "deleted", "k delete $K", &[]),
    // Other workloads.
    edit("StatefulSet", "set-image", "k set image $K web=web:2", &[("spec.template.spec.containers[web].image", "drift", "kubectl-set")]),
    edit("StatefulSet", "set-scaled", "k scale $K --replicas=4", &[("spec.replicas", "differs", "kubectl/scale")]),
    edit("DaemonSet", "daemon-env", "k set env $K --containers=log LEVEL=debug",
        &[("spec.template.spec.containers[log].env[LEVEL]", "added", "kubectl-set")]),
    edit("CronJob", "schedule", r#"k patch $K -p '{"spec":{"schedule":"0 0 * * *"}}'"#, &[("spec.schedule", "drift", "kubectl-patch")]),
    edit("CronJob", "suspended", r#"k patch $K -p '{"spec":{"suspend":true}}'"#, &[("spec.suspend", "added", "kubectl-patch")]),
    // Configuration.
    edit("ConfigMap", "key-changed", r#"k patch $K -p '{"data":{"a":"9"}}'"#, &[("data.a", "drift", "kubectl-patch")]),
    edit("ConfigMap", "key-edited", "EDITOR='sed -i s/two/zwei/' k edit $K", &[("data.text", "drift", "kubectl-edit")]),
    edit("ConfigMap", "key-added", r#"k patch $K -p '{"data":{"c":"3"}}'"#, &[("data.c", "added", "kubectl-patch")]),
    edit("ConfigMap", "key-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/data/b"}]'"#, &[("data.b", "differs", GONE)]),
    edit("ConfigMap", "replaced", "k get $K -o yaml | sed 's/b: \"2\"/b: \"22\"/' | k replace -f -", &[("data.b", "drift", "kubectl-replace")]),
    edit("ConfigMap", "binary", r#"k patch $K -p '{"binaryData":{"x":"eA=="}}'"#, &[("binaryData.x", "added", "kubectl-patch")]),
    edit("ConfigMap", "immutable", r#"k patch $K -p '{"immutable":true}'"#, &[("immutable", "added", "kubectl-patch")]),
    edit("ConfigMap", "config-deleted", "k delete $K", &[]),
    edit("ConfigMap", "recreated", "k delete $K; k create configmap $N --from-literal=a=other --from-literal=b=2 --from-literal=text=",
        &[("data.a", "differs", "kubectl-create"), ("data.text", "differs", "kubectl-create"),
          ("metadata.annotations", "differs", GONE), ("metadata.labels", "differs", GONE)]),
    edit("Secret", "secret-changed", r#"k patch $K -p '{"data":{"k":"aGFja2Vk"}}'"#, &[("data.k", "drift", "kubectl-patch")]),
    edit("Secret", "secret-added", r#"k patch $K -p '{"stringData":{"x":"y"}}'"#, &[("data.x", "added", "kubectl-patch")]),
    edit("Secret", "secret-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/data/other"}]'"#, &[("data.other", "differs", GONE)]),
    // Network.
    edit("Service", "target-port", r#"k patch $K -p '{"spec":{"ports":[{"port":80,"targetPort":1}]}}'"#,
        &[("spec.ports[port=80,protocol=TCP].targetPort", "drift", "kubectl-patch")]),
    edit("Service", "service-port-added", r#"k patch $K -p '{"spec":{"ports":[{"name":"debug","port":6060}]}}'"#,
        &[("spec.ports[port=6060,protocol=TCP]", "added", "kubectl-patch")]),
    edit("Service", "service-port-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/spec/ports/1"}]'"#,
        &[("spec.ports[port=9000,protocol=TCP]", "differs", GONE)]),
    edit("Service", "selector", "k set selector $K app=other", &[("spec.selector", "drift", "kubectl-set")]),
    edit("Service", "selector-key", r#"k patch $K -p '{"spec":{"selector":{"tier":"x"}}}'"#, &[("spec.selector", "drift", "kubectl-patch")]),
    edit("Service", "node-port", r#"k patch $K -p '{"spec":{"type":"NodePort"}}'"#, &[("spec.type", "drift", "kubectl-patch")]),
    edit("Ingress", "host", r#"k patch $K --type=json -p '[{"op":"replace","path":"/spec/rules/0/host","value":"evil.example.com"}]'"#,
        &[("spec.rules", "drift", "kubectl-patch")]),
    edit("Ingress", "tls", r#"k patch $K -p '{"spec":{"tls":[{"hosts":["shop.example.com"]}]}}'"#, &[("spec.tls", "added", "kubectl-patch")]),
    edit("Ingress", "class-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/spec/ingressClassName"}]'"#, &[("spec.ingressClassName", "differs", GONE)]),
    edit("NetworkPolicy", "peer", r#"k patch $K --type=json -p '[{"op":"add","path":"/spec/ingress/0/from/-","value":{"namespaceSelector":{}}}]'"#,
        &[("spec.ingress", "drift", "kubectl-patch")]),
    // Scaling, budgets, rights.
    edit("HorizontalPodAutoscaler", "max", r#"k patch $K -p '{"spec":{"maxReplicas":50}}'"#, &[("spec.maxReplicas", "drift", "kubectl-patch")]),
    edit("HorizontalPodAutoscaler", "metrics", r#"k patch $K --type=json -p '[{"op":"replace","path":"/spec/metrics/0/resource/target/averageUtilization","value":90}]'"#,
        &[("spec.metrics", "drift", "kubectl-patch")]),
    edit("PodDisruptionBudget", "budget", r#"k patch $K -p '{"spec":{"minAvailable":0}}'"#, &[("spec.minAvailable", "drift", "kubectl-patch")]),
    edit("ServiceAccount", "token", r#"k patch $K -p '{"automountServiceAccountToken":true}'"#, &[("automountServiceAccountToken", "drift", "kubectl-patch")]),
    edit("Role", "verbs", r#"k patch $K --type=json -p '[{"op":"add","path":"/rules/0/verbs/-","value":"delete"}]'"#, &[("rules", "drift", "kubectl-patch")]),
    edit("RoleBinding", "subject", "k set subject $K --user=eve", &[("subjects", "drift", "kubectl-set")]),
    // A custom resource.
    edit("Promotion", "discount", r#"k patch $K --type=merge -p '{"spec":{"discount":90}}'"#, &[("spec.discount", "drift", "kubectl-patch")]),
    edit("Promotion", "free-field", r#"k patch $K --type=merge -p '{"spec":{"banner":{"colour":"blue"}}}'"#, &[("spec.banner.colour", "drift", "kubectl-patch")]),
    edit("Promotion", "set-member", r#"k patch $K --type=json -p '[{"op":"add","path":"/spec/articles/-","value":"boots"}]'"#,
        &[("spec.articles[=\"boots\"]", "added", "kubectl-patch")]),
    edit("Promotion", "member-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/spec/articles/0"}]'"#,
        &[("spec.articles[=\"tea\"]", "differs", GONE)]),
    edit("Promotion", "step", r#"k patch $K --type=json -p '[{"op":"replace","path":"/spec/steps/0/percent","value":1}]'"#,
        &[("spec.steps[members].percent", "drift", "kubectl-patch")]),
    // The server refuses to apply Git over these.
    edit("Deployment", "strategy", r#"k patch $K -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'"#,
        &[("spec.strategy.rollingUpdate", "differs", GONE), ("spec.strategy.type", "drift", "kubectl-patch")]),
    edit("Deployment", "volume-source", r#"k patch $K -p '{"spec":{"template":{"spec":{"volumes":[{"name":"cache","emptyDir":null,"configMap":{"name":"d"}}]}}}}'"#,
        &[("spec.template.spec.volumes[cache].configMap", "added", "kubectl-patch"), ("spec.template.spec.volumes[cache].emptyDir", "differs", GONE)]),
    edit("Deployment", "value-from", r#"k patch $K -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":null,"valueFrom":{"fieldRef":{"fieldPath":"metadata.uid"}}}]}]}}}}'"#,
        &[("spec.template.spec.containers[web].env[A].value", "differs", GONE), ("spec.template.spec.containers[web].env[A].valueFrom.fieldRef", "added", "kubectl-patch")]),
    edit("Service", "port-number", r#"k patch $K --type=json -p '[{"op":"replace","path":"/spec/ports/0/port","value":81}]'"#,
        &[("spec.ports[port=80,protocol=TCP]", "differs", GONE), ("spec.ports[port=81,protocol=TCP]", "added", "kubectl-patch")]),
];

/// Edits that add metadata only: a note, and with `--strict` a difference. The fields are those of `--strict`.
#[rustfmt::skip]
pub(super) const NOTED: &[Edit] = &[
    edit("Deployment", "label", "k label $K cost=7", &[("metadata.labels.cost", "added", "kubectl-label")]),
    edit("ConfigMap", "config-label", "k label $K cost=7", &[("metadata.labels.cost", "added", "kubectl-label")]),
    edit("Service", "label-by-patch", r#"k patch $K -p '{"metadata":{"labels":{"x":"y"}}}'"#, &[("metadata.labels.x", "added", "kubectl-patch")]),
    edit("Deployment", "annotation", "k annotate $K seen=yes", &[("metadata.annotations.seen", "added", "kubectl-annotate")]),
    edit("Promotion", "annotation-by-edit", "EDITOR='sed -i s/owner:.anna/owner:\\ anna\\\\n\\ \\ \\ \\ more:\\ yes-please/' k edit $K",
        &[("metadata.annotations.more", "added", "kubectl-edit")]),
    edit("Deployment", "restarted", "k rollout restart $K",
        &[(RESTARTED, "added", "kubectl-rollout")]),
    edit("StatefulSet", "set-restarted", "k rollout restart $K",
        &[(RESTARTED, "added", "kubectl-rollout")]),
    edit("DaemonSet", "daemon-restarted", "k rollout restart $K",
        &[(RESTARTED, "added", "kubectl-rollout")]),
    edit("Deployment", "pod-label-added", r#"k patch $K -p '{"spec":{"template":{"metadata":{"labels":{"zone":"b"}}}}}'"#,
        &[("spec.template.metadata.labels.zone", "added", "kubectl-patch")]),
];

/// Edits to objects of client-side apply, whose annotation is the base: what is gone is known to be drift.
#[rustfmt::skip]
pub(super) const CLIENT_SIDE: &[Edit] = &[
    edit("Deployment", "image", "k set image $K web=web:2", &[("spec.template.spec.containers[web].image", "drift", "kubectl-set")]),
    edit("Deployment", "scaled", "k scale $K --replicas=5", &[("spec.replicas", "drift", "kubectl/scale")]),
    edit("Deployment", "env-removed", "k set env $K --containers=web B-", &[("spec.template.spec.containers[web].env[B]", "drift", GONE)]),
    edit("Deployment", "env-added", "k set env $K --containers=web NEW=1", &[("spec.template.spec.containers[web].env[NEW]", "added", "kubectl-set")]),
    edit("Deployment", "reordered", r#"k patch $K --type=json -p '[{"op":"move","from":"/spec/template/spec/containers/0","path":"/spec/template/spec/containers/1"}]'"#,
        &[("spec.template.spec.containers", "drift", GONE)]),
    edit("Deployment", "our-label-removed", "k label $K team-", &[("metadata.labels.team", "drift", GONE)]),
    edit("ConfigMap", "key-changed", r#"k patch $K -p '{"data":{"a":"9"}}'"#, &[("data.a", "drift", "kubectl-patch")]),
    edit("ConfigMap", "key-removed", r#"k patch $K --type=json -p '[{"op":"remove","path":"/data/b"}]'"#, &[("data.b", "drift", GONE)]),
    edit("ConfigMap", "deleted", "k delete $K", &[]),
    edit("Service", "port-added", r#"k patch $K -p '{"spec":{"ports":[{"name":"debug","port":6060}]}}'"#,
        &[("spec.ports[port=6060,protocol=TCP]", "added", "kubectl-patch")]),
    edit("Service", "selector", "k set selector $K app=other", &[("spec.selector", "drift", "kubectl-set")]),
    edit("Promotion", "discount", r#"k patch $K --type=merge -p '{"spec":{"discount":90}}'"#, &[("spec.discount", "drift", "kubectl-patch")]),
    edit("Deployment", "strategy", r#"k patch $K -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'"#,
        &[("spec.strategy.rollingUpdate", "drift", GONE), ("spec.strategy.type", "drift", "kubectl-patch")]),
];
