//! Writes to the API server under any manager's name.

use std::path::Path;

use gitops::cluster::kubeconfig::{Choice, Environment, load};
use gitops::live::Resource;
use gitops::object::wire::emit_apply_json;
use http::{Method, Request};
use kube::Client;
use serde_json::Value;

/// An administrator's connection.
#[derive(Clone)]
pub(crate) struct Api(Client);

/// How a body changes an object.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Write<'a> {
    /// POST to the collection.
    Create,
    /// PUT.
    Replace,
    /// A JSON merge patch, to a subresource or to the object itself.
    Merge(&'a str),
    /// Server-side apply with force.
    Apply,
    /// PUT that is answered and not stored.
    TryReplace,
}

impl Api {
    pub(crate) fn to(kubeconfig: &Path) -> Self {
        let choice = Choice { file: Some(kubeconfig.to_owned()), ..Choice::default() };
        let loaded = load(&choice, &Environment::default()).expect("the test cluster has a kubeconfig");
        Self(Client::try_from(loaded.config).expect("a client can be made"))
    }

    /// What the server stored, or its status code with its message.
    pub(crate) async fn write(
        &self,
        resource: &Resource,
        manager: &str,
        write: Write<'_>,
        body: &Value,
    ) -> Result<Value, (u16, String)> {
        let query = format!("fieldManager={manager}");
        let object = place(resource, body);
        let json = || body.to_string().into_bytes();
        let (method, path, content, bytes) = match write {
            Write::Create => {
                let (collection, _) = object.rsplit_once('/').expect("an object has a collection");
                (Method::POST, format!("{collection}?{query}"), "application/json", json())
            }
            Write::Replace => (Method::PUT, format!("{object}?{query}"), "application/json", json()),
            Write::TryReplace => {
                (Method::PUT, format!("{object}?{query}&dryRun=All"), "application/json", json())
            }
            Write::Merge(subresource) => {
                let slash = if subresource.is_empty() { "" } else { "/" };
                let path = format!("{object}{slash}{subresource}?{query}");
                (Method::PATCH, path, "application/merge-patch+json", json())
            }
            Write::Apply => {
                let bytes = emit_apply_json(body).map_err(|error| (0, error.to_string()))?;
                (Method::PATCH, format!("{object}?{query}&force=true"), "application/apply-patch+yaml", bytes)
            }
        };
        self.send(method, &path, content, bytes).await
    }

    /// A patch of an object that is not the object's own text: `json-patch` or `strategic-merge-patch`.
    pub(crate) async fn patch(
        &self,
        resource: &Resource,
        named: &Value,
        manager: &str,
        form: &str,
        patch: &Value,
    ) -> Result<Value, (u16, String)> {
        let path = format!("{}?fieldManager={manager}", place(resource, named));
        let bytes = patch.to_string().into_bytes();
        self.send(Method::PATCH, &path, &format!("application/{form}+json"), bytes).await
    }

    pub(crate) async fn delete(&self, resource: &Resource, named: &Value) -> Result<Value, (u16, String)> {
        let path = format!("{}?gracePeriodSeconds=0", place(resource, named));
        self.send(Method::DELETE, &path, "application/json", Vec::new()).await
    }

    pub(crate) async fn read(&self, resource: &Resource, named: &Value) -> Result<Value, (u16, String)> {
        self.send(Method::GET, &place(resource, named), "application/json", Vec::new()).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        content: &str,
        body: Vec<u8>,
    ) -> Result<Value, (u16, String)> {
        let request = Request::builder().method(method).uri(path).header("Content-Type", content);
        let request = request.body(body).expect("the request is well formed");
        self.0.request::<Value>(request).await.map_err(|error| match error {
            kube::Error::Api(status) => (status.code, status.message.clone()),
            other => (0, other.to_string()),
        })
    }
}

/// The path of an object that is named by a manifest.
fn place(resource: &Resource, named: &Value) -> String {
    let text = |key: &str| named["metadata"][key].as_str().unwrap_or_default();
    let gvk = &resource.gvk;
    let root = if gvk.group.is_empty() { "api".to_owned() } else { format!("apis/{}", gvk.group) };
    let namespace =
        if resource.namespaced { format!("namespaces/{}/", text("namespace")) } else { String::new() };
    format!("/{root}/{}/{namespace}{}/{}", gvk.version, resource.plural, text("name"))
}
