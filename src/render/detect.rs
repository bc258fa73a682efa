//! Which renderer a directory needs, told from the names in it.

use std::fmt;

use crate::source::tree::EntryKind;

/// A way to turn a directory into manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Renderer {
    /// Manifests as they stand in `.yaml`, `.yml` and `.json` files.
    Plain,
    /// A kustomization.
    Kustomize,
    /// A Helm chart.
    Helm,
    /// Jsonnet programs.
    Jsonnet,
}

impl fmt::Display for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain manifests",
            Self::Kustomize => "kustomize",
            Self::Helm => "helm",
            Self::Jsonnet => "jsonnet",
        })
    }
}

/// The renderer for a directory with these entries, and the name that decided. A kustomization comes before a chart (it may
/// inflate one), a chart before jsonnet.
pub fn detect(entries: &[(String, EntryKind)]) -> (Renderer, Option<&str>) {
    for renderer in [Renderer::Kustomize, Renderer::Helm, Renderer::Jsonnet] {
        let found = entries.iter().find(|(name, kind)| is_file(*kind) && decides(name, renderer));
        if let Some((name, _)) = found {
            return (renderer, Some(name));
        }
    }
    (Renderer::Plain, None)
}

fn is_file(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::File | EntryKind::Link)
}

fn decides(name: &str, renderer: Renderer) -> bool {
    match renderer {
        Renderer::Plain => false,
        Renderer::Kustomize => matches!(name, "kustomization.yaml" | "kustomization.yml" | "Kustomization"),
        Renderer::Helm => name == "Chart.yaml",
        Renderer::Jsonnet => name.ends_with(".jsonnet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_deciding_name_wins() {
        let entries = |names: &[&str]| -> Vec<(String, EntryKind)> {
            names.iter().map(|name| ((*name).to_owned(), EntryKind::File)).collect()
        };
        let table: &[(&[&str], Renderer, Option<&str>)] = &[
            (&["a.yaml"], Renderer::Plain, None),
            (&["Chart.yaml", "kustomization.yml"], Renderer::Kustomize, Some("kustomization.yml")),
            (&["Kustomization", "a.yaml"], Renderer::Kustomize, Some("Kustomization")),
            (&["kustomization.yaml"], Renderer::Kustomize, Some("kustomization.yaml")),
            (&["Chart.yaml", "x.jsonnet"], Renderer::Helm, Some("Chart.yaml")),
            (&["lib.libsonnet", "main.jsonnet"], Renderer::Jsonnet, Some("main.jsonnet")),
            (&["chart.yaml", "kustomization.json"], Renderer::Plain, None),
        ];
        for (names, renderer, name) in table {
            assert_eq!(detect(&entries(names)), (*renderer, *name), "{names:?}");
        }
        assert_eq!(detect(&[("kustomization.yaml".to_owned(), EntryKind::Directory)]).0, Renderer::Plain);
    }
}
