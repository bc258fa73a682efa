//! Which texts about a Secret may be shown: those whose every part is known. All others are replaced.
//!
//! A server's message about an object can quote it whole, so a text passes only if it has one of these forms. Holes take
//! names, numbers and paths of fields, never values.

/// What stands for a text that is not shown.
pub(super) const WITHHELD: &str = "details withheld, they could quote a secret value";

/// Longest text that is looked at, in bytes.
const LONGEST: usize = 4_000;

/// Beginnings behind which another text follows.
const HEADS: &[&str] = &[
    "cannot tell whether {names} is served: ",
    "not in the snapshot: ",
    "the live object cannot be decoded: ",
    "an immutable field changes: ",
    "no proof without a dry run: ",
    "no proof without a dry run for {paths}: ",
    "server refuses the manifest over the live object: ",
    "server-side apply cannot read the live object: ",
    "the server answered {number}: ",
    "the server refuses it: ",
    "it cannot be read: ",
    "it was deleted, and then: ",
    "it was made without its owners: ",
    "it was put back, and then: ",
    "it was written, and then: ",
    "the connection was lost: ",
];

/// Whole texts.
const WHOLE: &[&str] = &[
    "data[{paths}] is no base64",
    "--read-only sends none",
    "a controller holds it: an apply leaves it",
    "a snapshot answers none",
    "an autoscaler holds it",
    "converged: Git and live took the same value",
    "data is no map",
    "encrypted with SOPS, not supported yet",
    "forbidden: cannot {word} {name}",
    "forbidden: cannot {word} {name} at cluster scope",
    "forbidden: cannot {word} {name} in namespace {name}",
    "Git may have added it",
    "{number} difference ignored: the live object says {name}: {word}",
    "{number} differences ignored: the live object says {name}: {word}",
    "deleted and created anew since the last apply; base values are those of the earlier object",
    "gone from Git, held in place by {names}",
    "gone from Git, it came in stringData: a plain apply does not take it out",
    "gone from Git, owned by nobody: a plain apply does not take it out",
    "gone from Git, owned by {names}: a plain apply does not take it out",
    "it has generateName and no name: an object without a name of its own cannot be compared",
    "it is being deleted",
    "it is being deleted and waits for {names}",
    "it is no object",
    "it left Git and is being deleted",
    "it left Git and is still in the cluster",
    "it was not compared",
    "it was not read",
    "its managedFields are not recorded, so additions and owners cannot be seen",
    "kind pending: its definition is part of this render",
    "left Git; its compare-options say IgnoreExtraneous",
    "live holds this item more than once",
    "namespace {name} does not exist",
    "namespace {name} does not exist, and this render does not hold it",
    "no answer within {number} s",
    "not applied by gitops yet",
    "not labelled as a member of the set yet",
    "it is labelled as a member of the set {name}; this set is {name}",
    "order differs",
    "right value, owned by others",
    "run again when it is gone",
    "same amount in another spelling",
    "secret values not recorded",
    "status {number}, {word}",
    "status {number}, {word} at {paths}",
    "status {number}, no reason given",
    "status {number}, no reason given at {paths}",
    "stringData is no map",
    "stringData[{paths}] is no string",
    "the answer is larger than {number} MiB",
    "its owners are not those from before the run",
    "its values are kept only on the machine of that run",
    "it belongs to another set",
    "it has to be deleted and made anew (--replace {word})",
    "it is being deleted; run again when it is gone",
    "it is in no place of the set, and the record could have been written by anybody",
    "it is no member of the set, and the record could have been written by anybody",
    "it was changed since the run; who did it is not recorded",
    "somebody deleted it since the run",
    "somebody made another one since the run",
    "the run deleted it",
    "the run deleted it and made it anew",
    "the run made it",
    "values of it are kept only on the machine of that run",
    "what it was is not kept here",
    "whether the run made it is not known",
    "whether the run made the one that is there is not known",
    "{name} changed it since the run",
    "the cluster does not serve {names}",
    "the cluster does not serve {names}; it serves {names}",
    "the cluster does not serve {names}, and the render holds no definition of it",
    "the deadline of the run passed before it was read",
    "the dry run was abandoned",
    "the list was abandoned",
    "the object changed each time it was read",
    "the render holds this object {number} times",
    "the snapshot does not tell whether it exists",
    "the snapshot holds no {names}",
    "the server answered 200 with a Status",
    "the server answered with another object",
];

/// Faults that the schema shows; several are joined by `; `, and a place may stand in front.
const FAULTS: &[&str] = &[
    "{paths}: expected {shape}, found {shape}",
    "{paths}: field not declared in schema",
    "{paths}: field not declared in schema (did you mean {word}?)",
    "{paths}: the list holds this item more than once",
];

/// What a schema expects and what was found instead.
const SHAPES: &[&str] = &["a list", "a map", "a number", "a scalar", "a string", "null", "true or false"];

/// The text if it is safe, else as much of its beginning as is safe and [`WITHHELD`].
pub(super) fn reduce(text: &str) -> String {
    if text.is_empty() || text == WITHHELD || (text.len() <= LONGEST && is_safe(text)) {
        return text.to_owned();
    }
    let heads = text.match_indices(": ").take(8).map(|(at, found)| text.split_at(at + found.len()));
    for (head, rest) in heads {
        if HEADS.iter().any(|form| fits(form, head)) {
            return format!("{head}{}", reduce(rest));
        }
    }
    WITHHELD.to_owned()
}

fn is_safe(text: &str) -> bool {
    let fault = |part: &str| FAULTS.iter().any(|form| fits(form, part));
    WHOLE.iter().any(|form| fits(form, text)) || text.split("; ").all(fault)
}

/// True if the text has this form: the same words, with fitting parts in the holes.
fn fits(form: &str, text: &str) -> bool {
    let Some((before, rest)) = form.split_once('{') else { return form == text };
    let Some((hole, form)) = rest.split_once('}') else { return false };
    let Some(text) = text.strip_prefix(before) else { return false };
    let allowed = |character: char| match hole {
        "number" => character.is_ascii_digit(),
        "word" => character.is_ascii_alphabetic(),
        "name" => character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '/' | '-'),
        "names" => {
            character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '/' | '-' | ',' | ' ' | ':')
        }
        _ => character.is_ascii_graphic() || character == ' ',
    };
    if hole == "shape" {
        return SHAPES.iter().any(|shape| text.strip_prefix(shape).is_some_and(|rest| fits(form, rest)));
    }
    let ends = text.char_indices().take_while(|(_, character)| allowed(*character));
    let mut ends: Vec<usize> = ends.map(|(at, character)| at + character.len_utf8()).collect();
    if hole == "number" && ends.len() > 6 {
        return false;
    }
    if form.is_empty() {
        return ends.last() == Some(&text.len());
    }
    // A hole ends where the next words of the form begin.
    let next = form.split('{').next().unwrap_or_default();
    ends.retain(|end| text[*end..].starts_with(next));
    ends.into_iter().any(|end| fits(form, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts_pass_and_others_are_withheld() {
        let same = [
            "",
            "forbidden: cannot list secrets in namespace shop",
            "status 422, Invalid at data[.bad key], immutable",
            "the server refuses it: status 422, no reason given",
            "no proof without a dry run for data.password, type: --read-only sends none",
            "no proof without a dry run: forbidden: cannot patch secrets in namespace shop",
            "server refuses the manifest over the live object: status 422, Invalid",
            "web.yaml:3: data.a: expected a string, found a number; web.yaml:9: stringdata: field not declared in schema \
             (did you mean stringData?)",
            "the render holds this object 2 times",
            "stringData[\"a\"] is no string",
            "the server answered 503: details withheld, they could quote a secret value",
        ];
        for text in same {
            assert_eq!(reduce(text), text);
        }
        let reduced = [
            ("data[a]: Invalid value: \"hunter2\"", WITHHELD.to_owned()),
            ("hunter2", WITHHELD.to_owned()),
            ("data.a: expected a string, found hunter2", WITHHELD.to_owned()),
            ("the server answered 422: hunter2", format!("the server answered 422: {WITHHELD}")),
            ("status 422, hunter2", WITHHELD.to_owned()),
            (
                "an immutable field changes: Secret is hunter2",
                format!("an immutable field changes: {WITHHELD}"),
            ),
            ("the server answered 12345678: x", WITHHELD.to_owned()),
            ("the server refuses it: the connection was lost: b", {
                format!("the server refuses it: the connection was lost: {WITHHELD}")
            }),
        ];
        for (text, expected) in reduced {
            assert_eq!(reduce(text), expected, "{text}");
        }
    }

    #[test]
    fn lists_of_forms_have_no_doubles() {
        for list in [WHOLE, HEADS, FAULTS] {
            let mut unique = list.to_vec();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), list.len());
        }
    }
}
