//! Built-in generators and transformers that are configured in files of their own; every other plugin is refused.

use super::config::settings;
use super::decode::{LOOSE, Setting};
use super::entries::{each, generator_args, text};
use super::fault::{Fault, Outcome, near};
use super::generate::{Generated, generate};
use super::kustomization::Text;
use super::load::{Directory, Loader};
use super::node::Place;
use super::patches;
use super::replacement_entries::{ReplacementEntry, replacement};
use super::resource::Resource;
use super::selector::Selector;
use super::step::Step;
use super::text::resources_of;
use crate::render::origin::FieldLines;

const GENERATORS: &[&str] =
    &["ConfigMapGenerator", "IAMPolicyGenerator", "SecretGenerator", "HelmChartInflationGenerator"];

/// Refuses what is no built-in plugin, and says what it is.
pub(super) fn check(plugin: &Resource, known: &[&str], what: &str) -> Outcome<()> {
    let gvk = plugin.gvk();
    let place = plugin.place();
    let function = plugin
        .annotation("config.kubernetes.io/function")
        .or_else(|| plugin.annotation("config.k8s.io/function"));
    if gvk.group.is_empty() && gvk.version == "builtin" {
        if gvk.kind == "HelmChartInflationGenerator" {
            return Err(helm(place));
        }
        if known.contains(&gvk.kind.as_str()) {
            return Ok(());
        }
        let fault = Fault::at(place, format!("{} is no built-in {what}", gvk.kind));
        return Err(match near(&gvk.kind, known.iter().copied()) {
            Some(name) => fault.hint(format!("did you mean {name}?")),
            None => fault.hint(format!("there are {}", known.join(", "))),
        });
    }
    let kind = match function {
        Some(text) if text.contains("exec") => "an exec function",
        Some(text) if text.contains("container") => "a container function",
        Some(text) if text.contains("starlark") => "a starlark function",
        _ => "a plugin of its own",
    };
    Err(Fault::at(place, format!("{gvk} is {kind}, and nothing from a repository is executed"))
        .hint("only built-in plugins (apiVersion: builtin) run here; --renderer kustomize=exec:PATH runs your own kustomize, or a script that calls it with the flags it needs"))
}

/// The error for charts.
pub(super) fn helm(place: Place) -> Fault {
    Fault::at(place, "helmCharts are not supported yet")
        .hint("render the chart with `helm template` and name the result in `resources`, or let a script that calls `kustomize build --enable-helm` render: --renderer kustomize=exec:SCRIPT")
}

/// The settings of a plugin.
pub(super) fn with_settings<T>(
    plugin: &Resource,
    read: impl FnOnce(&Setting<'_>) -> Outcome<T>,
) -> Outcome<T> {
    let (value, places) = plugin.tree.to_json_with_places()?;
    let lines = FieldLines::new(places.into_iter().map(|(path, place)| (path, place.line)).collect());
    read(&Setting::new(&value, &lines, plugin.place(), LOOSE))
}

/// What a generator makes.
pub(super) fn run_generator(
    plugin: &Resource,
    loader: &mut Loader<'_>,
    dir: &Directory,
) -> Outcome<Vec<Resource>> {
    check(plugin, GENERATORS, "generator")?;
    let names: &[&'static str] =
        &["namespace", "name", "behavior", "literals", "files", "envs", "options", "type", "metadata"];
    with_settings(plugin, |settings| {
        if plugin.kind() == "IAMPolicyGenerator" {
            return service_account(settings);
        }
        let mut args = generator_args(settings, names)?;
        // The name of the plugin is the name of what it makes, unless it says another one.
        for (name, field) in settings.fields(&["metadata"])? {
            for (name, field) in field.fields(&["name", "namespace"]).unwrap_or_default() {
                let into = if name == "name" { &mut args.name } else { &mut args.namespace };
                if into.0.is_empty() {
                    *into = text(&field)?;
                }
            }
            debug_assert_eq!(name, "metadata", "the only field that was asked for");
        }
        let what = if plugin.kind() == "SecretGenerator" { Generated::Secret } else { Generated::ConfigMap };
        Ok(vec![generate(what, &args, None, loader, dir)?])
    })
}

/// A service account for Google's cloud.
fn service_account(settings: &Setting<'_>) -> Outcome<Vec<Resource>> {
    let (mut cloud, mut project) = (String::new(), String::new());
    let (mut name, mut namespace, mut account) = (String::new(), String::new(), String::new());
    for (field_name, field) in settings.fields(&["cloud", "kubernetesService", "serviceAccount"])? {
        match field_name {
            "cloud" => cloud = field.text()?,
            "kubernetesService" => {
                for (field_name, field) in field.fields(&["name", "namespace"])? {
                    let into = if field_name == "name" { &mut name } else { &mut namespace };
                    *into = field.text()?;
                }
            }
            _ => {
                for (field_name, field) in field.fields(&["name", "projectId"])? {
                    let into = if field_name == "name" { &mut account } else { &mut project };
                    *into = field.text()?;
                }
            }
        }
    }
    if cloud != "gke" {
        return Err(Fault::at(settings.place(), "the cloud of an IAMPolicyGenerator must be gke"));
    }
    let mut yaml = format!(
        "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  annotations:\n    iam.gke.io/gcp-service-account: {account}@{project}.iam.gserviceaccount.com\n  name: {name}\n"
    );
    if !namespace.is_empty() {
        yaml.push_str(&format!("\n  namespace: {namespace}"));
    }
    let mut made = resources_of(yaml.as_bytes(), settings.place())?;
    for node in made.iter_mut().flat_map(|resource| &mut resource.tree.nodes) {
        node.place = settings.place();
    }
    Ok(made)
}

/// The step of a JSON patch in the old way: its target needs a name.
pub(super) fn json_patch_step(
    target: Option<Selector>,
    path: &Text,
    inline: &Text,
    place: Place,
    loader: &mut Loader<'_>,
    dir: &Directory,
) -> Outcome<Step> {
    let Some(target) = target.filter(|target| target.name.is_some()) else {
        return Err(Fault::at(place, "the patch needs a target with a name"));
    };
    let (content, place) = match (path.0.is_empty(), inline.0.is_empty()) {
        (true, true) => return Err(Fault::at(place, "the patch needs `path` or `patch`")),
        (false, false) => {
            return Err(Fault::at(place, "the patch has `path` and `patch`, expected one of them"));
        }
        (false, true) => {
            let (content, file) = loader.read(dir, &path.0, path.1)?;
            (content, Place { file, line: 1 })
        }
        (true, false) => (inline.0.clone().into_bytes(), inner_place(inline)),
    };
    let operations = patches::read_operations(&content).filter(|operations| !operations.is_empty());
    let operations = operations.ok_or_else(|| Fault::at(place, "expected a list of operations"))?;
    Ok(Step::JsonPatch { operations, place, target: Box::new(target) })
}

/// Where the first line of a text stands that is most likely a block behind its key.
pub(super) fn inner_place(text: &Text) -> Place {
    let block = text.0.trim_end().contains('\n');
    Place { line: text.1.line + u32::from(block), ..text.1 }
}

/// The step of strategic merges from files and texts.
pub(super) fn merges(
    paths: &[Text],
    inline: &Text,
    place: Place,
    loader: &mut Loader<'_>,
    dir: &Directory,
) -> Outcome<Step> {
    let mut loaded = Vec::new();
    for path in paths {
        // Any entry may be the text of a patch itself.
        match resources_of(path.0.as_bytes(), inner_place(path)) {
            Ok(patches) => loaded.extend(patches),
            Err(fault) if path.0.contains('\n') && !loader.is_file(dir, &path.0) => return Err(fault),
            Err(_) => {
                let (content, file) = loader.read(dir, &path.0, path.1)?;
                loaded.extend(resources_of(&content, Place { file, line: 1 })?);
            }
        }
    }
    if !inline.0.is_empty() {
        loaded.extend(resources_of(inline.0.as_bytes(), inner_place(inline))?);
    }
    if loaded.is_empty() {
        return Err(Fault::at(place, "there is no patch in what is named"));
    }
    Ok(Step::Merge(loaded))
}

/// The step of replacements, those in files included.
pub(super) fn replacements(
    entries: &[ReplacementEntry],
    loader: &mut Loader<'_>,
    dir: &Directory,
) -> Outcome<Step> {
    let mut found = Vec::new();
    for entry in entries {
        if entry.path.is_empty() {
            found.push(entry.replacement.clone());
            continue;
        }
        let inline = entry.replacement.source.is_some()
            || entry.replacement.targets.as_ref().is_some_and(|targets| !targets.is_empty());
        if inline {
            return Err(Fault::at(entry.place, "a replacement has `path` or is written out, not both"));
        }
        let (content, file) = loader.read(dir, &entry.path, entry.place)?;
        let document = settings(&content, file)?;
        let wrong = || Fault::at(Place { file, line: 1 }, "expected a replacement or a list of replacements");
        let document = document.ok_or_else(wrong)?;
        let root = Setting::new(&document.value, &document.lines, Place { file, line: document.line }, LOOSE);
        match root.value {
            serde_json::Value::Array(_) => found.extend(each(&root, replacement)?),
            serde_json::Value::Object(_) => found.push(replacement(&root)?),
            _ => return Err(wrong()),
        }
    }
    Ok(Step::Replace(found))
}
