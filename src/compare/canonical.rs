//! Proves that the server stores a desired value as exactly the live value, although the texts differ.
//!
//! Built-in types are decoded and defaulted by the server; custom resources are stored as written, but for the structural
//! defaults of their definition. The rules can only turn "not proven" into "proven": each is a fact recorded from a real server,
//! and whatever no rule covers is asked of it.

use serde_json::{Map, Value};

use super::defaults;
use crate::object::quantity::{self, Rounding};
use crate::object::value::{is_zero, same};
use crate::schema::builtin::{ZeroValue, zero_value};
use crate::schema::defaulting::defaulted;
use crate::schema::openapi::RAW_EXTENSION;
use crate::schema::{Form, ListKind, MapType, NodeId, Schema};

/// Where a value stands: what the server does with its zero, and with which default.
struct Place<'a> {
    node: NodeId,
    zero: ZeroValue,
    default: Option<Value>,
    rounding: Rounding,
    /// The value is an entry of a map, which is never left out.
    entry: bool,
    schema: &'a Schema,
}

/// True if the server stores `desired` of the field `field` in the struct or map `parent` as exactly `live`.
///
/// `siblings` is the desired parent: some defaults depend on a field beside it.
pub fn is_stored_as(
    schema: &Schema,
    parent: NodeId,
    field: &str,
    siblings: Option<&Map<String, Value>>,
    desired: Option<&Value>,
    live: Option<&Value>,
) -> bool {
    if !schema.builtin {
        let node = schema.node(parent).map.as_ref().and_then(|map| map.child(field));
        return matches!((desired, live, node), (Some(a), Some(b), Some(node)) if is_defaulted_to(schema, node, a, b));
    }
    match schema.node(parent).map.as_ref() {
        Some(map) => {
            child(schema, parent, map, field, siblings).is_some_and(|place| stored(&place, desired, live))
        }
        None => false,
    }
}

/// True if the server stores the list item or root `desired` as exactly `live`.
pub fn is_item_stored_as(schema: &Schema, node: NodeId, desired: &Value, live: &Value) -> bool {
    if !schema.builtin {
        return is_defaulted_to(schema, node, desired, live);
    }
    stored(&item(schema, node), Some(desired), Some(live))
}

/// True if the structural defaults make exactly `live` of `desired`. They are local: what stands around a value does not matter.
fn is_defaulted_to(schema: &Schema, node: NodeId, desired: &Value, live: &Value) -> bool {
    same(&defaulted(schema, node, desired), live)
}

fn item(schema: &Schema, node: NodeId) -> Place<'_> {
    Place { node, zero: ZeroValue::Written, default: None, rounding: Rounding::Nano, entry: true, schema }
}

fn child<'a>(
    schema: &'a Schema,
    parent: NodeId,
    map: &MapType,
    field: &str,
    siblings: Option<&Map<String, Value>>,
) -> Option<Place<'a>> {
    let node = map.child(field)?;
    if !map.fields.contains_key(field) {
        return Some(Place { rounding: Rounding::Milli, ..item(schema, node) });
    }
    let name = schema.node(parent).name.as_deref().unwrap_or_default();
    let default = defaults::value(name, field, siblings);
    Some(Place {
        node,
        zero: zero_value(name, field),
        default,
        rounding: Rounding::Nano,
        entry: false,
        schema,
    })
}

/// The default that the server fills in where a field of a built-in type is null, if it depends on no other field.
pub(super) fn default_of(schema: &Schema, parent: NodeId, field: &str) -> Option<Value> {
    let node = schema.node(parent);
    let name = node.name.as_deref().filter(|_| schema.builtin)?;
    defaults::value(name, field, None)
}

fn stored(place: &Place<'_>, desired: Option<&Value>, live: Option<&Value>) -> bool {
    let node = place.schema.node(place.node);
    let name = node.name.as_deref().unwrap_or_default();
    let free = node.map.is_some() && node.list.is_some() && !name.ends_with(".IntOrString");
    if free || name == RAW_EXTENSION || [NodeId::DEDUCED, NodeId::UNTYPED].contains(&place.node) {
        // What is kept as it came, such as the parameters of a driver.
        return desired.zip(live).is_some_and(|(desired, live)| same(desired, live));
    }
    if let (Some(desired), Some(live)) = (desired, live)
        && (same(desired, live) || is_spelling(place, desired, live))
    {
        return true;
    }
    let zero = desired.is_none_or(is_zero);
    // A pointer tells an explicit zero from nothing: no replicas are none, and not one.
    let replaced = desired.is_none_or(Value::is_null) || (zero && place.zero != ZeroValue::Kept);
    if replaced && let (Some(default), Some(live)) = (&place.default, live) {
        return same(default, live);
    }
    if zero && is_stored_zero(place, desired, live) {
        return true;
    }
    is_deeply_stored(place, desired, live)
}

/// Another spelling of the same scalar that the server normalises.
fn is_spelling(place: &Place<'_>, desired: &Value, live: &Value) -> bool {
    let Some(live) = live.as_str() else { return false };
    match place.schema.node(place.node).form {
        Form::Quantity => quantity::stored(desired, place.rounding).as_deref() == Some(live),
        Form::Time => desired.as_str().and_then(stored_time).as_deref() == Some(live),
        Form::Bytes => desired.as_str().and_then(stored_bytes).as_deref() == Some(live),
        Form::Verbatim => false,
    }
}

/// RFC 3339 in UTC with whole seconds; fractions are cut off, as `metav1.Time` does.
fn stored_time(text: &str) -> Option<String> {
    let time: jiff::Timestamp = text.parse().ok()?;
    let whole =
        jiff::Timestamp::from_second(time.as_second() - i64::from(time.subsec_nanosecond() < 0)).ok()?;
    Some(whole.to_string())
}

/// Base64 without line breaks and with zero trailing bits.
fn stored_bytes(text: &str) -> Option<String> {
    use base64::Engine as _;
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose};
    let lenient = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical);
    let decoder = GeneralPurpose::new(&base64::alphabet::STANDARD, lenient);
    let joined: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    decoder.decode(joined).ok().map(|bytes| general_purpose::STANDARD.encode(bytes))
}

fn is_stored_zero(place: &Place<'_>, desired: Option<&Value>, live: Option<&Value>) -> bool {
    let null_or_absent = desired.is_none_or(Value::is_null);
    if place.entry {
        return desired.is_some_and(Value::is_null) && live == Some(&Value::from(""));
    }
    match place.zero {
        ZeroValue::LeftOut => live.is_none(),
        ZeroValue::Kept => null_or_absent && live.is_none(),
        ZeroValue::Written => null_or_absent && live.is_some_and(|live| is_zero(live) && !live.is_null()),
        ZeroValue::Null => live.is_none_or(Value::is_null),
        ZeroValue::EmptyStruct => live.is_some_and(|live| live.as_object().is_some_and(Map::is_empty)),
    }
}

fn is_deeply_stored(place: &Place<'_>, desired: Option<&Value>, live: Option<&Value>) -> bool {
    let schema = place.schema;
    let node = schema.node(place.node);
    let empty = Map::new();
    match (desired, live) {
        (Some(Value::Array(desired)), Some(Value::Array(live))) => {
            let Some(list) = &node.list else { return false };
            let place = item(schema, list.element);
            // Apply refuses a null among keys, even where nothing is merged by them.
            let nulls = list.kind != ListKind::Atomic && desired.iter().any(Value::is_null);
            !nulls
                && desired.len() == live.len()
                && desired.iter().zip(live).all(|(d, l)| stored(&place, Some(d), Some(l)))
        }
        (Some(Value::Object(desired)), Some(Value::Object(live))) => is_map_stored(place, desired, live),
        (None | Some(Value::Null), Some(Value::Object(live))) if place.zero == ZeroValue::EmptyStruct => {
            is_map_stored(place, &empty, live)
        }
        _ => false,
    }
}

fn is_map_stored(place: &Place<'_>, desired: &Map<String, Value>, live: &Map<String, Value>) -> bool {
    let schema = place.schema;
    let node = schema.node(place.node);
    let Some(map) = &node.map else {
        return false;
    };
    let desired = &*defaults::cascaded(node.name.as_deref().unwrap_or_default(), desired);
    let keys = desired.keys().chain(live.keys().filter(|key| !desired.contains_key(*key)));
    keys.into_iter().all(|key| {
        child(schema, place.node, map, key, Some(desired))
            .is_some_and(|place| stored(&place, desired.get(key), live.get(key)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Gvk;
    use crate::schema::openapi::Document;
    use serde_json::json;

    /// A pod spec as the server publishes it, cut to what the cases below need.
    fn schema() -> Schema {
        let reference = |name: &str| json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}]});
        let text = json!({"type": "string"});
        let document = json!({"components": {"schemas": {
            "io.k8s.api.core.v1.Pod": {"type": "object", "properties": {"spec": reference("io.k8s.api.core.v1.PodSpec")},
                "x-kubernetes-group-version-kind": [{"group": "", "version": "v1", "kind": "Pod"}]},
            "io.k8s.api.core.v1.PodSpec": {"type": "object", "properties": {
                "hostNetwork": {"type": "boolean"}, "automountServiceAccountToken": {"type": "boolean"},
                "nodeSelector": {"type": "object", "additionalProperties": text, "x-kubernetes-map-type": "atomic"},
                "overhead": {"type": "object", "additionalProperties": reference("io.k8s.apimachinery.pkg.api.resource.Quantity")},
                "securityContext": {"type": "object"},
                "dnsPolicy": text, "field": reference("io.k8s.api.core.v1.ObjectFieldSelector")}},
            "io.k8s.api.core.v1.ObjectFieldSelector": {"type": "object", "x-kubernetes-map-type": "atomic",
                "properties": {"apiVersion": text, "fieldPath": text}},
            "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
        }}});
        let document = Document::parse(document.to_string().as_bytes()).unwrap();
        document.schema(&Gvk::new("", "v1", "Pod")).unwrap()
    }

    #[test]
    fn a_pod_spec_is_stored_as_recorded() {
        let schema = schema();
        let spec = schema.node(schema.root()).map.as_ref().unwrap().child("spec").unwrap();
        let absent = json!("absent");
        let table = [
            ("hostNetwork", json!(false), absent.clone(), true),
            ("hostNetwork", json!(true), absent.clone(), false),
            ("automountServiceAccountToken", json!(false), absent.clone(), false),
            ("automountServiceAccountToken", json!(null), absent.clone(), true),
            ("nodeSelector", json!({"a": null}), json!({"a": ""}), true),
            ("nodeSelector", json!({"a": ""}), json!({}), false),
            ("nodeSelector", json!({}), absent.clone(), true),
            ("overhead", json!({"cpu": "0.0001"}), json!({"cpu": "1m"}), true),
            ("overhead", json!({"cpu": "0.5"}), json!({"cpu": "0.5"}), true),
            ("overhead", json!({"cpu": "1"}), json!({"cpu": "1000m"}), false),
            ("securityContext", json!(null), json!({}), true),
            ("dnsPolicy", json!(""), json!("ClusterFirst"), true),
            ("dnsPolicy", json!(""), json!("Default"), false),
            ("field", json!({"fieldPath": "a"}), json!({"apiVersion": "v1", "fieldPath": "a"}), true),
            ("field", json!({"fieldPath": "a"}), json!({"apiVersion": "v2", "fieldPath": "a"}), false),
        ];
        for (field, desired, live, expected) in table {
            let live = (live != absent).then_some(&live);
            let got = is_stored_as(&schema, spec, field, None, Some(&desired), live);
            assert_eq!(got, expected, "{field}: {desired} as {live:?}");
        }
    }

    #[test]
    fn times_and_bytes_are_normalised_as_recorded() {
        assert_eq!(stored_time("2024-01-01T01:00:00+01:00").as_deref(), Some("2024-01-01T00:00:00Z"));
        assert_eq!(stored_time("2024-01-01T00:00:00.75Z").as_deref(), Some("2024-01-01T00:00:00Z"));
        assert_eq!(stored_bytes("YW\nJj\r\n").as_deref(), Some("YWJj"));
        assert_eq!(stored_bytes("YR==").as_deref(), Some("YQ=="));
        for wrong in ["YQ", "Y Q==", "_-=="] {
            assert_eq!(stored_bytes(wrong), None, "{wrong}");
        }
    }
}
