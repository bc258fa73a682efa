//! Output of `kubectl get -o yaml|json`: objects without discovery, and nobody knows what was left out.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::SnapshotError;
use crate::cluster::gathered::{Gathered, Key};
use crate::live::{Catalog, Observed, Resource};
use crate::object::id::{GroupVersion, Gvk};
use crate::object::value::text_at;
use crate::render::yaml;

/// Deepest nesting of lists in lists.
const MAX_DEPTH: usize = 10;

/// Objects that were printed.
#[derive(Debug, Default)]
pub(super) struct Printed {
    objects: BTreeMap<Gvk, BTreeMap<Key, Value>>,
}

impl Printed {
    /// Adds the objects of one file.
    ///
    /// # Errors
    /// The file is not YAML or JSON, holds something that is no object, or an object that differs from one before.
    pub(super) fn add(&mut self, path: &Path, bytes: &[u8]) -> Result<(), SnapshotError> {
        let invalid = |reason: String| SnapshotError::Invalid { path: path.to_owned(), reason };
        for document in documents(bytes).map_err(invalid)? {
            self.add_object(document, None, MAX_DEPTH).map_err(invalid)?;
        }
        Ok(())
    }

    fn add_object(&mut self, mut object: Value, of_list: Option<&Gvk>, depth: usize) -> Result<(), String> {
        let gvk = match (gvk(&object), of_list) {
            (Some(gvk), _) => gvk,
            (None, Some(gvk)) => gvk.clone(),
            (None, None) => return Err("holds something without apiVersion and kind".to_owned()),
        };
        if let (Some(kind), Some(Value::Array(items))) =
            (gvk.kind.strip_suffix("List"), object.get_mut("items"))
        {
            let depth = depth.checked_sub(1).ok_or("holds lists in lists, too deep")?;
            // The items of a typed list have the type of the list; those of a plain List name their own.
            let of_list = (!kind.is_empty()).then(|| Gvk::new(&gvk.group, &gvk.version, kind));
            return std::mem::take(items)
                .into_iter()
                .try_for_each(|item| self.add_object(item, of_list.as_ref(), depth));
        }
        let key = super::document::key(&object.to_string())
            .ok_or_else(|| format!("holds a {gvk} whose name is missing or no text"))?;
        let name = format!("{gvk} {}/{}", key.0, key.1);
        match self.objects.entry(gvk).or_default().insert(key, object.clone()) {
            Some(other) if other != object => Err(format!("holds another {name} than a file before it")),
            _ => Ok(()),
        }
    }

    /// Types and objects. Scope is seen from the objects; names of types in URLs are not known and not needed.
    pub(super) fn finish(self) -> (Catalog, BTreeMap<Gvk, Gathered>) {
        let mut catalog = Catalog::default();
        let reason = "a file of printed objects does not tell what the server serves";
        catalog.incomplete.insert("*".to_owned(), reason.to_owned());
        let mut types = BTreeMap::new();
        for (gvk, objects) in self.objects {
            let resource = Resource {
                plural: gvk.kind.to_lowercase(),
                namespaced: objects.keys().any(|(namespace, _)| !namespace.is_empty()),
                has_status: objects.values().any(|object| object.get("status").is_some()),
                listable: true,
                gvk: gvk.clone(),
            };
            catalog.resources.insert(gvk.clone(), resource);
            let found = objects.into_iter().map(|(key, object)| {
                let json = object.to_string().into_bytes().into_boxed_slice();
                (key, Observed { json })
            });
            types.insert(gvk, Gathered { found: found.collect(), ..Gathered::nothing() });
        }
        (catalog, types)
    }

    /// True if every object tells its owners: kubectl hides `managedFields` unless asked.
    pub(super) fn owners_recorded(&self) -> bool {
        let mut objects = self.objects.values().flat_map(BTreeMap::values);
        objects.all(|object| object.pointer("/metadata/managedFields").is_some())
    }
}

fn gvk(object: &Value) -> Option<Gvk> {
    let gv = GroupVersion::parse(text_at(object, &["apiVersion"])?)?;
    let kind = text_at(object, &["kind"]).filter(|kind| !kind.is_empty())?;
    Some(Gvk::new(&gv.group, &gv.version, kind))
}

/// The documents of a file: JSON as such, since lists can be large, everything else as YAML.
fn documents(bytes: &[u8]) -> Result<Vec<Value>, String> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Ok(vec![value]);
    }
    let reading = yaml::read(bytes, yaml::Dialect::Plain).map_err(|problems| {
        let first = problems.first();
        first.map_or(String::new(), |remark| {
            format!("line {}, column {}: {}", remark.line, remark.column, remark.message)
        })
    })?;
    Ok(reading.documents.into_iter().map(|document| document.value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(files: &[&str]) -> Result<Printed, String> {
        let mut printed = Printed::default();
        for (index, text) in files.iter().enumerate() {
            let path = format!("f{index}");
            printed.add(Path::new(&path), text.as_bytes()).map_err(|error| error.to_string())?;
        }
        Ok(printed)
    }

    fn names(printed: Printed) -> Vec<String> {
        let (_, types) = printed.finish();
        let names = types.iter().flat_map(|(gvk, gathered)| {
            gathered.found.keys().map(move |(namespace, name)| format!("{gvk} {namespace}/{name}"))
        });
        names.collect()
    }

    #[test]
    fn every_form_that_kubectl_prints_is_read() {
        let yaml = "apiVersion: v1\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {name: web, namespace: shop}\n\
                    - apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: c, namespace: shop}\n  data: {on: 'yes', k: 0o7}\nkind: List\n";
        let stream = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: b}\n";
        // As `kubectl get --raw` prints it: items without a type of their own.
        let raw = json!({"apiVersion": "v1", "kind": "SecretList", "items": [{"metadata": {"name": "s", "namespace": "shop"}}]});
        let single = json!({"apiVersion": "example.org/v1", "kind": "Shortlist", "metadata": {"name": "x"}, "items": "no list"});
        let printed = read(&[yaml, stream, &raw.to_string(), &single.to_string(), ""]).unwrap();
        assert_eq!(
            names(printed),
            [
                "v1 ConfigMap shop/c",
                "v1 Namespace /a",
                "v1 Namespace /b",
                "v1 Secret shop/s",
                "apps/v1 Deployment shop/web",
                "example.org/v1 Shortlist /x"
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_an_error_that_names_the_file() {
        for (text, reason) in [
            ("kind: ConfigMap\nmetadata: {name: c}\n", "f0: holds something without apiVersion and kind"),
            (
                "apiVersion: v1\nkind: ConfigMap\n",
                "f0: holds a v1 ConfigMap whose name is missing or no text",
            ),
            ("- a\n", "f0: holds something without apiVersion and kind"),
            ("{\"apiVersion\": \"v1\"", "f0: line 2, column 1: "),
        ] {
            let error = read(&[text]).unwrap_err();
            assert!(error.starts_with(reason), "{error}");
        }
        let object = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"k": value}});
        let (one, other) = (object("1").to_string(), object("2").to_string());
        assert!(read(&[&one, &one]).is_ok());
        assert_eq!(
            read(&[&one, &other]).unwrap_err(),
            "f1: holds another v1 ConfigMap /c than a file before it"
        );
        let mut deep = object("1");
        for _ in 0..12 {
            deep = json!({"apiVersion": "v1", "kind": "List", "items": [deep]});
        }
        assert_eq!(read(&[&deep.to_string()]).unwrap_err(), "f0: holds lists in lists, too deep");
    }
}
