//! The published schemas of the group-versions in use, kept on disk by content hash.
#![expect(clippy::disallowed_methods, reason = "keeps documents on disk: an edge")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use crate::cluster::answer::Failure;
use crate::cluster::request::{Call, Sender};
use crate::cluster::throttle::Purpose;
use crate::live::OpenApiDocuments;
use crate::object::id::GroupVersion;

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
    let index: Index = sender.send(&call("/openapi/v3".to_owned())).await?.undeclared_json()?;
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
    if !path.contains("hash=") {
        return fetch(sender, path).await;
    }
    let (reader, key) = (cache.clone(), path.clone());
    if let Ok(Some(text)) = tokio::task::spawn_blocking(move || reader.get(&key)).await {
        return Ok(text);
    }
    let text = fetch(sender, path.clone()).await?;
    let copy = text.clone();
    // A cache that cannot be written costs time in the next run, nothing else.
    let written = tokio::task::spawn_blocking(move || cache.put(&path, &copy)).await;
    if let Ok(Err(error)) = written {
        tracing::debug!(%error, "the schema cache cannot be written");
    }
    Ok(text)
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

/// A directory of documents; each file is the digest of its content and the content.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cache {
    directory: Option<PathBuf>,
    server: String,
}

const DIGEST: usize = 32;

impl Cache {
    /// A cache below `root` for one server: hashes are the server's word, so servers share nothing. `None`: no cache.
    pub(crate) fn new(root: Option<&Path>, server: &str) -> Self {
        Self { directory: root.map(|root| root.join("openapi")), server: server.to_owned() }
    }

    fn file(&self, path: &str) -> Option<PathBuf> {
        let digest = Sha256::new().chain_update(&self.server).chain_update([0]).chain_update(path).finalize();
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Some(self.directory.as_ref()?.join(name))
    }

    /// A document that was kept, unless it is damaged or others could have written it.
    fn get(&self, path: &str) -> Option<Box<[u8]>> {
        let directory = self.directory.as_ref()?;
        if std::fs::metadata(directory).ok()?.permissions().mode() & 0o022 != 0 {
            return None;
        }
        let mut bytes = std::fs::read(self.file(path)?).ok()?;
        let (digest, text) = bytes.split_at_checked(DIGEST)?;
        if Sha256::digest(text)[..] != *digest {
            return None;
        }
        bytes.drain(..DIGEST);
        Some(bytes.into_boxed_slice())
    }

    /// Keeps a document; another run sees the whole file or none.
    fn put(&self, path: &str, text: &[u8]) -> std::io::Result<()> {
        let (Some(directory), Some(file)) = (&self.directory, self.file(path)) else {
            return Ok(());
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
        temporary.write_all(&Sha256::digest(text))?;
        temporary.write_all(text)?;
        temporary.persist(file)?;
        Ok(())
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
    fn kept_documents_are_whole_private_and_per_server() {
        let root = tempfile::tempdir().unwrap();
        let cache = Cache::new(Some(root.path()), "https://a");
        assert_eq!(cache.get("/p?hash=1"), None);
        cache.put("/p?hash=1", b"{\"x\":1}").unwrap();
        assert_eq!(cache.get("/p?hash=1").as_deref(), Some(&b"{\"x\":1}"[..]));
        assert_eq!(cache.get("/p?hash=2"), None);
        assert_eq!(Cache::new(Some(root.path()), "https://b").get("/p?hash=1"), None);
        let directory = root.path().join("openapi");
        assert_eq!(std::fs::metadata(&directory).unwrap().permissions().mode() & 0o777, 0o700);

        let file = cache.file("/p?hash=1").unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        bytes.pop();
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(cache.get("/p?hash=1"), None, "a damaged file is not used");

        cache.put("/p?hash=1", b"{}").unwrap();
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(cache.get("/p?hash=1"), None, "others could have written it");
    }

    #[test]
    fn without_a_usable_directory_nothing_is_kept() {
        let none = Cache::new(None, "https://a");
        none.put("/p?hash=1", b"{}").unwrap();
        assert_eq!(none.get("/p?hash=1"), None);
        let file = tempfile::NamedTempFile::new().unwrap();
        let blocked = Cache::new(Some(file.path()), "https://a");
        assert!(blocked.put("/p?hash=1", b"{}").is_err());
        assert_eq!(blocked.get("/p?hash=1"), None);
    }
}
