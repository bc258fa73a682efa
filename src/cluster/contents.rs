//! What lives in a namespace, or is of a kind: metadata alone, page by page, until a reader has seen enough.

use http::Method;
use serde_json::Value;

use super::answer::Failure;
use super::list::right;
use super::request::{Call, MAX_ANSWER};
use super::throttle::Purpose;
use super::{Server, url};
use crate::live::{FetchError, Resource};
use crate::object::value::text_at;

/// Metadata instead of whole objects (`k8s.io/apimachinery/pkg/apis/meta/v1`, `PartialObjectMetadataList`).
const METADATA: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
/// The kind of the answer.
const LIST: &str = "PartialObjectMetadataList";
/// Most pages: a server that repeats itself does not keep a run for ever.
const MAX_PAGES: usize = 10_000;

impl Server {
    /// The first object of a type, in a namespace or everywhere, that is looked for; `None` if the server showed all of them and
    /// none is.
    ///
    /// # Errors
    /// Not all of them could be listed.
    pub async fn find_metadata(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        wanted: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, FetchError> {
        let first = format!("{}?limit=500", url::collection(resource, namespace));
        let mut path = first.clone();
        for _ in 0..MAX_PAGES {
            let call = Call {
                purpose: Purpose::List,
                method: Method::GET,
                path,
                accept: METADATA,
                body: None,
                max_answer: MAX_ANSWER,
            };
            let page = self.sender.send(&call).await.and_then(|answer| answer.json::<Value>());
            let page = page.map_err(|failure| failure.fetch_error(&right("list", resource, namespace)))?;
            let items = match page.get("items") {
                Some(Value::Array(items)) => items.as_slice(),
                // An empty list of metadata has no items.
                None | Some(Value::Null) if text_at(&page, &["kind"]) == Some(LIST) => &[],
                _ => {
                    let failure = Failure::Nonsense("the server answered with no list".to_owned());
                    return Err(failure.fetch_error(&right("list", resource, namespace)));
                }
            };
            if let Some(found) = items.iter().find(|item| wanted(item)) {
                return Ok(Some(found.clone()));
            }
            match text_at(&page, &["metadata", "continue"]).filter(|token| !token.is_empty()) {
                None => return Ok(None),
                Some(token) => path = format!("{first}&continue={}", url::segment(token)),
            }
        }
        Err(FetchError::Failed("the server repeats a page of the list".to_owned()))
    }
}
