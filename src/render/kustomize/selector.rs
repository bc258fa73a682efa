//! Which objects a patch or a replacement means.

use super::ident::Gvk;
use super::pattern::Pattern;
use super::resource::Resource;
use crate::object::selector::Selector as LabelSelector;

/// Expressions that must match the whole text; what is missing matches everything.
#[derive(Debug, Clone)]
pub(super) struct Selector {
    pub(super) group: Option<Pattern>,
    pub(super) version: Option<Pattern>,
    pub(super) kind: Option<Pattern>,
    pub(super) name: Option<Pattern>,
    pub(super) namespace: Option<Pattern>,
    pub(super) labels: Option<LabelSelector>,
    pub(super) annotations: Option<LabelSelector>,
}

fn fits(pattern: &Option<Pattern>, text: &str) -> bool {
    pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
}

impl Selector {
    pub(super) fn fits_gvk(&self, gvk: &Gvk) -> bool {
        fits(&self.group, &gvk.group) && fits(&self.version, &gvk.version) && fits(&self.kind, &gvk.kind)
    }

    pub(super) fn fits_name(&self, name: &str) -> bool {
        fits(&self.name, name)
    }

    pub(super) fn fits_namespace(&self, namespace: &str) -> bool {
        fits(&self.namespace, namespace)
    }

    pub(super) fn is_without_id(&self) -> bool {
        [&self.group, &self.version, &self.kind, &self.name, &self.namespace]
            .iter()
            .all(|part| part.is_none())
    }

    /// True if labels and annotations are as wanted.
    pub(super) fn fits_texts(&self, resource: &Resource) -> bool {
        let fits = |selector: &Option<LabelSelector>, field: &str| {
            let Some(selector) = selector else { return true };
            let texts = resource.texts(field);
            selector.matches(&texts.iter().map(|(key, (text, _))| (key.as_str(), text.as_str())).collect())
        };
        fits(&self.labels, "labels") && fits(&self.annotations, "annotations")
    }

    /// The one name that is meant, if it is no expression.
    pub(super) fn only_name(&self) -> Option<&str> {
        self.name.as_ref().and_then(Pattern::literal)
    }

    /// True if the object is meant, by its present or its first name.
    pub(super) fn selects(&self, resource: &Resource) -> bool {
        if !fits(&self.kind, resource.kind()) {
            return false;
        }
        let (now, first) = (resource.id(), resource.original_id());
        (self.fits_namespace(first.effective_namespace()) || self.fits_namespace(now.effective_namespace()))
            && (self.fits_name(&first.name) || self.fits_name(&now.name))
            && self.fits_gvk(&now.gvk)
            && self.fits_texts(resource)
    }
}
