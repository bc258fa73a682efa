//! Which request meets which fault.

use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What a request is about, as its path says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// Empty for the core group and outside resources.
    pub(crate) group: String,
    /// In the plural; empty outside resources.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) subresource: String,
    pub(crate) dry_run: bool,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// This status, with `Retry-After` in seconds; the server does not know of it.
    Status(u16, Option<u64>),
    /// This status, content type and body; the server does not know of it.
    Answer(u16, &'static str, String),
    /// It comes to the server this much later.
    Delay(Duration),
    /// The connection is reset, and the server does not know of it.
    ResetBefore,
    /// The server carries it out, and the connection is reset before the answer.
    ResetAfter,
    /// A whole answer that ends after this many bytes of the body.
    Truncate(usize),
    /// The connection is closed in the middle of the body.
    CloseInside,
    /// The head of the answer, and nothing after it.
    Stall,
}

/// The requests that meet a fault. What is not said fits everything.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) verbs: &'static [&'static str],
    pub(crate) group: Option<&'static str>,
    pub(crate) resource: Option<&'static str>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<&'static str>,
    pub(crate) dry_run: Option<bool>,
    /// A part of the query.
    pub(crate) query: Option<&'static str>,
    /// How often the same request came before.
    pub(crate) nth: Option<usize>,
    /// How many requests of any kind come before the first that it fits.
    pub(crate) after: usize,
    /// One in how many, by a seed.
    pub(crate) chance: Option<(u64, u64)>,
    pub(crate) action: Action,
}

impl Rule {
    /// A rule for every request.
    pub(crate) fn all(action: Action) -> Self {
        Self {
            verbs: &[],
            group: None,
            resource: None,
            name: None,
            subresource: None,
            dry_run: None,
            query: None,
            nth: None,
            after: 0,
            chance: None,
            action,
        }
    }

    /// A rule for a verb of a resource.
    pub(crate) fn of(verbs: &'static [&'static str], resource: &'static str, action: Action) -> Self {
        Self { verbs, resource: Some(resource), ..Self::all(action) }
    }

    /// The same for the first time that each request comes.
    pub(crate) fn once(self) -> Self {
        Self { nth: Some(0), ..self }
    }

    /// The same for what is stored, and for one name.
    pub(crate) fn stored(self, name: &str) -> Self {
        Self { dry_run: Some(false), name: Some(name.to_owned()), ..self }
    }

    /// One request in `many`, by chance, the same for the same seed.
    pub(crate) fn by_chance(mut self, seed: u64, many: u64) -> Self {
        self.chance = Some((seed, many));
        self
    }

    /// True if the rule is for this request.
    pub(crate) fn fits(&self, verb: &str, about: &About, path: &str, nth: usize) -> bool {
        (self.verbs.is_empty() || self.verbs.contains(&verb))
            && self.group.is_none_or(|group| group == about.group)
            && self.resource.is_none_or(|resource| resource == about.resource)
            && self.name.as_ref().is_none_or(|name| *name == about.name)
            && self.subresource.is_none_or(|subresource| subresource == about.subresource)
            && self.dry_run.is_none_or(|dry_run| dry_run == about.dry_run)
            && self
                .query
                .is_none_or(|part| path.split_once('?').is_some_and(|(_, query)| query.contains(part)))
            && self.nth.is_none_or(|wanted| wanted == nth)
            && self.chance.is_none_or(|(seed, many)| draw(seed, verb, path, nth).is_multiple_of(many))
    }
}

impl Action {
    /// A Status as the server sends it, with causes given as reason, field and message.
    pub(crate) fn refusal(code: u16, reason: &str, message: &str, causes: &[(&str, &str, &str)]) -> Self {
        let causes: Vec<Value> = causes
            .iter()
            .map(|(reason, field, message)| json!({"reason": reason, "field": field, "message": message}))
            .collect();
        let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "reason": reason, "message": message, "details": {"causes": causes}, "code": code});
        Self::Answer(code, "application/json", body.to_string())
    }
}

/// A number that depends on the seed, the request, and how often it came before.
pub(crate) fn draw(seed: u64, verb: &str, path: &str, nth: usize) -> u64 {
    let digest = Sha256::digest(format!("{seed} {verb} {path} {nth}"));
    u64::from_be_bytes(digest[..8].try_into().expect("eight bytes"))
}

impl About {
    /// Reads `/api/v1/namespaces/NS/RESOURCE/NAME/SUBRESOURCE?QUERY` and its variants.
    pub(crate) fn of(path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let dry_run = query.split('&').any(|pair| pair == "dryRun=All");
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, rest) = match parts[..] {
            ["api", _, ref rest @ ..] if !rest.is_empty() => ("", rest),
            ["apis", group, _, ref rest @ ..] if !rest.is_empty() => (group, rest),
            _ => return Self { dry_run, ..Self::default() },
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let part = |index: usize| rest.get(index).copied().unwrap_or_default().to_owned();
        Self {
            group: group.to_owned(),
            resource: part(0),
            namespace: namespace.to_owned(),
            name: part(1),
            subresource: part(2),
            dry_run,
        }
    }

    /// The verb of RBAC for a method.
    pub(crate) fn verb(&self, method: &str) -> String {
        match method {
            "GET" if self.name.is_empty() && !self.resource.is_empty() => "list",
            "GET" => "get",
            "POST" => "create",
            "PUT" => "update",
            "PATCH" => "patch",
            "DELETE" => "delete",
            other => panic!("the proxy knows no {other}"),
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_what_a_request_is_about() {
        let table = [
            ("GET", "/version", "get", ["", "", "", "", ""], false),
            ("GET", "/apis", "get", ["", "", "", "", ""], false),
            ("GET", "/api/v1/configmaps?limit=500", "list", ["", "configmaps", "", "", ""], false),
            ("GET", "/api/v1/namespaces", "list", ["", "namespaces", "", "", ""], false),
            ("GET", "/api/v1/namespaces/a", "get", ["", "namespaces", "", "a", ""], false),
            ("POST", "/api/v1/namespaces/a/configmaps", "create", ["", "configmaps", "a", "", ""], false),
            (
                "PATCH",
                "/apis/apps/v1/namespaces/a/deployments/b?dryRun=All&force=true",
                "patch",
                ["apps", "deployments", "a", "b", ""],
                true,
            ),
            (
                "PUT",
                "/apis/apps/v1/namespaces/a/deployments/b/status",
                "update",
                ["apps", "deployments", "a", "b", "status"],
                false,
            ),
            (
                "DELETE",
                "/apis/rbac.authorization.k8s.io/v1/clusterroles/b",
                "delete",
                ["rbac.authorization.k8s.io", "clusterroles", "", "b", ""],
                false,
            ),
        ];
        for (method, path, verb, parts, dry_run) in table {
            let about = About::of(path);
            let found = [&about.group, &about.resource, &about.namespace, &about.name, &about.subresource];
            assert_eq!(found, parts, "{path}");
            assert_eq!((about.verb(method).as_str(), about.dry_run), (verb, dry_run), "{path}");
        }
    }

    #[test]
    fn a_rule_fits_what_it_says() {
        let path = "/api/v1/namespaces/a/configmaps/b";
        let about = About::of(path);
        let rule = Rule::of(&["patch", "update"], "configmaps", Action::Stall);
        assert!(rule.fits("patch", &about, path, 3));
        assert!(!rule.fits("get", &about, path, 3));
        for (other, fits) in [
            (Rule { nth: Some(3), ..rule.clone() }, true),
            (Rule { nth: Some(2), ..rule.clone() }, false),
            (Rule { name: Some("b".into()), group: Some(""), ..rule.clone() }, true),
            (Rule { name: Some("c".into()), ..rule.clone() }, false),
            (Rule { group: Some("apps"), ..rule.clone() }, false),
            (Rule { dry_run: Some(true), ..rule.clone() }, false),
            (Rule { subresource: Some("status"), ..rule.clone() }, false),
        ] {
            assert_eq!(other.fits("patch", &about, path, 3), fits, "{other:?}");
        }
        let hits = |seed| {
            let rule = Rule::all(Action::Stall).by_chance(seed, 10);
            (0..1_000).filter(|nth| rule.fits("patch", &about, path, *nth)).collect::<Vec<_>>()
        };
        assert_eq!(hits(1), hits(1));
        assert_ne!(hits(1), hits(2));
        assert!((60..140).contains(&hits(1).len()), "{}", hits(1).len());
    }
}
