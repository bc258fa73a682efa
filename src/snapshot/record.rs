//! Asks a server for everything that goes into a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use serde_json::value::RawValue;

use super::document::{
    Document, ErrorPart, FORMAT, NamespacePart, RecordPart, ResourcePart, ServerPart, TypePart, VERSION,
};
use super::{of_set, slim};
use crate::cluster::Server;
use crate::cluster::error::ClusterError;
use crate::cluster::gathered::Gathered;
use crate::live::{Catalog, FetchError, OpenApiDocuments, Wanted};
use crate::object::id::{GroupVersion, Gvk};
use crate::record::SetIdentity;
use crate::record::applyset::group_kind;
use crate::record::parent::Parent;

/// What a snapshot is to hold beside what the server serves.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Types to list, and the objects that are asked for singly where listing is forbidden.
    pub wanted: &'a [Wanted],
    /// Schemas to keep.
    pub schemas: &'a BTreeSet<GroupVersion>,
    /// Namespaces whose existence matters.
    pub namespaces: &'a BTreeSet<String>,
    /// True if values of Secrets are kept.
    pub secret_values: bool,
    /// The set whose record is kept.
    pub set: Option<&'a SetIdentity>,
}

/// Records a snapshot.
///
/// # Errors
/// The schemas cannot be read. What cannot be read of a single type or object is recorded as such.
pub async fn record(server: &Server, catalog: &Catalog, wish: Wish<'_>) -> Result<Document, ClusterError> {
    let of_set = async {
        match wish.set {
            Some(set) => of_set::read(server, set, wish.secret_values).await,
            None => None,
        }
    };
    let (documents, gathered, admission, record) = tokio::join!(
        server.openapi(wish.schemas),
        server.read_all(wish.wanted),
        server.admission(catalog),
        of_set
    );
    let mut namespaces = BTreeMap::new();
    for namespace in wish.namespaces {
        let exists = server.namespace_exists(namespace).await;
        let part = exists
            .map_or_else(|error| NamespacePart::Unknown(ErrorPart::from(&error)), NamespacePart::Exists);
        namespaces.insert(namespace.clone(), part);
    }
    let identity = server.identity();
    Ok(Document {
        format: FORMAT.to_owned(),
        schema_version: VERSION,
        tool: concat!("gitops/", env!("CARGO_PKG_VERSION")).to_owned(),
        server: ServerPart {
            url: identity.server.clone(),
            version: catalog.server_version.clone(),
            context: identity.context.clone(),
            namespace: identity.namespace.clone(),
        },
        secret_values: wish.secret_values,
        resources: catalog.resources.values().map(ResourcePart::from).collect(),
        incomplete: catalog.incomplete.clone(),
        openapi: slim_documents(documents?),
        types: types(wish.wanted, gathered, wish.secret_values),
        namespaces,
        admission,
        members: match (wish.set, &record) {
            (Some(set), Some(record)) => members(server, catalog, set, record, &wish).await,
            _ => Vec::new(),
        },
        record,
    })
}

/// Members of the set of types that are not among the wanted ones. What could not be listed is left out, and a diff says so.
async fn members(
    server: &Server,
    catalog: &Catalog,
    set: &SetIdentity,
    record: &RecordPart,
    wish: &Wish<'_>,
) -> Vec<TypePart> {
    let listed: BTreeSet<&Gvk> = wish.wanted.iter().map(|wanted| &wanted.resource.gvk).collect();
    let Ok(Some(parent)) = record.answers().parent else { return Vec::new() };
    let Ok(parent) = Parent::decode(set, &parent) else { return Vec::new() };
    let unlisted =
        catalog.resources.values().filter(|resource| resource.listable && !listed.contains(&resource.gvk));
    let of_record = unlisted.filter_map(|resource| {
        let namespaces = parent.places.get(&group_kind(&resource.gvk.group, &resource.gvk.kind))?;
        Some((resource.clone(), namespaces.clone()))
    });
    let places: Vec<_> = of_record.collect();
    let found = server.members(&set.id(), &places).await;
    let whole = found.into_iter().filter(|(_, _, errors)| errors.is_empty());
    let parts = whole.map(|(resource, gathered, _)| {
        let hides = is_secret(&resource.gvk) && !wish.secret_values;
        TypePart::new(&resource.gvk, &if hides { without_values(gathered) } else { gathered })
    });
    parts.collect()
}

/// The types in their order; several wishes for one type become one entry.
fn types(wanted: &[Wanted], gathered: Vec<Gathered>, secret_values: bool) -> Vec<TypePart> {
    let mut types: BTreeMap<Gvk, Gathered> = BTreeMap::new();
    for (wanted, gathered) in wanted.iter().zip(gathered) {
        let gathered = if is_secret(&wanted.resource.gvk) && !secret_values {
            without_values(gathered)
        } else {
            gathered
        };
        types.entry(wanted.resource.gvk.clone()).or_insert_with(Gathered::nothing).extend(gathered);
    }
    types.iter().map(|(gvk, gathered)| TypePart::new(gvk, gathered)).collect()
}

/// True for the type whose values are secret.
pub(super) fn is_secret(gvk: &Gvk) -> bool {
    gvk.group.is_empty() && gvk.kind == "Secret"
}

fn without_values(mut gathered: Gathered) -> Gathered {
    for (key, observed) in std::mem::take(&mut gathered.found) {
        match serde_json::from_slice::<Value>(&observed.json) {
            Ok(mut secret) => {
                slim::remove_secret_values(&mut secret);
                let json = secret.to_string().into_bytes().into_boxed_slice();
                gathered.found.insert(key, crate::live::Observed { json });
            }
            Err(_) => {
                let error = FetchError::Failed("the Secret is no JSON object".to_owned());
                gathered.single.insert(key, Err(error));
            }
        }
    }
    gathered
}

fn slim_documents(documents: OpenApiDocuments) -> BTreeMap<String, Box<RawValue>> {
    let documents = documents.into_iter().filter_map(|(gv, text)| {
        let mut document: Value = serde_json::from_slice(&text).ok()?;
        slim::remove_prose(&mut document);
        Some((gv.to_string(), RawValue::from_string(document.to_string()).ok()?))
    });
    documents.collect()
}
