//! What a refused dry run says: the manifest is wrong, the live object is out of reach, a field is immutable, or neither.

use crate::live::Refusal;

/// Whose fault a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The manifest can never be applied.
    Manifest,
    /// No manifest can be applied to the live object.
    LiveObject,
    /// The change from the live object to the manifest is refused; the manifest itself may be fine.
    Change,
    /// An admission rule, quota or policy denied it.
    Denied,
}

/// Texts of apimachinery for a manifest that does not fit its schema or cannot be decoded: status 500 without a reason.
const MANIFEST_TEXTS: &[&str] =
    &["failed to create typed patch object", "failed to convert new object", "duplicate nodePort"];
/// Texts for a live object that server-side apply cannot read.
const LIVE_TEXTS: &[&str] = &[
    "failed to create manager for existing fields",
    "failed to create typed live object",
    "request to convert CR to an invalid group/version",
];

/// Reads a refusal.
pub fn meaning(refusal: &Refusal) -> Meaning {
    let says = |texts: &[&str]| texts.iter().any(|text| refusal.message.contains(text));
    match refusal.code {
        500 if says(LIVE_TEXTS) => Meaning::LiveObject,
        500 if says(MANIFEST_TEXTS) => Meaning::Manifest,
        422 if refusal.message.contains("ValidatingAdmissionPolicy") => Meaning::Denied,
        422 => Meaning::Change,
        403 => Meaning::Denied,
        _ => Meaning::Manifest,
    }
}

/// True if the causes speak of a field that may not change.
pub fn is_immutable(refusal: &Refusal) -> bool {
    const TEXTS: &[&str] = &[
        "field is immutable",
        "may not change once set",
        "cannot change roleRef",
        "may not be changed in an update",
        "are forbidden",
        "is immutable after creation",
        "pod updates may not change fields other than",
        "updates to statefulset spec",
    ];
    let spoken = |text: &str| TEXTS.iter().any(|known| text.contains(known));
    refusal.code == 422 && (refusal.causes.iter().any(|cause| spoken(&cause.2)) || spoken(&refusal.message))
}

/// True if two refusals are about the same fault: they share a field, or one of them names none.
///
/// The same manifest as a new object can be refused for another reason than the change was: a node port that the live
/// object holds is taken.
pub fn is_same_fault(change: &Refusal, fresh: &Refusal) -> bool {
    let fields = |refusal: &Refusal| -> Vec<String> {
        let named = refusal.causes.iter().filter(|cause| !is_nowhere(&cause.1));
        named.map(|cause| cause.1.clone()).collect()
    };
    let (change, fresh) = (fields(change), fields(fresh));
    change.is_empty() || fresh.is_empty() || change.iter().any(|field| fresh.contains(field))
}

/// The server's rules over a whole custom resource name no field.
fn is_nowhere(field: &str) -> bool {
    field.is_empty() || matches!(field, "<nil>" | "[]")
}

/// One line about a refusal without any content of the object: status, reason, the fields of its causes and the rules that
/// they break.
pub fn summary(refusal: &Refusal) -> String {
    let known = refusal.causes.iter().filter(|cause| !is_nowhere(&cause.1));
    let mut fields: Vec<String> = known
        .map(|(_, field, message)| match rule(message) {
            Some(rule) => format!("{field} ({rule})"),
            None => field.clone(),
        })
        .collect();
    fields.sort_unstable();
    fields.dedup();
    let reason = if refusal.reason.is_empty() { "no reason given" } else { &refusal.reason };
    let place = if fields.is_empty() { String::new() } else { format!(" at {}", fields.join(", ")) };
    let size = size_limit(&refusal.message).map(|limit| format!(": too large, at most {limit} bytes"));
    format!("status {}, {reason}{place}{}", refusal.code, size.unwrap_or_default())
}

/// The rule at the end of `Invalid value: VALUE: RULE`, if it is one of the server's own phrases and quotes nothing.
fn rule(message: &str) -> Option<&str> {
    let (_, rule) = message.rsplit_once(": ")?;
    let phrases = ["must be ", "may not be ", "field is immutable", "cannot be ", "should be "];
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | ',' | '.' | '-' | '`');
    (rule.len() <= 120 && phrases.iter().any(|phrase| rule.starts_with(phrase)) && rule.chars().all(plain))
        .then_some(rule)
}

/// The number in `may not be more than N bytes` and `limit is N`, which quote nothing of the object.
fn size_limit(message: &str) -> Option<u64> {
    let (_, rest) = ["may not be more than ", "at most ", "limit is "]
        .iter()
        .find_map(|words| message.split_once(words))?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let unit = rest[digits.len()..].trim_start();
    let is_size = unit.starts_with("bytes") || message.contains("limit is ");
    digits.parse().ok().filter(|_| is_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(code: u16, message: &str, cause: &str) -> Refusal {
        let causes = if cause.is_empty() {
            vec![]
        } else {
            vec![("FieldValueInvalid".into(), "spec.x".into(), cause.into())]
        };
        Refusal { code, reason: String::new(), message: message.to_owned(), causes }
    }

    /// Texts of kube-apiserver 1.36.
    #[test]
    fn a_rule_that_is_broken_is_told_without_the_value() {
        for (message, told) in [
            (
                "Invalid value: 99999: must be between 1 and 65535, inclusive",
                Some("must be between 1 and 65535, inclusive"),
            ),
            ("Invalid value: {\"a\":\"s: must be b\"}: field is immutable", Some("field is immutable")),
            ("Duplicate value: \"x: must be secret\"", None),
            ("Unsupported value: \"x\": supported values: \"A\", \"B\"", None),
            ("Required value", None),
            ("Invalid value: \"v\": hunter2", None),
        ] {
            assert_eq!(rule(message), told, "{message}");
        }
    }

    /// Texts of kube-apiserver 1.36.
    #[test]
    fn a_bound_on_the_size_is_told() {
        let told = |message| summary(&refusal(422, message, ""));
        let of_config = "ConfigMap \"large\" is invalid: []: Too long: may not be more than 1048576 bytes";
        assert!(told(of_config).ends_with(": too large, at most 1048576 bytes"), "{}", told(of_config));
        let of_body = "Request entity too large: limit is 3145728";
        assert!(told(of_body).ends_with(": too large, at most 3145728 bytes"), "{}", told(of_body));
        assert!(!told("spec.x: must have at most 16 items").contains("too large"));
    }

    #[test]
    fn a_fault_is_the_same_if_it_names_the_same_field() {
        let of = |fields: &[&str]| {
            let causes = fields.iter().map(|f| (String::new(), (*f).to_owned(), String::new())).collect();
            Refusal { causes, ..refusal(422, "", "") }
        };
        let table: &[(&[&str], &[&str], bool)] = &[
            (&["spec.x", "<nil>"], &["spec.x", "<nil>"], true),
            (&["spec.x", "<nil>"], &["spec.ports[0].nodePort", "<nil>"], false),
            (&["spec.x"], &["metadata.name", "spec.x"], true),
            (&["<nil>"], &["spec.x"], true),
            (&["spec.x"], &[], true),
        ];
        for (change, fresh, same) in table {
            assert_eq!(is_same_fault(&of(change), &of(fresh)), *same, "{change:?} {fresh:?}");
        }
        assert_eq!(summary(&of(&["spec.x", "<nil>"])), "status 422, no reason given at spec.x");
    }

    /// Texts as a kube-apiserver 1.36.3 answered them.
    #[test]
    fn refusals_are_told_apart() {
        let typed = "failed to create typed patch object (ns/n; /v1, Kind=ConfigMap): .bogus: field not declared in schema";
        let table = [
            (refusal(500, typed, ""), Meaning::Manifest, false),
            (refusal(500, "failed to create manager for existing fields: x", ""), Meaning::LiveObject, false),
            (
                refusal(500, "request to convert CR to an invalid group/version: g/v1", ""),
                Meaning::LiveObject,
                false,
            ),
            (
                refusal(422, "Deployment is invalid", "Invalid value: x: field is immutable"),
                Meaning::Change,
                true,
            ),
            (
                refusal(422, "Service is invalid", "Invalid value: may not change once set"),
                Meaning::Change,
                true,
            ),
            (refusal(422, "Service is invalid", "Duplicate value: \"http\""), Meaning::Change, false),
            (
                refusal(422, "x is forbidden: ValidatingAdmissionPolicy 'p' denied request", ""),
                Meaning::Denied,
                false,
            ),
            (refusal(403, "admission webhook \"w\" denied the request: no", ""), Meaning::Denied, false),
        ];
        for (refusal, expected, immutable) in table {
            assert_eq!(meaning(&refusal), expected, "{}", refusal.message);
            assert_eq!(is_immutable(&refusal), immutable, "{}", refusal.message);
        }
    }

    #[test]
    fn a_summary_holds_no_content() {
        let secret = refusal(422, "data: Invalid value: hunter2", "hunter2 is wrong");
        assert_eq!(summary(&secret), "status 422, no reason given at spec.x");
    }
}
