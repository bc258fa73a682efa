//! The image transformer.

use super::fault::{Fault, Outcome};
use super::fields::{FieldSpec, Fields};
use super::kustomization::{Image, Text};
use super::node::{Id, Kind, NodeResult, Tag, Tree};
use super::pattern::Pattern;
use super::set::ResourceSet;

/// The image transformer.
pub(super) fn set_image(set: &mut ResourceSet, image: &Image, fields: &[FieldSpec]) -> Outcome<()> {
    let pattern =
        Pattern::new(&format!("^{}(:[a-zA-Z0-9_.{{}}-]*)?(@sha256:[a-zA-Z0-9_.{{}}-]*)?$", image.name))
            .map_err(|message| {
                Fault::at(image.place, format!("the name of an image is an expression: {message}"))
            })?;
    let wrong = |error| Fault::from(error).context("changing an image");
    let mut fields = Fields::new(fields);
    for item in set.items_mut() {
        if item.kind() == "CustomResourceDefinition" {
            continue;
        }
        let root = item.tree.root;
        walk_containers(&mut item.tree, root, image, &pattern).map_err(wrong)?;
        for field in fields.of(&item.tree).iter() {
            field
                .visit(&mut item.tree, None, &mut |tree, id| change_image(tree, id, image, &pattern))
                .map_err(wrong)?;
        }
    }
    Ok(())
}

/// Looks for lists of containers anywhere in an object.
fn walk_containers(tree: &mut Tree, at: Id, image: &Image, pattern: &Pattern) -> NodeResult<()> {
    match tree.node(at).kind {
        Kind::Map => {
            for index in 0..tree.node(at).content.len() / 2 {
                let (key, value) = (tree.node(at).content[2 * index], tree.node(at).content[2 * index + 1]);
                walk_containers(tree, value, image, pattern)?;
                let containers = matches!(tree.node(key).text.as_str(), "containers" | "initContainers");
                if containers && tree.node(value).kind == Kind::Seq {
                    for item in tree.node(value).content.clone() {
                        if let Some(field) = tree.get(item, "image")? {
                            change_image(tree, field, image, pattern)?;
                        }
                    }
                }
            }
            Ok(())
        }
        Kind::Seq => {
            for index in 0..tree.node(at).content.len() {
                walk_containers(tree, tree.node(at).content[index], image, pattern)?;
            }
            Ok(())
        }
        Kind::Scalar => Ok(()),
    }
}

fn change_image(tree: &mut Tree, id: Id, image: &Image, pattern: &Pattern) -> NodeResult<()> {
    tree.expect(id, Kind::Scalar)?;
    let old = &tree.node(id).text;
    if !pattern.is_match(old) {
        return Ok(());
    }
    let (name, tag, digest) = split_image(old);
    let mut place = tree.node(id).place;
    let mut used = |text: &Text| {
        place = text.1;
        text.0.clone()
    };
    let mut name = if image.new_name.0.is_empty() { name.to_owned() } else { used(&image.new_name) };
    let (tag, digest) = match (!image.new_tag.0.is_empty(), !image.digest.0.is_empty()) {
        (true, true) => (used(&image.new_tag), image.digest.0.clone()),
        (true, false) => (used(&image.new_tag), String::new()),
        (false, true) => (String::new(), used(&image.digest)),
        (false, false) if !image.tag_suffix.0.is_empty() => {
            (format!("{tag}{}", used(&image.tag_suffix)), String::new())
        }
        (false, false) => (tag.to_owned(), digest.to_owned()),
    };
    if !tag.is_empty() {
        name = format!("{name}:{tag}");
    }
    if !digest.is_empty() {
        name = format!("{name}@{digest}");
    }
    let value = tree.push_scalar(&name, Tag::Unset, place);
    tree.set_scalar(id, value)
}

/// Name, tag and digest; a colon before the first slash belongs to the host.
fn split_image(image: &str) -> (&str, &str, &str) {
    let start = image.find('/').unwrap_or(0);
    let search = &image[start..];
    let (at, colon) = (search.find('@').map(|at| at + start), search.find(':').map(|at| at + start));
    match (colon, at) {
        (None, None) => (image, "", ""),
        (None, Some(at)) => (&image[..at], "", &image[at + 1..]),
        (Some(colon), Some(at)) if at < colon => (&image[..at], "", &image[at + 1..]),
        (Some(colon), Some(at)) => (&image[..colon], &image[colon + 1..at], &image[at + 1..]),
        (Some(colon), None) => (&image[..colon], &image[colon + 1..], ""),
    }
}
