//! The cases: what is live, what Git says, and what a diff must make of it.

use serde_json::{Value, json};

/// One object and its verdict.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    /// Empty for an object outside namespaces.
    pub(super) namespace: String,
    /// Applied as `gitops` before.
    pub(super) live: Vec<Value>,
    /// Shell that changes the live object; `k` is kubectl, `$N` the object's name.
    pub(super) script: &'static str,
    /// What Git says; several documents where one is there twice.
    pub(super) desired: Vec<Value>,
    pub(super) status: &'static str,
    /// Part of the reason.
    pub(super) reason: &'static str,
    /// Path and class of the fields, but for what is invalid.
    pub(super) fields: Vec<(&'static str, &'static str)>,
    /// Exit code of a diff of this object alone.
    pub(super) code: i32,
}

impl Case {
    /// Live as `before`, `after` in Git.
    fn new(before: Option<Value>, after: Value, name: &'static str, kind: &'static str) -> Self {
        let namespace = after["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
        let live = before.into_iter().collect();
        let (status, reason, script) = ("in-sync", "", "");
        Self {
            name,
            kind,
            namespace,
            live,
            script,
            desired: vec![after],
            status,
            reason,
            fields: Vec::new(),
            code: 0,
        }
    }

    fn edited(mut self, script: &'static str) -> Self {
        self.script = script;
        self
    }

    fn is(mut self, status: &'static str, code: i32) -> Self {
        (self.status, self.code) = (status, code);
        self
    }

    fn because(mut self, reason: &'static str) -> Self {
        self.reason = reason;
        self
    }

    fn fields(mut self, fields: &[(&'static str, &'static str)]) -> Self {
        self.fields = fields.to_vec();
        self
    }
}

/// A ConfigMap.
pub(super) fn config(namespace: &str, name: &str, data: &[(&str, &str)]) -> Value {
    let data: serde_json::Map<String, Value> =
        data.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data})
}

fn object(version: &str, kind: &str, namespace: &str, name: &str, rest: Value) -> Value {
    let mut object = rest;
    object["apiVersion"] = json!(version);
    object["kind"] = json!(kind);
    object["metadata"]["name"] = json!(name);
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

fn deployment(namespace: &str, name: &str, app: &str, memory: &str) -> Value {
    let container = json!({"name": "web", "image": "web:1", "resources": {"limits": {"memory": memory}}});
    object(
        "apps/v1",
        "Deployment",
        namespace,
        name,
        json!({"spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": app}},
            "template": {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container]}},
        }}),
    )
}

/// All cases, in one namespace but for those about namespaces.
pub(super) fn cases(namespace: &str) -> Vec<Case> {
    [absent(namespace), differing(namespace), immutable(namespace), refused(namespace), invalid(namespace)]
        .into_iter()
        .flatten()
        .collect()
}

fn absent(namespace: &str) -> Vec<Case> {
    let definition = object(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "",
        "widgets.example.org",
        json!({"spec": {
            "group": "example.org", "scope": "Namespaced", "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}],
        }}),
    );
    let widget = object("example.org/v1", "Widget", namespace, "widget", json!({}));
    let gadget = object("example.org/v1", "Gadget", namespace, "gadget", json!({}));
    let coming = object("v1", "Namespace", "", "coming", json!({}));
    vec![
        Case::new(None, config(namespace, "absent", &[("a", "1")]), "absent", "ConfigMap").is("missing", 1),
        Case::new(None, config("nowhere", "homeless", &[]), "homeless", "ConfigMap")
            .is("missing", 1)
            .because("namespace nowhere does not exist"),
        Case::new(None, coming, "coming", "Namespace").is("missing", 1),
        Case::new(None, config("coming", "early", &[]), "early", "ConfigMap").is("missing", 1),
        Case::new(None, definition, "widgets.example.org", "CustomResourceDefinition").is("missing", 1),
        Case::new(None, widget, "widget", "Widget").is("missing", 1).because("kind pending"),
        Case::new(None, gadget, "gadget", "Gadget")
            .is("invalid", 2)
            .because("does not serve example.org/v1 Gadget"),
    ]
}

fn differing(namespace: &str) -> Vec<Case> {
    let of = |name: &'static str, before: &[(&str, &str)], after: &[(&str, &str)]| {
        Case::new(Some(config(namespace, name, before)), config(namespace, name, after), name, "ConfigMap")
    };
    let held = |name: &'static str, memory| {
        Case::new(
            Some(deployment(namespace, name, "a", "500Mi")),
            deployment(namespace, name, "a", memory),
            name,
            "Deployment",
        )
    };
    let co_owned = r#"printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: stuck}\ndata: {b: "2"}\n' | k apply --server-side --field-manager=other -f -"#;
    let finalizer = json!({"metadata": {"finalizers": ["example.org/wait"]}});
    let going = object("v1", "ConfigMap", namespace, "going", finalizer);
    vec![
        of("calm", &[("a", "1")], &[("a", "1")]),
        of("foreign", &[("a", "1")], &[("a", "1")]).edited(r#"k patch configmap $N --field-manager=operator -p '{"data":{"own":"x"}}'"#),
        of("drifted", &[("a", "1"), ("b", "1")], &[("a", "1"), ("b", "1")])
            .edited(r#"k patch configmap $N -p '{"data":{"a":"9"}}'"#)
            .is("drift", 1)
            .fields(&[("data.a", "drift")]),
        // The only field that we applied is another's now: no entry of ours is left that tells when we applied.
        of("overrun", &[("a", "1")], &[("a", "1")])
            .edited(r#"k patch configmap $N -p '{"data":{"a":"9"}}'"#)
            .is("differs", 1)
            .fields(&[("data.a", "differs")]),
        of("pending", &[("a", "1")], &[("a", "2")]).is("pending", 1).fields(&[("data.a", "pending")]),
        of("both", &[("a", "1"), ("b", "1")], &[("a", "1"), ("b", "2")])
            .edited(r#"k patch configmap $N -p '{"data":{"a":"9"}}'"#)
            .is("diverged", 1)
            .fields(&[("data.a", "drift"), ("data.b", "pending")]),
        of("dropped", &[("a", "1"), ("b", "1")], &[("a", "1")]).is("pending", 1).fields(&[("data.b", "removal")]),
        of("stuck", &[("a", "1"), ("b", "2")], &[("a", "1")]).edited(co_owned).is("pending", 1).fields(&[("data.b", "stuck")]),
        of("held", &[("a", "1")], &[("a", "1")])
            .edited(r#"k patch configmap $N --field-manager=operator -p '{"data":{"a":"9"}}'"#)
            .is("drift", 1)
            .fields(&[("data.a", "held")]),
        of("lost", &[("a", "1"), ("b", "1")], &[("a", "1"), ("b", "1")])
            .edited(r#"k patch configmap $N --type=json -p '[{"op":"remove","path":"/data/b"}]'"#)
            .is("differs", 1)
            .fields(&[("data.b", "differs")]),
        held("autoscaled", "500Mi")
            .edited(r#"k autoscale deployment $N --min=1 --max=9; k patch deployment $N --subresource=scale --type=merge --field-manager=kube-controller-manager -p '{"spec":{"replicas":6}}'"#),
        held("respelled", "524288000"),
        Case::new(Some(going.clone()), going, "going", "ConfigMap")
            .edited("k delete configmap $N --wait=false")
            .is("terminating", 1)
            .because("being deleted"),
    ]
}

fn immutable(namespace: &str) -> Vec<Case> {
    let of = |kind: &'static str, version, name: &'static str, [before, after]: [Value; 2]| {
        let of = |rest| object(version, kind, namespace, name, rest);
        Case::new(Some(of(before)), of(after), name, kind).is("replace", 1)
    };
    let frozen = |value: &str| json!({"immutable": true, "data": {"a": value}});
    let bound = |role: &str| json!({"subjects": [], "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role}});
    let job = |image: &str| json!({"spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "job", "image": image}]}}}});
    let set = |service: &str| {
        json!({"spec": {"serviceName": service, "selector": {"matchLabels": {"app": "a"}}, "template": {
            "metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "db", "image": "db:1"}]}}}})
    };
    let secret = |kind: &str| json!({"type": kind, "stringData": {"username": "u", "password": "p"}});
    vec![
        of("ConfigMap", "v1", "frozen", ["1", "2"].map(frozen)).fields(&[("data.a", "pending")]),
        of("RoleBinding", "rbac.authorization.k8s.io/v1", "bound", ["x", "y"].map(bound))
            .fields(&[("roleRef", "pending")]),
        of("Job", "batch/v1", "job", ["job:1", "job:2"].map(job))
            .fields(&[("spec.template.spec.containers[job].image", "pending")]),
        of("StatefulSet", "apps/v1", "set", ["x", "y"].map(set)).fields(&[("spec.serviceName", "pending")]),
        of("Secret", "v1", "typed", ["Opaque", "kubernetes.io/basic-auth"].map(secret))
            .fields(&[("type", "pending")]),
        Case::new(
            Some(deployment(namespace, "selected", "a", "1Gi")),
            deployment(namespace, "selected", "b", "1Gi"),
            "selected",
            "Deployment",
        )
        .is("replace", 1)
        .fields(&[("spec.selector", "pending"), ("spec.template.metadata.labels.app", "pending")]),
    ]
}

fn refused(namespace: &str) -> Vec<Case> {
    let quota = |pods: &str| {
        object("v1", "ResourceQuota", namespace, "unreachable", json!({"spec": {"hard": {"pods": pods}}}))
    };
    let account = |label: &str| {
        object("v1", "ServiceAccount", namespace, "unreadable", json!({"metadata": {"labels": {"a": label}}}))
    };
    vec![
        Case::new(
            Some(config(namespace, "denied", &[("a", "1")])),
            config(namespace, "denied", &[("a", "1"), ("forbidden", "1")]),
            "denied",
            "ConfigMap",
        )
        .is("invalid", 2)
        .because("no forbidden keys in this shop"),
        Case::new(Some(quota("10")), quota("20"), "unreachable", "ResourceQuota")
            .is("unknown", 3)
            .because("webhook"),
        Case::new(Some(account("1")), account("2"), "unreadable", "ServiceAccount")
            .edited(r#"k patch serviceaccount $N --type=merge -p '{"secrets":[{}]}'"#)
            .is("blocked", 2)
            // The server forgets all owners of such an object.
            .fields(&[("metadata.labels.a", "differs")])
            .because("server-side apply cannot read the live object"),
    ]
}

fn invalid(namespace: &str) -> Vec<Case> {
    let service = |name: &str, target: Value, more: Value| {
        let mut port = more;
        port["port"] = json!(80);
        port["targetPort"] = target;
        object("v1", "Service", namespace, name, json!({"spec": {"ports": [port]}}))
    };
    let twice = config(namespace, "twice", &[("a", "1")]);
    let mut number = config(namespace, "number", &[]);
    number["data"] = json!({"a": 1});
    let mut encrypted = config(namespace, "encrypted", &[("a", "ENC[x]")]);
    encrypted["sops"] = json!({"version": "3"});
    let mut cases = vec![
        Case::new(
            Some(service("port", json!(1), json!({}))),
            service("port", json!(99_999), json!({})),
            "port",
            "Service",
        )
        .is("invalid", 2)
        .because("spec.ports[0].targetPort"),
        Case::new(
            Some(service("field", json!(1), json!({}))),
            service("field", json!(1), json!({"bogus": true})),
            "field",
            "Service",
        )
        .is("invalid", 2)
        .because("bogus"),
        Case::new(None, service("new-field", json!(1), json!({"bogus": true})), "new-field", "Service")
            .is("invalid", 2)
            .because("bogus"),
        Case::new(None, number, "number", "ConfigMap").is("invalid", 2).because("data.a"),
        Case::new(None, encrypted, "encrypted", "ConfigMap").is("invalid", 2).because("SOPS"),
        Case::new(None, twice.clone(), "twice", "ConfigMap").is("invalid", 2).because("2 times"),
    ];
    cases.last_mut().expect("there are cases").desired.push(twice);
    cases
}

/// A policy that denies a key in ConfigMaps, and a webhook for quotas that nobody answers.
pub(super) fn admission() -> Vec<Value> {
    let rule = |resource: &str| json!([{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": [resource]}]);
    let version = "admissionregistration.k8s.io/v1";
    let policy = json!({"spec": {
        "matchConstraints": {"resourceRules": rule("configmaps")},
        "validations": [{
            "expression": "!has(object.data) || !('forbidden' in object.data)",
            "message": "no forbidden keys in this shop",
        }],
    }});
    let binding = json!({"spec": {"policyName": "keys", "validationActions": ["Deny"]}});
    let webhook = json!({"webhooks": [{
        "name": "quota.example.org", "rules": rule("resourcequotas"), "failurePolicy": "Fail", "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "timeoutSeconds": 2, "clientConfig": {"url": "https://127.0.0.1:1/"},
    }]});
    vec![
        object(version, "ValidatingAdmissionPolicy", "", "keys", policy),
        object(version, "ValidatingAdmissionPolicyBinding", "", "keys", binding),
        object(version, "ValidatingWebhookConfiguration", "", "quota", webhook),
    ]
}
