//! The published schemas of the kinds in use, kept on disk by content hash: as the server publishes them, and compiled.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use tokio::task::JoinSet;

use crate::cluster::answer::Failure;
use crate::cluster::request::{Call, Sender};
use crate::cluster::throttle::Purpose;
use crate::live::OpenApiDocuments;
use crate::object::id::{GroupVersion, Gvk};
use crate::schema::openapi::Document;
use crate::schema::{Schema, Schemas, stored};
use crate::store::{Bounds, Store};

const MAX_DOCUMENT: usize = 64 << 20;

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    paths: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "serverRelativeURL")]
    server_relative_url: String,
}

/// Fetches the documents of some group-versions. One that the server does not publish is left out.
///
/// # Errors
/// The failure of the index or of a document.
pub(crate) async fn documents(
    sender: &Arc<Sender>,
    cache: &Cache,
    wanted: &BTreeSet<GroupVersion>,
) -> Result<OpenApiDocuments, Failure> {
    if wanted.is_empty() {
        return Ok(OpenApiDocuments::new());
    }
    let index = index(sender).await?;
    let mut tasks = JoinSet::new();
    for gv in wanted {
        let Some(path) = document_path(&index, gv) else {
            continue;
        };
        let (gv, sender, cache) = (gv.clone(), Arc::clone(sender), cache.clone());
        tasks.spawn(async move { (gv, document(&sender, cache, path).await) });
    }
    let mut documents = OpenApiDocuments::new();
    while let Some(done) = tasks.join_next().await {
        let (gv, text) = done.map_err(|error| Failure::NotSent(error.to_string()))?;
        documents.insert(gv, text?);
    }
    Ok(documents)
}

/// Compiles the schemas of some kinds. A kind that the server does not publish is left out.
///
/// # Errors
/// The failure of the index or of a document.
pub(crate) async fn schemas(
    sender: &Arc<Sender>,
    cache: &Cache,
    wanted: &BTreeSet<Gvk>,
) -> Result<Schemas, Failure> {
    if wanted.is_empty() {
        return Ok(Schemas::new());
    }
    let mut versions: BTreeMap<GroupVersion, Vec<Gvk>> = BTreeMap::new();
    for gvk in wanted {
        versions.entry(gvk.group_version()).or_default().push(gvk.clone());
    }
    let index = index(sender).await?;
    let mut tasks = JoinSet::new();
    for (version, kinds) in versions {
        let Some(path) = document_path(&index, &version) else { continue };
        let (sender, cache) = (Arc::clone(sender), cache.clone());
        tasks.spawn(async move { compiled(&sender, cache, path, kinds).await });
    }
    let mut schemas = Schemas::new();
    while let Some(done) = tasks.join_next().await {
        schemas.extend(done.map_err(|error| Failure::NotSent(error.to_string()))??);
    }
    Ok(schemas)
}

/// The schemas of kinds of one document: as they were kept, or from the document.
async fn compiled(sender: &Sender, cache: Cache, path: String, kinds: Vec<Gvk>) -> Result<Schemas, Failure> {
    let (reader, key, wanted) = (cache.clone(), path.clone(), kinds.clone());
    let kept = blocking(move || {
        let kept = wanted.iter().map(|gvk| Some((gvk.clone(), reader.schema(&key, gvk)?)));
        kept.collect::<Option<Schemas>>()
    });
    if let Some(schemas) = kept.await? {
        return Ok(schemas);
    }
    let text = document(sender, cache.clone(), path.clone()).await?;
    blocking(move || {
        // A document that cannot be parsed describes none of its kinds.
        let Ok(document) = Document::parse(&text) else { return Schemas::new() };
        let found = kinds.iter().filter_map(|gvk| Some((gvk.clone(), document.schema(gvk)?)));
        let schemas: Schemas = found.collect();
        for (gvk, schema) in &schemas {
            cache.keep_schema(&path, gvk, schema);
        }
        schemas
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Failure::NotSent(error.to_string()))
}

async fn index(sender: &Sender) -> Result<Index, Failure> {
    sender.send(&call("/openapi/v3".to_owned())).await?.undeclared_json()
}

fn call(path: String) -> Call {
    Call { max_answer: MAX_DOCUMENT, ..Call::get(Purpose::OpenApi, path) }
}

/// Where a document is, by the server's own index; addresses outside the schema tree are not followed.
fn document_path(index: &Index, gv: &GroupVersion) -> Option<String> {
    let key = if gv.group.is_empty() { format!("api/{}", gv.version) } else { format!("apis/{gv}") };
    let path = &index.paths.get(&key)?.server_relative_url;
    (path.starts_with("/openapi/v3/") && !path.contains("..")).then(|| path.clone())
}

async fn document(sender: &Sender, cache: Cache, path: String) -> Result<Box<[u8]>, Failure> {
    if !is_hashed(&path) {
        return fetch(sender, path).await;
    }
    let (reader, key) = (cache.clone(), path.clone());
    if let Some(text) = blocking(move || reader.document(&key)).await? {
        return Ok(text);
    }
    let text = fetch(sender, path.clone()).await?;
    let copy = text.clone();
    blocking(move || cache.keep_document(&path, &copy)).await?;
    Ok(text)
}

/// True if the address says what the content is, so that it can be kept.
fn is_hashed(path: &str) -> bool {
    path.contains("hash=")
}

async fn fetch(sender: &Sender, path: String) -> Result<Box<[u8]>, Failure> {
    let answer = match sender.send(&call(path.clone())).await {
        // The schema changed since the index was read: the address without a hash gives the present one.
        Err(failure) if matches!(failure.code(), Some(301 | 302 | 307 | 308)) => {
            let plain = path.split('?').next().unwrap_or_default().to_owned();
            sender.send(&call(plain)).await?
        }
        other => other?,
    };
    answer.undeclared_json::<serde::de::IgnoredAny>()?;
    Ok(answer.body.into_boxed_slice())
}

/// Documents and compiled schemas of one server: hashes are the server's word, so servers share nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cache {
    documents: Store,
    compiled: Store,
    server: String,
}

/// Compiled schemas are small: a kind of Kubernetes itself has some ten kilobytes.
const COMPILED: Bounds = Bounds { files: 2_000, bytes: 32 << 20 };

impl Cache {
    /// A cache below `root`; `None` keeps nothing.
    pub(crate) fn new(root: Option<&Path>, server: &str) -> Self {
        Self {
            documents: Store::new(root, "openapi", Bounds::default()),
            compiled: Store::new(root, "schemas", COMPILED),
            server: server.to_owned(),
        }
    }

    fn document(&self, path: &str) -> Option<Box<[u8]>> {
        self.documents.get(&[self.server.as_bytes(), path.as_bytes()])
    }

    fn keep_document(&self, path: &str, text: &[u8]) {
        told(self.documents.put(&[self.server.as_bytes(), path.as_bytes()], text));
    }

    fn schema(&self, path: &str, gvk: &Gvk) -> Option<Schema> {
        let schema = stored::decode(&self.compiled.get(&self.schema_key(path, &gvk.to_string()))?)?;
        // Whatever is in the file: a schema of Kubernetes itself is one only for its own groups.
        (schema.builtin == crate::schema::builtin::is_builtin_group(&gvk.group)).then_some(schema)
    }

    fn keep_schema(&self, path: &str, gvk: &Gvk, schema: &Schema) {
        if is_hashed(path) {
            let name = gvk.to_string();
            told(self.compiled.put(&self.schema_key(path, &name), &stored::encode(schema)));
        }
    }

    fn schema_key<'a>(&'a self, path: &'a str, gvk: &'a str) -> [&'a [u8]; 5] {
        // Another release may compile the same document into something else.
        let release = concat!(env!("CARGO_PKG_VERSION"), " ");
        [
            release.as_bytes(),
            stored::FORMAT.as_bytes(),
            self.server.as_bytes(),
            path.as_bytes(),
            gvk.as_bytes(),
        ]
    }
}

/// A cache that cannot be written costs time in the next run, nothing else.
fn told(written: std::io::Result<()>) {
    if let Err(error) = written {
        tracing::debug!(%error, "the schema cache cannot be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_leads_to_documents_and_nowhere_else() {
        let index: Index = serde_json::from_str(
            r#"{"paths": {
                "api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=AB"},
                "apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=CD"},
                "apis/evil/v1": {"serverRelativeURL": "/api/v1/secrets"},
                "apis/evil/v2": {"serverRelativeURL": "/openapi/v3/../../api/v1/secrets"},
                ".well-known/openid-configuration": {"serverRelativeURL": "/openapi/v3/x"}}}"#,
        )
        .unwrap();
        let path = |gv: &str| document_path(&index, &GroupVersion::parse(gv).unwrap());
        assert_eq!(path("v1").as_deref(), Some("/openapi/v3/api/v1?hash=AB"));
        assert_eq!(path("apps/v1").as_deref(), Some("/openapi/v3/apis/apps/v1?hash=CD"));
        assert_eq!(path("apps/v2"), None);
        assert_eq!(path("evil/v1"), None);
        assert_eq!(path("evil/v2"), None);
    }

    #[test]
    fn what_is_kept_belongs_to_one_server_and_one_content() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(root.path()), "https://a");
        let (thing, other) = (Gvk::new("example.org", "v1", "Thing"), Gvk::new("", "v1", "Thing"));
        cache.keep_document("/p?hash=1", b"{}");
        cache.keep_schema("/p?hash=1", &thing, &Schema::deduced());
        cache.keep_schema("/p", &thing, &Schema::deduced());
        assert_eq!(cache.document("/p?hash=1").as_deref(), Some(&b"{}"[..]));
        assert_eq!(cache.schema("/p?hash=1", &thing), Some(Schema::deduced()));
        assert_eq!(cache.document("/p?hash=2"), None);
        assert_eq!(cache.schema("/p?hash=2", &thing), None);
        assert_eq!(cache.schema("/p?hash=1", &other), None);
        assert_eq!(cache.schema("/p", &thing), None, "nobody knows when that changes");
        let elsewhere = Cache::new(Some(root.path()), "https://b");
        assert_eq!((elsewhere.document("/p?hash=1"), elsewhere.schema("/p?hash=1", &thing)), (None, None));
        // A schema that says of itself what its group does not.
        cache.keep_schema("/p?hash=1", &other, &Schema::deduced());
        assert_eq!(cache.schema("/p?hash=1", &other), None);
    }
}
