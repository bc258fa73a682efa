//! The pin of a target to its cluster: another cluster is refused before anything of it is believed.

use super::error::RunError;
use crate::reader::Live;
use crate::render::Notice;

/// Compares the uid of kube-system with the pin. A warning where a file is read in place of a cluster.
///
/// # Errors
/// It is another cluster, or nobody can tell.
pub(super) async fn check(live: &Live, target: &str, pin: Option<&str>) -> Result<Option<Notice>, RunError> {
    let Some(pin) = pin else { return Ok(None) };
    let identity = live.identity();
    let of = if target.is_empty() { String::new() } else { format!(" of target {target}") };
    match live.cluster_uid().await {
        Ok(Some(uid)) if uid == pin => Ok(None),
        Ok(Some(uid)) => Err(RunError::refused(
            format!(
                "wrong cluster: {} has the uid {uid}, and the cluster{of} is pinned to {pin}",
                identity.server
            ),
            "choose another context with --context, or correct the pin".to_owned(),
        )),
        Ok(None) => Ok(Some(Notice {
            file: String::new(),
            line: 0,
            column: 0,
            message: format!("the cluster{of} is pinned, and a file does not tell of which cluster it is"),
            hint: None,
        })),
        Err(error) => Err(RunError::refused(
            format!(
                "the cluster{of} is pinned to {pin}, and {} does not tell which it is: {error}",
                identity.server
            ),
            "grant get on the namespace kube-system".to_owned(),
        )),
    }
}
