//! Whole outputs, both formats.

use serde_json::{Value, json};

use super::fixtures::*;
use super::style::Styles;
use super::text::Options;
use super::*;
use crate::compare::owner::Writer;
use crate::compare::verdict::{Class, FieldVerdict, Proof};

fn text_with(report: &Report, options: &Options) -> String {
    let mut out = Vec::new();
    text::write(report, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn text(verdicts: Vec<ObjectVerdict>) -> String {
    text_with(&report(verdicts), &options())
}

/// The text without header and summary.
fn blocks(verdicts: Vec<ObjectVerdict>) -> String {
    let text = text(verdicts);
    let body = text.split_once("\n\n").unwrap().1;
    body.rsplit_once("\n\n").unwrap().0.to_owned()
}

fn json_text(report: &Report, show: Show) -> String {
    let mut out = Vec::new();
    json::write(report, show, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(report: &Report, show: Show) -> Value {
    serde_json::from_str(&json_text(report, show)).unwrap()
}

#[test]
fn the_report_is_what_the_contract_sketches() {
    let expected = "\
shop @ 4f2c1e9 main → prod (https://10.0.0.1:6443)  base: revision 9a01b7c

? Secret shop/db                              unknown: forbidden: cannot list secrets in namespace shop
    in db.yaml:1
+ ConfigMap shop/banner                       new
    in banner.yaml:1
    + apiVersion: v1
    + kind: ConfigMap
    + metadata:
    +   name: banner
    +   namespace: shop
    + data:
    +   \"on\": \"yes\"
    +   text: |
    +     two
    +     lines
~ Deployment shop/web                         diverged: drift, added and pending
    spec.template.spec.containers[web].image  drift
      - registry.example/web:1.4.3     live   kubectl-edit, 2 h ago
      + registry.example/web:1.4.2     Git    web.yaml:23
    spec.replicas                             pending
      - 3                              live   gitops, 3 days ago
      + 5                              Git    web.yaml:9
    spec.template.spec.containers[debug]      added
      - {image: busybox, name: debug}  live   kubectl-edit, 2 h ago

5 objects: 2 in sync, 1 diverged, 1 new, 1 unknown · 9 requests, 0 dry runs, 0.31 s
";
    assert_eq!(text(sketch()), expected);
}
