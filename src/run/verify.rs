//! `gitops render --verify-with`: the same directory rendered by us and by the user's own program, and where they differ.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use super::error::RunError;
use super::output::{Output, deliver};
use super::remotes::{self, Policy};
use super::rendering::Rendering;
use crate::exit::Code;
use crate::mask::rules::MaskRules;
use crate::mask::{self, Masked};
use crate::object::path::{FieldPath, PathElement};
use crate::render::agreement::{Difference, Object, compare};
use crate::render::detect::Renderer as Needed;
use crate::render::{Manifests, RenderError, renderer_of};
use crate::report::escape;
use crate::source;

/// Longest text of a value that is shown, in characters.
const MAX_SHOWN: usize = 400;

/// Renders both ways and prints the verdict: [`Code::Clean`] if both are the same, else [`Code::Error`].
///
/// # Errors
/// The source cannot be read, there is no kustomization, or one of the two does not render.
pub(super) fn verify(rendering: &Rendering, program: &Path, output: &mut Output) -> Result<Code, RunError> {
    let snapshot = source::open(&rendering.request)?;
    let directory = &snapshot.prefix;
    let needed = renderer_of(snapshot.tree.as_ref(), directory);
    if needed != Needed::Kustomize {
        return Err(RunError::usage(
            format!("--verify-with compares kustomizations, and {} is for {needed}", snapshot.display),
            "name the directory of a kustomization with --path".to_owned(),
        ));
    }
    if rendering.remotes == Policy::Refuse {
        remotes::refuse(&snapshot, directory, program)?;
    }
    let ours = rendering.native(&snapshot, directory);
    let theirs = rendering.by_program(program, &snapshot, directory);
    let (name, here) = (program.display().to_string(), &snapshot.display);
    let (ours, theirs) = match (ours, theirs) {
        (Err(ours), Err(theirs)) => {
            output.say("note", &format!("{name} does not render {here} either: {theirs}"));
            return Err(ours);
        }
        (Err(ours), Ok(theirs)) => {
            output.say("note", &format!("{name} renders {here}: {} objects", theirs.items.len()));
            return Err(ours);
        }
        (Ok((ours, _)), Err(RunError::Render(RenderError::NoManifests { .. }))) => {
            (ours, Manifests::default())
        }
        (Ok((ours, _)), Err(theirs)) => {
            output.say("note", &format!("we render {here}: {} objects", ours.items.len()));
            return Err(theirs);
        }
        (Ok((ours, _)), Ok(theirs)) => (ours, theirs),
    };
    for warning in &ours.warnings {
        output.warning(warning);
    }
    let (difference, equal) = compare(&ours.items, &theirs.items);
    let counts = Counts { ours: ours.items.len(), theirs: theirs.items.len(), equal };
    let text = match &difference {
        None => format!("{equal} objects, the same as from {name}, in the same order\n"),
        Some(difference) => told(difference, counts, &name),
    };
    deliver(None, output, escape::clean(&text).as_bytes())?;
    Ok(if difference.is_none() { Code::Clean } else { Code::Error })
}

#[derive(Clone, Copy)]
struct Counts {
    ours: usize,
    theirs: usize,
    equal: usize,
}

fn told(difference: &Difference, counts: Counts, program: &str) -> String {
    let Counts { ours, theirs, equal } = counts;
    let mut out = format!(
        "not the same as from {program}: {equal} of {ours} objects are equal, {program} has {theirs}\n"
    );
    let first = match difference {
        Difference::OnlyOurs(object) => {
            format!(
                "first difference: {} is only in ours, from {}\n",
                name(object),
                place(object.written.as_ref())
            )
        }
        Difference::OnlyTheirs(object) => {
            format!("first difference: {} is only in theirs\n", name(object))
        }
        Difference::Order { position, ours, theirs } => format!(
            "first difference: the order; at place {position} stands {} in ours, {} in theirs\n",
            name(ours),
            name(theirs)
        ),
        Difference::Field { object, path, ours, theirs, written } => {
            let masked =
                mask::pair(&object.gvk, &object.id, (ours.clone(), theirs.clone()), &MaskRules::default());
            field(object, path, &masked, written.as_ref())
        }
    };
    out.push_str(&first);
    out
}

fn field(
    object: &Object,
    path: &FieldPath,
    sides: &Masked<(Value, Value)>,
    written: Option<&(String, u32)>,
) -> String {
    let (ours, theirs) = sides.get();
    let mut out = format!("first difference: {} {path}\n", name(object));
    let _ = writeln!(out, "  ours    {}, from {}", shown(at(ours, path)), place(written));
    let _ = writeln!(out, "  theirs  {}", shown(at(theirs, path)));
    out
}

/// The value at a path, or the mark on the way to it.
fn at<'v>(object: &'v Value, path: &FieldPath) -> Option<&'v Value> {
    let mut value = object;
    for element in &path.0 {
        if mask::is_mark(value) {
            break;
        }
        value = match element {
            PathElement::Field(name) => value.get(name)?,
            PathElement::Index(index) => value.get(*index)?,
            PathElement::Key(_) | PathElement::Value(_) => return None,
        };
    }
    Some(value)
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(value) if mask::is_mark(value) => format!("{} (hidden)", mask::SAME),
        Some(value) => {
            let text = value.to_string();
            match text.char_indices().nth(MAX_SHOWN) {
                Some((end, _)) => format!("{}…", &text[..end]),
                None => text,
            }
        }
    }
}

fn name(object: &Object) -> String {
    format!("{} {}", object.gvk, object.id.qualified_name())
}

fn place(written: Option<&(String, u32)>) -> String {
    written.map_or_else(|| "nowhere".to_owned(), |(file, line)| format!("{file}:{line}"))
}
