//! Plans that were changed by somebody who knows how their digest is made.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

const HEAD: &str = "{\n  \"format\": \"gitops/plan\",\n  \"version\": 1,";

/// The file of a plan with its digest made anew. What comes first in a plan comes first here.
pub(super) fn signed(plan: &Value) -> Vec<u8> {
    let mut plan = plan.clone();
    let fields = plan.as_object_mut().expect("a plan is an object");
    for name in ["format", "version", "digest"] {
        fields.remove(name);
    }
    let text = plan.to_string();
    let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).expect("it is an object");
    let content = format!("{HEAD}\n{inside}");
    let digest: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{content},\n  \"digest\": \"sha256:{digest}\"\n}}\n").into_bytes()
}
