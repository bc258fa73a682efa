//! Which spellings that a server stores differently an object holds.

use serde_json::Value;

/// Every spelling that the generated objects have to hold, with the test for one field: its name and value.
pub(crate) const ENTRIES: &[(&str, fn(&str, &Value) -> bool)] = &[
    ("quantity in milli", |name, value| is_amount(name) && text(value).ends_with("00m")),
    ("quantity with a fraction", |name, value| is_amount(name) && text(value).contains('.')),
    ("quantity as a number", |name, value| is_amount(name) && value.is_number()),
    ("quantity in Mi that is Gi", |name, value| {
        is_amount(name) && matches!(text(value), "1024Mi" | "2048Mi" | "1024Gi")
    }),
    ("quantity with an exponent", |name, value| is_amount(name) && text(value).contains('e')),
    ("fieldRef without version", |name, value| name == "fieldRef" && value.get("apiVersion").is_none()),
    ("resourceFieldRef without divisor", |name, value| {
        name == "resourceFieldRef" && value.get("divisor").is_none()
    }),
    ("resourceFieldRef with another divisor", |name, value| name == "divisor" && text(value) == "1000m"),
    ("minimal volumeClaimTemplates", |name, value| {
        name == "volumeClaimTemplates" && value.pointer("/0").is_some_and(|claim| claim.get("kind").is_none())
    }),
    ("network policy port without protocol", |name, value| {
        name == "ports"
            && matches!(value.pointer("/0"), Some(port) if *port == serde_json::json!({"port": 5432}))
    }),
    ("empty network policy port", |name, value| name == "ports" && *value == serde_json::json!([{}])),
    ("subject without group", |name, value| name == "subjects" && lacks_group(value.pointer("/0"))),
    ("roleRef without group", |name, value| name == "roleRef" && lacks_group(Some(value))),
    ("explicit false", |name, value| name == "hostNetwork" && *value == false),
    ("explicit false of a pointer", |name, value| name == "automountServiceAccountToken" && *value == false),
    ("explicit zero", |name, value| matches!(name, "hostPort" | "minReadySeconds") && *value == 0),
    ("explicit zero with a default", |name, value| name == "timeoutSeconds" && *value == 0),
    ("explicit empty text", |name, value| name == "workingDir" && *value == ""),
    ("explicit empty text with a default", |name, value| name == "dnsPolicy" && *value == ""),
    ("pull policy by the image's tag", |name, value| name == "imagePullPolicy" && *value == ""),
    ("target port by the port", |name, value| name == "targetPort" && (*value == "" || *value == 0)),
    ("null struct", |name, value| name == "securityContext" && value.is_null()),
    ("null with a default", |name, value| name == "revisionHistoryLimit" && value.is_null()),
    ("null replicas", |name, value| name == "replicas" && value.is_null()),
    ("null list", |name, value| name == "env" && value.is_null()),
    ("null map", |name, value| name == "labels" && value.is_null()),
    ("empty map", |name, value| name == "labels" && is_empty(value)),
    ("empty list", |name, value| matches!(name, "args" | "volumeMounts") && is_empty(value)),
    ("empty struct in a struct", |name, value| {
        name == "resources" && value.get("limits").is_some_and(is_empty)
    }),
    ("base64 with line breaks", |_, value| text(value).contains('\n') && text(value).contains("YWFh")),
    ("base64 with loose bits", |_, value| text(value) == "YR=="),
    ("stringData", |name, value| name == "stringData" && value.get("a").is_some()),
    ("token without expiration", |name, value| {
        name == "serviceAccountToken" && value.get("expirationSeconds").is_none()
    }),
    ("condition without status", |name, value| {
        name == "onPodConditions" && value.pointer("/0/status").is_none()
    }),
    ("null timestamp", |name, value| name == "creationTimestamp" && value.is_null()),
];

/// How many fields of the objects each entry fits.
pub(crate) fn count(objects: &[Value]) -> Vec<(&'static str, usize)> {
    let mut counts: Vec<(&str, usize)> = ENTRIES.iter().map(|(name, _)| (*name, 0)).collect();
    objects.iter().for_each(|object| visit(object, &mut counts));
    counts
}

fn visit(value: &Value, counts: &mut [(&'static str, usize)]) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                for (count, (_, fits)) in counts.iter_mut().zip(ENTRIES) {
                    count.1 += usize::from(fits(name, value));
                }
                visit(value, counts);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, counts)),
        _ => {}
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_amount(name: &str) -> bool {
    matches!(
        name,
        "cpu"
            | "memory"
            | "storage"
            | "averageValue"
            | "limits.cpu"
            | "limits.memory"
            | "sizeLimit"
            | "value"
    )
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

fn lacks_group(reference: Option<&Value>) -> bool {
    reference.is_some_and(|reference| {
        text(&reference["kind"]) != "ServiceAccount" && reference.get("apiGroup").is_none()
    })
}
