//! Objects of many kinds in four states each: a manifest that a server takes, a change that gives it a second
//! generation, and the statuses that its controller would write.

use serde_json::{Value, json};

/// A kind in its states.
pub(super) struct Kind {
    /// The manifest, without namespace.
    pub(super) manifest: Value,
    /// A merge patch that changes its spec, so that it has a generation that can be behind.
    pub(super) change: Value,
    pub(super) states: Vec<State>,
    /// True if a real server keeps these statuses; false where its own controllers write them.
    pub(super) on_server: bool,
}

/// One state, as kstatus names it, and the status of an object in it.
pub(super) struct State {
    pub(super) name: &'static str,
    pub(super) word: &'static str,
    pub(super) status: Value,
    /// The difference from kstatus that it shows.
    pub(super) difference: Option<&'static str>,
}

impl State {
    fn new(name: &'static str, word: &'static str, status: Value) -> Self {
        Self { name, word, status, difference: None }
    }

    fn but(mut self, difference: &'static str) -> Self {
        self.difference = Some(difference);
        self
    }
}

/// A status with the generation that it is about.
fn at(generation: i64, mut status: Value) -> Value {
    status["observedGeneration"] = json!(generation);
    status
}

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": format!("{kind} is {status}"),
        "lastTransitionTime": "2026-01-01T00:00:00Z"})
}

fn with(mut status: Value, conditions: &[Value]) -> Value {
    status["conditions"] = conditions.into();
    status
}

fn conditions(conditions: &[Value]) -> Value {
    with(json!({}), conditions)
}

fn stalled() -> Value {
    condition("Stalled", "True", "NoWayOn")
}

fn reconciling() -> Value {
    condition("Reconciling", "True", "OnItsWay")
}

/// The four states of a kind whose status says which generation it is about.
fn four(progressing: Value, ready: Value, failed: Value) -> Vec<State> {
    vec![
        State::new("progressing", "InProgress", at(2, progressing)),
        State::new("ready", "Current", at(2, ready.clone())),
        State::new("failed", "Failed", at(2, failed)),
        State::new("stale", "InProgress", at(1, ready)),
    ]
}

/// The states of a kind whose status has no generation.
fn three(progressing: Value, ready: Value, failed: Value) -> Vec<State> {
    vec![
        State::new("progressing", "InProgress", progressing),
        State::new("ready", "Current", ready),
        State::new("failed", "Failed", failed),
    ]
}

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "web", "image": "x"}]}})
}

fn workload(api: &str, kind: &str, spec: Value, states: Vec<State>) -> Kind {
    let mut spec = spec;
    spec["selector"] = json!({"matchLabels": {"app": "x"}});
    spec["template"] = template();
    Kind {
        manifest: json!({"apiVersion": api, "kind": kind, "metadata": {"name": "x"}, "spec": spec}),
        change: json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "y"}]}}}}),
        states,
        on_server: true,
    }
}

fn deployment() -> Kind {
    let counts = |available: i64| json!({"replicas": 3, "updatedReplicas": 3, "readyReplicas": available, "availableReplicas": available});
    let available = condition("Available", "True", "MinimumReplicasAvailable");
    let progressed = condition("Progressing", "True", "NewReplicaSetAvailable");
    let updated = condition("Progressing", "True", "ReplicaSetUpdated");
    let late = condition("Progressing", "False", "ProgressDeadlineExceeded");
    let unavailable = condition("Available", "False", "MinimumReplicasUnavailable");
    let ready = with(counts(3), &[available, progressed]);
    let mut states = four(
        with(counts(1), &[unavailable.clone(), updated]),
        ready.clone(),
        with(counts(1), &[unavailable, late]),
    );
    states.push(State::new("unobserved", "InProgress", ready).but("D3"));
    workload("apps/v1", "Deployment", json!({"replicas": 3}), states)
}

fn paused_deployment() -> Kind {
    let states =
        vec![State::new("paused", "Current", at(2, json!({"replicas": 1, "updatedReplicas": 0}))).but("D5")];
    workload("apps/v1", "Deployment", json!({"replicas": 3, "paused": true}), states)
}

fn replica_set() -> Kind {
    let counts = |available: i64| json!({"replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": available, "availableReplicas": available});
    let mut states = four(counts(2), counts(3), with(counts(0), &[stalled()]));
    let failure = condition("ReplicaFailure", "True", "FailedCreate");
    states.push(State::new("refused", "InProgress", at(2, with(counts(3), &[failure]))));
    states.push(State::new("unobserved", "InProgress", counts(3)).but("D3"));
    workload("apps/v1", "ReplicaSet", json!({"replicas": 3}), states)
}

fn replication_controller() -> Kind {
    let counts = |available: i64| json!({"replicas": 2, "fullyLabeledReplicas": 2, "readyReplicas": available, "availableReplicas": available});
    let mut states = four(counts(2), counts(2), with(counts(0), &[stalled()]));
    states[0] = State::new("progressing", "InProgress", at(2, counts(1))).but("D6");
    Kind {
        manifest: json!({"apiVersion": "v1", "kind": "ReplicationController", "metadata": {"name": "x"},
            "spec": {"replicas": 2, "selector": {"app": "x"}, "template": template()}}),
        change: json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "y"}]}}}}),
        states,
        on_server: true,
    }
}

fn stateful_set() -> Kind {
    let counts = |ready: i64, revision: &str| {
        json!({"replicas": 3, "readyReplicas": ready, "availableReplicas": ready, "currentReplicas": 3,
            "updatedReplicas": 3, "currentRevision": revision, "updateRevision": "b"})
    };
    let mut states = four(counts(2, "b"), counts(3, "b"), with(counts(0, "b"), &[stalled()]));
    let mut rolling = at(2, counts(3, "a"));
    rolling["updatedReplicas"] = json!(1);
    states.push(State::new("rolling", "InProgress", rolling));
    workload("apps/v1", "StatefulSet", json!({"replicas": 3, "serviceName": "x"}), states)
}

fn partitioned_stateful_set() -> Kind {
    let counts = |updated: i64| {
        json!({"replicas": 3, "readyReplicas": 3, "currentReplicas": 3 - updated, "updatedReplicas": updated,
            "currentRevision": "a", "updateRevision": "b"})
    };
    let states = four(counts(0), counts(1), with(counts(1), &[stalled()]));
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    workload(
        "apps/v1",
        "StatefulSet",
        json!({"replicas": 3, "serviceName": "x", "updateStrategy": rolling}),
        states,
    )
}

fn on_delete_stateful_set() -> Kind {
    let states = vec![
        State::new("ready", "Current", at(2, json!({"replicas": 0}))),
        State::new("stale", "InProgress", at(1, json!({"replicas": 0}))),
    ];
    let spec = json!({"replicas": 3, "serviceName": "x", "updateStrategy": {"type": "OnDelete"}});
    workload("apps/v1", "StatefulSet", spec, states)
}

fn daemon_counts(updated: i64, available: i64) -> Value {
    json!({"desiredNumberScheduled": 2, "currentNumberScheduled": 2, "numberMisscheduled": 0,
        "updatedNumberScheduled": updated, "numberAvailable": available, "numberReady": available})
}

fn daemon_set() -> Kind {
    let mut states = four(daemon_counts(1, 2), daemon_counts(2, 2), with(daemon_counts(2, 0), &[stalled()]));
    states.push(State::new("unobserved", "InProgress", daemon_counts(2, 2)));
    workload("apps/v1", "DaemonSet", json!({}), states)
}

fn on_delete_daemon_set() -> Kind {
    let states = vec![
        State::new("not updated", "Current", at(2, daemon_counts(0, 2))).but("D7"),
        State::new("not available", "InProgress", at(2, daemon_counts(2, 1))),
    ];
    workload("apps/v1", "DaemonSet", json!({"updateStrategy": {"type": "OnDelete"}}), states)
}

fn budget() -> Kind {
    let counts =
        json!({"currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0, "expectedPods": 1});
    let mut states =
        four(with(counts.clone(), &[reconciling()]), counts.clone(), with(counts.clone(), &[stalled()]));
    states.push(State::new("unobserved", "InProgress", counts).but("D3"));
    Kind {
        manifest: json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "x"},
            "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}}),
        change: json!({"spec": {"minAvailable": 2}}),
        states,
        on_server: true,
    }
}

fn pod() -> Kind {
    let waiting = |reason: &str| {
        json!([{"name": "web", "image": "x", "imageID": "", "ready": false, "restartCount": 3,
            "state": {"waiting": {"reason": reason}}}])
    };
    let ready = with(json!({"phase": "Running"}), &[condition("Ready", "True", "")]);
    let not_ready = with(json!({"phase": "Running"}), &[condition("Ready", "False", "ContainersNotReady")]);
    let mut looping = json!({"phase": "Running"});
    looping["containerStatuses"] = waiting("CrashLoopBackOff");
    let mut states = four(not_ready, ready, looping);
    let unschedulable =
        with(json!({"phase": "Pending"}), &[condition("PodScheduled", "False", "Unschedulable")]);
    states.extend([
        State::new("pending", "InProgress", at(2, json!({"phase": "Pending"}))),
        State::new("succeeded", "Current", at(2, json!({"phase": "Succeeded"}))),
        State::new("unschedulable", "InProgress", at(2, unschedulable)).but("D10"),
        State::new("over", "Failed", at(2, json!({"phase": "Failed", "reason": "Evicted"}))).but("D9"),
    ]);
    Kind {
        manifest: json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"},
            "spec": {"containers": [{"name": "web", "image": "x"}]}}),
        change: json!({"spec": {"activeDeadlineSeconds": 3600}}),
        states,
        on_server: true,
    }
}

fn job() -> Kind {
    let started = json!({"startTime": "2026-01-01T00:00:00Z", "active": 1});
    let over = |kind: &str, before: &str| {
        let mut status = with(
            json!({"startTime": "2026-01-01T00:00:00Z"}),
            &[condition(before, "True", "Because"), condition(kind, "True", "Because")],
        );
        if kind == "Complete" {
            status["completionTime"] = json!("2026-01-01T00:00:00Z");
            status["succeeded"] = json!(1);
        }
        status
    };
    let mut states = three(json!({}), started, over("Failed", "FailureTarget"));
    states.push(State::new("complete", "Current", over("Complete", "SuccessCriteriaMet")));
    Kind {
        manifest: json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "x"},
            "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "web", "image": "x"}]}}}}),
        change: json!({"spec": {"ttlSecondsAfterFinished": 100_000_000}}),
        states,
        on_server: true,
    }
}

fn suspended_job() -> Kind {
    let mut kind = job();
    kind.manifest["spec"]["suspend"] = json!(true);
    kind.states = vec![State::new("suspended", "Current", json!({})).but("D8")];
    kind
}

fn simple(manifest: Value, change: Value, states: Vec<State>) -> Kind {
    Kind { manifest, change, states, on_server: true }
}

/// A service account and other kinds that have no namespace keep a name of their own in a shared cluster.
fn cluster_kinds() -> Vec<Kind> {
    let label = json!({"metadata": {"labels": {"changed": "yes"}}});
    let phase = |phase: &str| json!({"phase": phase});
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "NAME"},
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/tmp/x"}}});
    let volumes = vec![
        State::new("progressing", "InProgress", phase("Pending")).but("D12"),
        State::new("ready", "Current", phase("Available")),
        State::new("failed", "Failed", json!({"phase": "Failed", "message": "no disk"})).but("D12"),
        State::new("bound", "Current", phase("Bound")),
        State::new("released", "Current", phase("Released")),
    ];
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "NAME"}});
    let active = |conditions: &[Value]| with(phase("Active"), conditions);
    let namespaces = three(active(&[reconciling()]), active(&[]), active(&[stalled()]));
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "NAME"}});
    let nodes = three(
        conditions(&[condition("Ready", "False", "KubeletNotReady")]),
        conditions(&[condition("Ready", "True", "KubeletReady")]),
        conditions(&[stalled()]),
    );
    let definition = |conditions_: &[Value]| conditions(conditions_);
    let installing =
        [condition("NamesAccepted", "True", "NoConflicts"), condition("Established", "False", "Installing")];
    let established = [installing[0].clone(), condition("Established", "True", "InitialNamesAccepted")];
    let refused = [condition("NamesAccepted", "False", "PluralConflict")];
    let mut definitions = three(definition(&installing), definition(&established), definition(&refused));
    definitions.push(State::new("stale", "InProgress", at(1, definition(&established))));
    definitions.push(State::new("new", "InProgress", json!({})));
    let api = |conditions_: &[Value]| conditions(conditions_);
    let apis = vec![
        State::new("progressing", "InProgress", api(&[condition("Available", "False", "ServiceNotFound")]))
            .but("D14"),
        State::new("ready", "Current", api(&[condition("Available", "True", "Passed")])),
        State::new("failed", "Failed", api(&[stalled()])),
        State::new("new", "InProgress", json!({})).but("D14"),
    ];
    let own =
        |manifest: Value, states: Vec<State>| Kind { manifest, change: json!({}), states, on_server: false };
    let flow = json!({"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "FlowSchema", "metadata": {"name": "NAME"},
        "spec": {"priorityLevelConfiguration": {"name": "exempt"}}});
    let priority = json!({"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": "PriorityLevelConfiguration",
        "metadata": {"name": "NAME"}, "spec": {"type": "Limited", "limited": {"nominalConcurrencyShares": 1,
        "limitResponse": {"type": "Reject"}}}});
    let any = || three(conditions(&[reconciling()]), conditions(&[]), conditions(&[stalled()]));
    let policy = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "NAME"}, "spec": {"matchConstraints": {"resourceRules": [{"apiGroups": ["none.example"],
        "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nothings"]}]},
        "validations": [{"expression": "true"}]}});
    let policies = four(conditions(&[reconciling()]), json!({}), conditions(&[stalled()]));
    let policy_change = json!({"spec": {"validations": [{"expression": "1 == 1"}]}});
    vec![
        simple(volume, label.clone(), volumes),
        simple(namespace, label.clone(), namespaces),
        simple(node, label.clone(), nodes),
        own(
            json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "NAME"}}),
            definitions,
        ),
        own(
            json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": "NAME"}}),
            apis,
        ),
        own(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "NAME"}}),
            vec![State::new("new", "InProgress", json!({})).but("D11")],
        ),
        simple(flow, label.clone(), any()),
        simple(priority, label, any()),
        simple(policy, policy_change, policies),
    ]
}

fn namespaced_kinds() -> Vec<Kind> {
    let label = json!({"metadata": {"labels": {"changed": "yes"}}});
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "x"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let phase = |phase: &str| json!({"phase": phase});
    let mut claims = three(phase("Pending"), phase("Bound"), phase("Lost"));
    claims[2].difference = Some("D13");
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}});
    let services = three(conditions(&[reconciling()]), conditions(&[]), conditions(&[stalled()]));
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "x"},
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}}});
    let counted =
        |conditions: &[Value]| with(json!({"currentReplicas": 1, "desiredReplicas": 1}), conditions);
    let scalers = three(
        counted(&[reconciling()]),
        counted(&[condition("ScalingActive", "True", "ValidMetricFound")]),
        counted(&[stalled()]),
    );
    vec![
        simple(claim, label.clone(), claims),
        simple(service, label.clone(), services),
        simple(scaler, label, scalers),
    ]
}

/// Group, kind and the way in which its controllers write their status.
pub(super) const CUSTOM: &[(&str, &str, Style)] = &[
    ("certificates.ready.example", "Certificate", Style::Ready),
    ("certificates.ready.example", "Issuer", Style::Ready),
    ("pipelines.ready.example", "Trigger", Style::Ready),
    ("pipelines.ready.example", "Function", Style::Ready),
    ("clusters.ready.example", "Cluster", Style::Ready),
    ("clusters.ready.example", "Machine", Style::Ready),
    ("sync.ready.example", "Kustomization", Style::Toolkit),
    ("sync.ready.example", "Release", Style::Toolkit),
    ("sync.ready.example", "Repository", Style::Toolkit),
    ("databases.ready.example", "Database", Style::Abnormal),
    ("databases.ready.example", "Backup", Style::Abnormal),
    ("databases.ready.example", "User", Style::Abnormal),
    ("gateways.ready.example", "Gateway", Style::Condition),
    ("gateways.ready.example", "Route", Style::Condition),
    ("gateways.ready.example", "Listener", Style::Condition),
    ("rollouts.ready.example", "Rollout", Style::Text),
    ("rollouts.ready.example", "Experiment", Style::Text),
];

/// How a controller of custom resources tells its progress.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A condition `Ready`, and the generation beside it.
    Ready,
    /// `Ready`, `Reconciling` and `Stalled` together.
    Toolkit,
    /// `Reconciling` and `Stalled` alone.
    Abnormal,
    /// The generation inside of each condition.
    Condition,
    /// The generation as text.
    Text,
}

fn custom(group: &str, kind: &str, style: Style) -> Kind {
    let ready = |status: &str| condition("Ready", status, "Checked");
    let states = match style {
        Style::Ready => four(
            conditions(&[ready("False")]),
            conditions(&[ready("True")]),
            conditions(&[ready("False"), stalled()]),
        ),
        Style::Toolkit => four(
            conditions(&[reconciling(), ready("Unknown")]),
            conditions(&[ready("True")]),
            conditions(&[stalled(), ready("False")]),
        ),
        Style::Abnormal => four(conditions(&[reconciling()]), conditions(&[]), conditions(&[stalled()])),
        Style::Condition => {
            let of = |generation: i64, condition: Value| conditions(&[at(generation, condition)]);
            vec![
                State::new("progressing", "InProgress", of(2, ready("False"))),
                State::new("ready", "Current", of(2, ready("True"))),
                State::new("failed", "Failed", of(2, stalled())),
                State::new("stale", "InProgress", of(1, ready("True"))).but("D4"),
                State::new("failed before", "InProgress", of(1, stalled())).but("D4"),
            ]
        }
        Style::Text => {
            let of = |generation: &str, conditions: Value| {
                let mut status = conditions;
                status["observedGeneration"] = json!(generation);
                status
            };
            vec![
                State::new("progressing", "InProgress", of("2", conditions(&[ready("False")]))).but("D2"),
                State::new("ready", "Current", of("2", conditions(&[ready("True")]))).but("D2"),
                State::new("failed", "Failed", of("2", conditions(&[stalled()]))).but("D2"),
                State::new("stale", "InProgress", of("1", conditions(&[ready("True")]))).but("D2"),
                State::new("unreadable", "InProgress", of("two", conditions(&[ready("True")]))).but("D1"),
            ]
        }
    };
    Kind {
        manifest: json!({"apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"name": "x"},
            "spec": {"size": 1}}),
        change: json!({"spec": {"size": 2}}),
        states,
        on_server: true,
    }
}

/// All kinds.
pub(super) fn kinds() -> Vec<Kind> {
    let mut kinds = vec![
        deployment(),
        paused_deployment(),
        replica_set(),
        replication_controller(),
        stateful_set(),
        partitioned_stateful_set(),
        on_delete_stateful_set(),
        daemon_set(),
        on_delete_daemon_set(),
        budget(),
        pod(),
        job(),
        suspended_job(),
    ];
    kinds.extend(namespaced_kinds());
    kinds.extend(cluster_kinds());
    kinds.extend(CUSTOM.iter().map(|(group, kind, style)| custom(group, kind, *style)));
    kinds
}
