//! One page of a list, read while it arrives: each item is looked at, kept if it is wanted, and forgotten.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::cluster::answer::{Failure, content_type, declared_json};
use crate::cluster::gathered::Key;
use crate::cluster::list::Plan;
use crate::cluster::request::Intake;
use crate::cluster::split::Splitter;
use crate::live::Observed;

/// The largest object that is read; a server stores none of a quarter of this.
const MAX_ITEM: usize = 16 << 20;

/// A page that arrives.
#[derive(Debug)]
pub(crate) struct Reading {
    plan: Arc<Plan>,
    splitter: Splitter,
    page: Page,
}

/// A whole page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// What was kept of it, in the order of the server.
    pub(crate) kept: Vec<(Key, Observed)>,
    /// How many objects it had.
    pub(crate) items: usize,
    /// Where the next page begins; `None` if there is no other.
    pub(crate) token: Option<String>,
    /// How many objects are behind it, by the server's count.
    pub(crate) left: Option<u64>,
}

/// What says whether an item is wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct Head<'a> {
    #[serde(borrow, default)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) metadata: Meta<'a>,
}

/// The part of `metadata` that says whether an item is wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct Meta<'a> {
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) labels: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    metadata: ListMeta<'a>,
    /// Its items were taken out; absent is an error, `null` is an empty list (Go's nil slice).
    #[serde(default, deserialize_with = "emptied")]
    items: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMeta<'a> {
    #[serde(rename = "continue", borrow, default)]
    token: Cow<'a, str>,
    #[serde(default)]
    remaining_item_count: Option<u64>,
}

/// True for the empty list that the splitter leaves, and for null.
fn emptied<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let items = Option::<Vec<IgnoredAny>>::deserialize(deserializer)?;
    Ok(items.is_none_or(|items| items.is_empty()))
}

impl Reading {
    /// Begins to read a page.
    ///
    /// # Errors
    /// The answer is not declared as JSON.
    pub(crate) fn begin(plan: &Arc<Plan>, headers: &HeaderMap) -> Result<Self, Failure> {
        declared_json(content_type(headers))?;
        Ok(Self { plan: Arc::clone(plan), splitter: Splitter::new(MAX_ITEM), page: Page::default() })
    }
}

impl Intake for Reading {
    type Whole = Page;

    fn piece(&mut self, piece: &[u8]) -> Result<(), Failure> {
        let Self { plan, splitter, page } = self;
        splitter.feed(piece, &mut |item| page.take(plan, item))
    }

    fn whole(mut self) -> Result<Page, Failure> {
        let envelope = self.splitter.finish()?;
        let list: Envelope = serde_json::from_slice(&envelope).map_err(|error| Failure::not_json(&error))?;
        if !list.kind.ends_with("List") || !list.items {
            return Err(Failure::Nonsense("the server answered 200 without a list".to_owned()));
        }
        self.page.token = Some(list.metadata.token.into_owned()).filter(|token| !token.is_empty());
        self.page.left = list.metadata.remaining_item_count;
        Ok(self.page)
    }
}

impl Page {
    fn take(&mut self, plan: &Plan, item: &[u8]) -> Result<(), Failure> {
        let head: Head = serde_json::from_slice(item).map_err(|error| Failure::not_json(&error))?;
        self.items += 1;
        if let Some(key) = plan.key_if_kept(&head.metadata) {
            self.kept.push((key, Observed { json: item.into() }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::list::Keep;
    use crate::cluster::list::tests::plan;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn read(pieces: &[&[u8]], keep: Keep) -> Result<Page, Failure> {
        let headers = HeaderMap::from_iter([(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        )]);
        let mut reading = Reading::begin(&Arc::new(plan(keep)), &headers)?;
        pieces.iter().try_for_each(|piece| reading.piece(piece))?;
        reading.whole()
    }

    fn body(token: &str) -> Value {
        json!({"kind": "ConfigMapList", "apiVersion": "v1",
        "metadata": {"resourceVersion": "7", "continue": token, "remainingItemCount": 3}, "items": [
            {"metadata": {"name": "x", "namespace": "a", "labels": {"k": "\u{e9}\n"}}, "data": {"b": "]}\\\"", "a": "2"}},
            {"metadata": {"name": "y", "namespace": "a"}},
            {"metadata": {"name": "x", "namespace": "b"}}]})
    }

    fn value(observed: &Observed) -> Value {
        serde_json::from_slice(&observed.json).unwrap()
    }

    #[test]
    fn items_with_the_label_of_the_set_are_kept() {
        let mut labelled = body("");
        labelled["items"][1]["metadata"]["labels"] =
            json!({"applyset.kubernetes.io/part-of": "applyset-1-v1"});
        let plan = Plan { label: Some("applyset-1-v1".into()), ..plan(Keep::Wanted) };
        let mut page = Page::default();
        for item in labelled["items"].as_array().unwrap() {
            page.take(&plan, item.to_string().as_bytes()).unwrap();
        }
        let names: Vec<&str> = page.kept.iter().map(|((_, name), _)| name.as_str()).collect();
        assert_eq!(names, ["x", "y"]);
    }

    #[test]
    fn wanted_items_are_kept_as_they_came() {
        let text = body("").to_string();
        let page = read(&[text.as_bytes()], Keep::Wanted).unwrap();
        assert_eq!((page.token, page.left, page.items), (None, Some(3), 3));
        let [(key, observed)] = &page.kept[..] else { panic!("{:?}", page.kept) };
        assert_eq!(*key, ("a".to_owned(), "x".to_owned()));
        assert_eq!(value(observed), body("")["items"][0]);
        let page = read(&[body("t=/+").to_string().as_bytes()], Keep::All).unwrap();
        assert_eq!((page.token.as_deref(), page.kept.len()), (Some("t=/+"), 3));
    }

    #[test]
    fn every_cut_of_a_list_is_an_error() {
        let text = body("").to_string();
        for end in 0..text.len() {
            assert!(read(&[&text.as_bytes()[..end]], Keep::Wanted).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn what_is_not_a_list_is_an_error() {
        for (text, ok) in [
            (r#"{"kind":"ConfigMapList","items":null}"#, true),
            (r#"{"kind":"ConfigMapList","items":[]}"#, true),
            (r#"{"items":[{"metadata":{"name":"x"}}],"kind":"ConfigMapList"}"#, true),
            (
                r#" { "items" : [ {"metadata":{"name":"x"}} , {"metadata":{"name":"y"}} ] , "kind":"ConfigMapList" } "#,
                true,
            ),
            (r#"{"kind":"ConfigMapList"}"#, false),
            (r#"{"kind":"ConfigMapList","items":{}}"#, false),
            (r#"{"kind":"ConfigMapList","items":"[]"}"#, false),
            (r#"{"kind":"ConfigMapList","\u0069tems":[{"metadata":{"name":"x"}}]}"#, false),
            (r#"{"kind":"ConfigMapList","metadata":{"items":[{"metadata":{"name":"x"}}]}}"#, false),
            (r#"{"kind":"ConfigMapList","items":[],"items":[]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[{"metadata":{"name":"x"}},]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[,{"metadata":{"name":"x"}}]}"#, false),
            (
                r#"{"kind":"ConfigMapList","items":[{"metadata":{"name":"x"}}{"metadata":{"name":"y"}}]}"#,
                false,
            ),
            (r#"{"kind":"ConfigMapList","items":[{"metadata":{"name":"x"}]]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[[{"metadata":{"name":"x"}}]]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[]} {}"#, false),
            (r#"{"kind":"ConfigMapList","items":[]}}"#, false),
            (r#"{"kind":"Status","status":"Failure","items":[]}"#, false),
            (r#"{"items":[]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[{}]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[{"metadata":{}}]}"#, false),
            (r#"{"kind":"ConfigMapList","items":[null]}"#, false),
            (r#"[{"kind":"ConfigMapList","items":[]}]"#, false),
            ("<html></html>", false),
            ("", false),
        ] {
            assert_eq!(read(&[text.as_bytes()], Keep::Wanted).is_ok(), ok, "{text}");
        }
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let text = r#"[a-z"\\{}\[\],: \u{0}\u{e9}\u{1F600}]{0,8}"#;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map(text, inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Whatever stands in the items, around them and wherever the pieces end: the same as a parser of whole texts.
        #[test]
        fn items_are_those_of_a_whole_parse(
            values in prop::collection::vec(json_value(), 0..6),
            extra in json_value(),
            pretty in any::<bool>(),
            items_first in any::<bool>(),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        ) {
            let items: Vec<Value> = values.into_iter().enumerate()
                .map(|(at, value)| json!({"metadata": {"name": format!("n{at}"), "namespace": "a"}, "x": value}))
                .collect();
            // A map orders its members by name, so their names decide where the items stand.
            let around = if items_first { "zz" } else { "aa" };
            let list = json!({"kind": "XList", "items": items, "metadata": {"continue": "t"}, around: extra});
            let text = if pretty { serde_json::to_string_pretty(&list).unwrap() } else { list.to_string() };
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
            let page = read(&pieces, Keep::All).unwrap();
            let found: Vec<Value> = page.kept.iter().map(|(_, observed)| value(observed)).collect();
            prop_assert_eq!(found, items);
            prop_assert_eq!(page.token.as_deref(), Some("t"));
            // One byte at a time is the hardest cut of all.
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(read(&single, Keep::All).unwrap().items, page.items);
        }
    }
}
