//! The same on a real API server, with durations of seconds.
#![expect(clippy::disallowed_methods, reason = "measures time")]

use std::future::pending;

use super::*;
use crate::support::cluster;

fn short(timeout: u64) -> LockOptions {
    LockOptions { duration: seconds(2), ..options(timeout) }
}

fn process(doing: &str) -> Host {
    Host::of_process(doing).unwrap()
}

#[test]
fn flt_34_and_35_two_runs_a_killed_one_and_one_that_slept() {
    let Some(cluster) = cluster::shared() else { return };
    let set = SetIdentity { name: "shop".into(), record_namespace: cluster.namespace("lock") };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let hidden = Progress::hidden();
    runtime.block_on(async {
        let one = crate::support::connect(cluster.kubeconfig()).await;
        let two = crate::support::connect(cluster.kubeconfig()).await;
        let held = acquire_as(&one, &set, &short(0), &hidden, process("apply"), pending()).await.unwrap();
        let error =
            acquire_as(&two, &set, &short(0), &hidden, process("revert"), pending()).await.unwrap_err();
        assert_eq!(error.exit(), Code::Locked);
        assert!(error.to_string().contains("(apply), taken 2"), "{error}");

        // Alive, it is never overtaken: 5 s are more than twice its duration.
        let begun = std::time::Instant::now();
        let error =
            acquire_as(&two, &set, &short(5), &hidden, process("revert"), pending()).await.unwrap_err();
        assert!(matches!(error, LockError::Held { .. }), "{error:?}");
        assert!(begun.elapsed() >= seconds(5));
        held.before_batch().await.unwrap();
        held.release(Some("2026-01-02T03:04:05Z".parse().unwrap())).await.unwrap();

        // Killed: dropped without a release, it renews no more.
        let held = acquire_as(&two, &set, &short(0), &hidden, process("revert"), pending()).await.unwrap();
        drop(held);
        let begun = std::time::Instant::now();
        let held = acquire_as(&one, &set, &short(30), &hidden, process("apply"), pending()).await.unwrap();
        let waited = begun.elapsed();
        assert!((seconds(2)..seconds(10)).contains(&waited), "{waited:?}");
        held.release(None).await.unwrap();
    });

    // A run whose process does not get to work for longer than its lock lasts: its runtime stands still.
    let sleeper = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let slept = sleeper.block_on(async {
        let server = crate::support::connect(cluster.kubeconfig()).await;
        acquire_as(&server, &set, &short(0), &hidden, process("apply"), pending()).await.unwrap()
    });
    let taken = runtime.block_on(async {
        let server = crate::support::connect(cluster.kubeconfig()).await;
        acquire_as(&server, &set, &short(30), &hidden, process("revert"), pending()).await.unwrap()
    });
    let lost = sleeper.block_on(slept.before_batch()).unwrap_err();
    assert!(lost.reason.contains("(revert) has taken it"), "{lost}");
    assert!(slept.is_lost());
    runtime.block_on(async {
        taken.before_batch().await.unwrap();
        taken.release(None).await.unwrap();
    });
    let lease = cluster.kubectl_ok(&[
        "get",
        "lease",
        "--namespace",
        &set.record_namespace,
        "gitops-shop",
        "--output=json",
    ]);
    let lease: Value = serde_json::from_str(&lease).unwrap();
    assert_eq!(lease["spec"]["holderIdentity"], Value::Null);
    assert_eq!(lease["metadata"]["annotations"]["gitops/checkedAt"], "2026-01-02T03:04:05Z", "stamps stay");
}
