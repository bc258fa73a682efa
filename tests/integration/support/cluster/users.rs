//! Users with chosen rights.

#![expect(clippy::disallowed_methods, reason = "writes kubeconfigs, waits for the server")]

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use super::Cluster;

/// Somebody who shows a bearer token and starts without any right but those of every authenticated user (discovery).
pub(crate) struct User {
    /// The name that RBAC, managedFields and the audit log know.
    pub(crate) name: String,
    /// Needs no other file but the CA's.
    pub(crate) kubeconfig: PathBuf,
}

impl Cluster {
    /// A user that no other test has.
    ///
    /// # Panics
    /// When all users of the pool are taken.
    pub(crate) fn user(&self) -> User {
        let taken = self.users.fetch_add(1, Ordering::Relaxed);
        let account = self.about.users.get(taken).unwrap_or_else(|| {
            panic!("all {taken} users of the cluster are taken; raise --users in the supervisor")
        });
        let kubeconfig = self.dir().join(format!("{}.kubeconfig", account.name));
        let content = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "test",
                "cluster": { "server": self.url(), "certificate-authority": self.dir().join("ca.crt") },
            }],
            "users": [{ "name": account.name, "user": { "token": account.token } }],
            "contexts": [{ "name": "test", "context": { "cluster": "test", "user": account.name } }],
            "current-context": "test",
        });
        std::fs::write(&kubeconfig, content.to_string()).expect("the cluster's directory can be written");
        User { name: account.name.clone(), kubeconfig }
    }

    /// Gives `user` the verbs (`"get,list"`) on the resources (`"secrets,deployments.apps"`) in one namespace, and
    /// waits until the server grants them.
    pub(crate) fn allow_in(&self, namespace: &str, user: &User, verbs: &str, resources: &str) {
        let role = self.role_name(user);
        let scope = ["--namespace", namespace];
        self.grant(["role", "rolebinding"], &role, user, verbs, resources, &scope);
        self.await_right(user, verbs, resources, &scope);
    }

    /// As [`Cluster::allow_in`], in all namespaces and for resources outside them.
    pub(crate) fn allow_everywhere(&self, user: &User, verbs: &str, resources: &str) {
        let role = self.role_name(user);
        self.grant(["clusterrole", "clusterrolebinding"], &role, user, verbs, resources, &[]);
        self.await_right(user, verbs, resources, &["--all-namespaces"]);
    }

    fn role_name(&self, user: &User) -> String {
        format!("{}-{}", user.name, self.roles.fetch_add(1, Ordering::Relaxed))
    }

    fn grant(
        &self,
        [role_kind, binding_kind]: [&str; 2],
        role: &str,
        user: &User,
        verbs: &str,
        resources: &str,
        scope: &[&str],
    ) {
        let verbs = format!("--verb={verbs}");
        let resources = format!("--resource={resources}");
        self.kubectl_ok(&[&["create", role_kind, role, &verbs, &resources], scope].concat());
        let role_ref = format!("--{role_kind}={role}");
        let subject = format!("--user={}", user.name);
        self.kubectl_ok(&[&["create", binding_kind, role, &role_ref, &subject], scope].concat());
    }

    /// The server's authorizer learns of a role by a watch, some moments after it is stored.
    fn await_right(&self, user: &User, verbs: &str, resources: &str, scope: &[&str]) {
        let limit = Instant::now() + Duration::from_secs(30);
        for resource in resources.split(',') {
            for verb in verbs.split(',') {
                let question = [&["auth", "can-i", verb, resource], scope].concat();
                while !self.kubectl_as(user, &question).status.success() {
                    assert!(Instant::now() < limit, "{} may still not {verb} {resource}", user.name);
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
    }
}
