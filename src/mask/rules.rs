//! Sensitive places outside of Secrets: rules by kind and path, with defaults for what is known to hold secrets inline.

use std::sync::LazyLock;

use crate::object::id::Gvk;

/// Rules of what is hidden beside the values of Secrets.
#[derive(Debug, Clone)]
pub struct MaskRules(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    /// Kind, `*` for all.
    kind: String,
    /// API group; `None` for all.
    group: Option<String>,
    path: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// A field, or a list item by name or position.
    Name(String),
    /// One step, whatever it is.
    One,
    /// Any number of steps, none as well.
    Any,
}

/// Kinds that are known to hold secrets inline, with their places.
const KNOWN: &[(&str, &str)] = &[
    ("*", "**.metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]"),
    ("Alertmanager.operator.victoriametrics.com", "spec.configRawYaml"),
    ("BGPPeer.metallb.io", "spec.password"),
    ("BuildConfig.build.openshift.io", "spec.triggers[*].*.secret"),
    ("ClusterSecretStore.external-secrets.io", "spec.provider.fake.data[*].value"),
    ("Grafana.grafana.integreatly.org", "spec.config.*.admin_password"),
    ("GrafanaDatasource.grafana.integreatly.org", "spec.datasource.secureJsonData"),
    ("HelmChart.helm.cattle.io", "spec.set"),
    ("HelmChart.helm.cattle.io", "spec.valuesContent"),
    ("KubeadmConfig.bootstrap.cluster.x-k8s.io", "spec.files[*].content"),
    ("KubeadmConfigTemplate.bootstrap.cluster.x-k8s.io", "spec.template.spec.files[*].content"),
    ("MachineConfig.machineconfiguration.openshift.io", "spec.config.storage.files[*].contents"),
    ("OAuth2Client.dex.coreos.com", "secret"),
    ("OAuthClient.oauth.openshift.io", "additionalSecrets"),
    ("OAuthClient.oauth.openshift.io", "secret"),
    ("SecretStore.external-secrets.io", "spec.provider.fake.data[*].value"),
    ("VirtualMachine.kubevirt.io", "spec.template.spec.volumes[*].cloudInitConfigDrive"),
    ("VirtualMachine.kubevirt.io", "spec.template.spec.volumes[*].cloudInitNoCloud"),
    ("VirtualMachineInstance.kubevirt.io", "spec.volumes[*].cloudInitConfigDrive"),
    ("VirtualMachineInstance.kubevirt.io", "spec.volumes[*].cloudInitNoCloud"),
];

/// Names of fields of custom resources whose texts are hidden; compared in lower case without `-` and `_`.
const SECRET_NAMES: &[&str] = &[
    "accesskey",
    "accesstoken",
    "adminpassword",
    "apikey",
    "apitoken",
    "authtoken",
    "bearertoken",
    "clientsecret",
    "hashedpassword",
    "passphrase",
    "passwd",
    "password",
    "passwordhash",
    "privatekey",
    "refreshtoken",
    "secretaccesskey",
    "secretkey",
    "token",
];

impl Default for MaskRules {
    fn default() -> Self {
        let rules = KNOWN.iter().filter_map(|(kind, path)| Rule::parse(kind, path).ok());
        Self(rules.collect())
    }
}

impl MaskRules {
    /// Adds a rule. `kind` is `Kind`, `Kind.group` or `*`; in `path`, `*` is one step and `**` any number:
    /// `spec.config.password`, `spec.users[*].hash`, `**.env[DB_PASSWORD].value`, `metadata.annotations["a.b/c"]`.
    ///
    /// # Errors
    /// A sentence that says what is wrong with the rule.
    pub fn with(mut self, kind: &str, path: &str) -> Result<Self, String> {
        self.0.push(Rule::parse(kind, path)?);
        Ok(self)
    }

    /// True if objects of a type can hold something hidden of their own: a rule names the kind, one of all kinds was added,
    /// or names of fields tell.
    pub(super) fn looks_into(&self, gvk: &Gvk) -> bool {
        static MANIFEST: LazyLock<Vec<Segment>> = LazyLock::new(|| segments(KNOWN[0].1).unwrap_or_default());
        let concerns = |rule: &Rule| match rule.kind.as_str() {
            "*" => rule.path != *MANIFEST,
            kind => kind == gvk.kind && rule.group.as_ref().is_none_or(|group| *group == gvk.group),
        };
        is_custom(gvk) || self.0.iter().any(concerns)
    }

    /// The rules that concern a type, at the root of an object.
    pub(super) fn start(&self, gvk: &Gvk) -> Progress<'_> {
        let concerns = |rule: &&Rule| {
            (rule.kind == "*" || rule.kind == gvk.kind) && rule.group.as_ref().is_none_or(|g| *g == gvk.group)
        };
        let rules: Vec<&Rule> = self.0.iter().filter(concerns).collect();
        let named = rules.iter().any(|rule| rule.kind != "*");
        let places = rules.into_iter().flat_map(|rule| closure(&rule.path)).collect();
        Progress { places, names: is_custom(gvk), secret_name: false, named }
    }
}

impl Rule {
    fn parse(kind: &str, path: &str) -> Result<Self, String> {
        let (kind, group) = match kind.split_once('.') {
            Some((kind, group)) => (kind, Some(group.to_owned())),
            None => (kind, None),
        };
        if kind.is_empty() || group.as_deref() == Some("") {
            return Err("a mask rule needs a kind: Kind, Kind.group or *".to_owned());
        }
        Ok(Self { kind: kind.to_owned(), group, path: segments(path)? })
    }
}

fn segments(path: &str) -> Result<Vec<Segment>, String> {
    let wrong = |what: &str| Err(format!("mask path `{path}`: {what}"));
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (text, after, quoted) = if let Some(inside) = rest.strip_prefix("[\"") {
            let Some((text, after)) = inside.split_once("\"]") else {
                return wrong("a bracket is not closed");
            };
            (text, after, true)
        } else if let Some(inside) = rest.strip_prefix('[') {
            let Some((text, after)) = inside.split_once(']') else { return wrong("a bracket is not closed") };
            (text, after, false)
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            (&rest[..end], &rest[end..], false)
        };
        if text.is_empty() {
            return wrong("a part is empty");
        }
        segments.push(match text {
            "*" if !quoted => Segment::One,
            "**" if !quoted => Segment::Any,
            _ => Segment::Name(text.to_owned()),
        });
        rest = match after.strip_prefix('.') {
            Some("") => return wrong("a part is empty"),
            Some(next) => next,
            None if after.is_empty() || after.starts_with('[') => after,
            None => return wrong("expected `.` or `[` behind `]`"),
        };
    }
    if segments.iter().all(|segment| *segment == Segment::Any) {
        return wrong("it names no field");
    }
    Ok(segments)
}

/// Custom resources: groups of extensions, none of Kubernetes itself.
fn is_custom(gvk: &Gvk) -> bool {
    gvk.group.contains('.') && !gvk.group.ends_with(".k8s.io")
}

/// How far the rules of a type have come on the way into an object.
#[derive(Debug, Clone)]
pub(super) struct Progress<'r> {
    /// What is left of each rule that still fits.
    places: Vec<&'r [Segment]>,
    names: bool,
    secret_name: bool,
    named: bool,
}

impl<'r> Progress<'r> {
    /// One step further. An item of a list may have several names.
    pub(super) fn step(&self, names: &[&str], is_field: bool) -> Self {
        let mut places: Vec<&'r [Segment]> = Vec::new();
        for place in &self.places {
            match place {
                [Segment::Any, ..] => places.extend(closure(place)),
                [Segment::One, rest @ ..] => places.extend(closure(rest)),
                [Segment::Name(name), rest @ ..] if names.contains(&name.as_str()) => {
                    places.extend(closure(rest))
                }
                _ => {}
            }
        }
        let secret_name = match (is_field, names) {
            (true, [name]) => self.names && is_secret_name(name),
            // A list of passwords hides its items.
            _ => self.secret_name,
        };
        Self { places, names: self.names, secret_name, named: self.named }
    }

    /// True if a rule ends here.
    pub(super) fn is_complete(&self) -> bool {
        self.places.iter().any(|place| place.is_empty())
    }

    /// True if a text here is hidden because of the field's name.
    pub(super) fn is_secret_name(&self) -> bool {
        self.secret_name
    }

    /// True if some rule is about this very kind.
    pub(super) fn names_the_kind(&self) -> bool {
        self.named
    }
}

/// What is left of a rule here: as it is, and without a leading `**`.
fn closure(place: &[Segment]) -> Vec<&[Segment]> {
    let mut all = vec![place];
    let mut rest = place;
    while let [Segment::Any, next @ ..] = rest {
        all.push(next);
        rest = next;
    }
    all
}

fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '-' | '_')).collect::<String>().to_lowercase();
    SECRET_NAMES.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_rule_is_read() {
        assert_eq!(MaskRules::default().0.len(), KNOWN.len());
        assert!(KNOWN.is_sorted() && SECRET_NAMES.is_sorted());
    }

    #[test]
    fn paths_fit_step_by_step() {
        let table: &[(&str, &[&str], bool)] = &[
            ("spec.password", &["spec", "password"], true),
            ("spec.password", &["spec", "other"], false),
            ("spec.*.token", &["spec", "a", "token"], true),
            ("spec.*.token", &["spec", "token"], false),
            ("spec.**.token", &["spec", "token"], true),
            ("spec.**.token", &["spec", "a", "b", "token"], true),
            ("**.env[DB].value", &["spec", "env", "DB", "value"], true),
            ("a[\"b.c/d\"]", &["a", "b.c/d"], true),
            ("a[\"*\"]", &["a", "x"], false),
        ];
        for (path, steps, expected) in table {
            let rules = MaskRules(vec![]).with("*", path).unwrap();
            let mut progress = rules.start(&Gvk::new("", "v1", "ConfigMap"));
            for step in *steps {
                assert!(!progress.is_complete(), "{path} {step}");
                progress = progress.step(&[step], true);
            }
            assert_eq!(progress.is_complete(), *expected, "{path} {steps:?}");
        }
    }

    #[test]
    fn wrong_rules_are_named() {
        let table = [
            ("", "a", "needs a kind"),
            ("Kind.", "a", "needs a kind"),
            ("Kind", "", "it names no field"),
            ("Kind", "**", "it names no field"),
            ("Kind", "a..b", "a part is empty"),
            ("Kind", "a.", "a part is empty"),
            ("Kind", "a[b", "a bracket is not closed"),
            ("Kind", "a[\"b]", "a bracket is not closed"),
            ("Kind", "a[b]c", "expected `.` or `[`"),
        ];
        for (kind, path, expected) in table {
            let message = MaskRules::default().with(kind, path).unwrap_err();
            assert!(message.contains(expected), "{kind} {path}: {message}");
        }
    }
}
