//! Definitions of custom resources that a test needs, ready to be used.

#![expect(clippy::disallowed_methods, reason = "waits for the server to publish a definition")]

use std::time::{Duration, Instant};

use serde_json::Value;

use super::Cluster;

impl Cluster {
    /// Writes a definition and waits until the server publishes what `has` looks for in the schemas of `version`.
    ///
    /// # Panics
    /// If the server does not come to publish it.
    pub(crate) fn define(&self, definition: &Value, version: &str, has: &str) {
        let apply = ["apply", "--server-side", "--field-manager=admin", "-f", "-"];
        self.kubectl_stdin(&apply, &definition.to_string());
        let group = definition["spec"]["group"].as_str().unwrap_or_default();
        let path = format!("/openapi/v3/apis/{group}/{version}");
        let limit = Instant::now() + Duration::from_secs(30);
        loop {
            let output = self.kubectl(&["get", "--raw", &path]);
            if output.status.success() && String::from_utf8_lossy(&output.stdout).contains(has) {
                return;
            }
            assert!(Instant::now() < limit, "{path} does not come to hold {has}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
