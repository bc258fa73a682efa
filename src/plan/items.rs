//! Named parts of objects that a plan takes out: containers, volumes and ports. Without a question they count as deletions do.

use serde_json::Value;

use super::{Action, Plan};
use crate::compare::leftover::Gone;
use crate::object::id::ObjectId;
use crate::object::path::{FieldPath, PathElement};

/// The lists whose items count.
const LISTS: &[&str] = &["containers", "initContainers", "ephemeralContainers", "volumes", "ports"];

/// Every item that goes, with its object, whoever put it there. An item inside one that goes is not told apart.
pub fn taken_out(plan: &Plan) -> Vec<(ObjectId, FieldPath)> {
    let mut found = Vec::new();
    for step in &plan.steps {
        let gone: &[Gone] = match &step.action {
            Action::Update(update) => &update.sending.gone,
            Action::Revert(revert) => &revert.reverting.gone,
            _ => continue,
        };
        let items = gone.iter().flat_map(|gone| items(&gone.path, &gone.live));
        found.extend(items.map(|path| (step.id.clone(), path)));
    }
    found
}

/// The items at or below a path.
fn items(path: &FieldPath, value: &Value) -> Vec<FieldPath> {
    let is_list =
        |element: &PathElement| matches!(element, PathElement::Field(name) if LISTS.contains(&&**name));
    if let [.., list, PathElement::Key(_)] = &path.0[..]
        && is_list(list)
    {
        return vec![path.clone()];
    }
    match value {
        Value::Array(items) if path.0.last().is_some_and(is_list) => {
            let below = |number| FieldPath([&path.0[..], &[PathElement::Index(number)]].concat());
            (0..items.len()).map(below).collect()
        }
        Value::Object(map) => {
            map.iter().flat_map(|(key, value)| items(&path.clone().field(key), value)).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(names: &[&str], key: Option<&str>) -> FieldPath {
        let mut path = names.iter().fold(FieldPath::default(), |path, name| path.field(name));
        path.0.extend(key.map(|key| PathElement::Key(vec![("name".to_owned(), json!(key))])));
        path
    }

    #[test]
    fn containers_volumes_and_ports_are_counted_once() {
        let pod = ["spec", "template", "spec"];
        let count = |path: FieldPath, value: Value| items(&path, &value).len();
        let container = json!({"name": "debug", "ports": [{"containerPort": 1}, {"containerPort": 2}]});
        let list = |name: &'static str| [&pod[..], &[name]].concat();
        assert_eq!(
            count(at(&list("containers"), Some("debug")), container.clone()),
            1,
            "its ports go with it"
        );
        assert_eq!(count(at(&list("volumes"), None), json!([{"name": "a"}, {"name": "b"}])), 2);
        assert_eq!(count(at(&["spec", "ports"], Some("http")), json!({"port": 80})), 1);
        assert_eq!(count(at(&pod, None), json!({"containers": [container], "volumes": [{"name": "a"}]})), 2);
        assert_eq!(count(at(&list("containers"), Some("web")).field("image"), json!("i")), 0);
        assert_eq!(count(at(&["data", "ports"], None), json!("80")), 0);
        assert_eq!(count(at(&list("tolerations"), None), json!([{"key": "a"}])), 0);
    }
}
