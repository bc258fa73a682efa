//! Exit codes: what each means, which wins, and how verdicts become one. The help texts and the README quote this table.

use crate::compare::verdict::{Class, ObjectVerdict, Status};

/// An exit code. The numbers are frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// 0: complete, and nothing that counts differs.
    Clean,
    /// 1: complete, and something differs.
    Differs,
    /// 2: an error of the run or of an object.
    Error,
    /// 3: some object could not be read or proven.
    Incomplete,
    /// 4: the lock is held by another run, or was lost.
    Locked,
    /// 5: a guard refused.
    Refused,
    /// 6: a signature, host key, certificate or digest is not the expected one.
    Untrusted,
    /// 130: SIGINT.
    Interrupted,
    /// 143: SIGTERM.
    Terminated,
}

/// How the codes 1 and 2 are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// 1 differs, 2 error: as diff(1) and `kubectl diff`.
    #[default]
    Default,
    /// 2 differs, 1 error: as `terraform plan -detailed-exitcode`.
    Terraform,
}

impl Code {
    /// Every code, in the order of the numbers.
    pub const ALL: [Self; 9] = [
        Self::Clean,
        Self::Differs,
        Self::Error,
        Self::Incomplete,
        Self::Locked,
        Self::Refused,
        Self::Untrusted,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// The number in the default style.
    pub fn number(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Differs => 1,
            Self::Error => 2,
            Self::Incomplete => 3,
            Self::Locked => 4,
            Self::Refused => 5,
            Self::Untrusted => 6,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The number that the process returns.
    pub fn styled(self, style: Style) -> u8 {
        match (style, self) {
            (Style::Terraform, Self::Differs) => Self::Error.number(),
            (Style::Terraform, Self::Error) => Self::Differs.number(),
            _ => self.number(),
        }
    }

    /// One word for it, as the JSON report names the outcome in any style.
    pub fn word(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Differs => "differs",
            Self::Error => "error",
            Self::Incomplete => "incomplete",
            Self::Locked => "locked",
            Self::Refused => "refused",
            Self::Untrusted => "untrusted",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// What the code means, as help and README print it.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Clean => "complete, and nothing that counts differs",
            Self::Differs => {
                "diff only: complete, and something differs: drift, added, pending, diverged, removal, stuck, held, \
                 differs, missing, new, extra, replace, terminating"
            }
            Self::Error => {
                "error: usage, source, render, discovery, credentials, refused connection, an object that is invalid, \
                 blocked or in conflict with another set, or a step that failed"
            }
            Self::Incomplete => {
                "incomplete: some object is unknown (forbidden, retries exhausted, no proof possible without a dry run, \
                 deadline)"
            }
            Self::Locked => "the lock is held by another run, or was lost",
            Self::Refused => {
                "refused by a guard (empty render, deletion budget, protected kind, wrong cluster, stale plan, dirty \
                 tree, not confirmed)"
            }
            Self::Untrusted => "trust failure: signature, host key, digest",
            Self::Interrupted => "interrupted by SIGINT",
            Self::Terminated => "interrupted by SIGTERM",
        }
    }

    /// Place in the order of precedence; the highest code of a run wins.
    fn rank(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Differs => 1,
            Self::Incomplete => 2,
            Self::Error => 3,
            Self::Locked => 4,
            Self::Refused => 5,
            Self::Untrusted => 6,
            Self::Terminated => 7,
            Self::Interrupted => 8,
        }
    }

    /// The code that wins over all targets and causes; `Clean` if there is none.
    pub fn worst(codes: impl IntoIterator<Item = Self>) -> Self {
        codes.into_iter().max_by_key(|code| code.rank()).unwrap_or(Self::Clean)
    }

    /// The code that a status alone gives.
    pub fn of_status(status: Status) -> Self {
        match status {
            Status::InSync => Self::Clean,
            Status::Terminating
            | Status::Missing
            | Status::New
            | Status::Extra
            | Status::Replace
            | Status::Diverged
            | Status::Drift
            | Status::Differs
            | Status::Pending => Self::Differs,
            Status::Invalid | Status::Blocked | Status::Conflict => Self::Error,
            Status::Unknown => Self::Incomplete,
        }
    }

    /// The code of one object: differences that are not in `fail_on` do not count, errors and gaps always do.
    pub fn of_verdict(verdict: &ObjectVerdict, fail_on: &FailOn) -> Self {
        match Self::of_status(verdict.status) {
            Self::Differs if !fail_on.counts(verdict) => Self::Clean,
            code => code,
        }
    }

    /// The code of a comparison. With `deny_warnings` every warning is an error.
    pub fn of_diff(
        verdicts: &[ObjectVerdict],
        warnings: usize,
        fail_on: &FailOn,
        deny_warnings: bool,
    ) -> Self {
        let denied = if deny_warnings && warnings > 0 { Self::Error } else { Self::Clean };
        Self::worst(verdicts.iter().map(|verdict| Self::of_verdict(verdict, fail_on)).chain([denied]))
    }
}

/// What gives exit code 1: words of classes and statuses. By default all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailOn(Vec<&'static str>);

impl Default for FailOn {
    fn default() -> Self {
        Self(Self::words())
    }
}

impl FailOn {
    /// Every word that can be chosen: classes of fields, then the other statuses that give code 1.
    pub fn words() -> Vec<&'static str> {
        let mut words: Vec<&'static str> = Class::ALL.into_iter().map(Class::word).collect();
        for status in Status::ALL {
            if Code::of_status(status) == Code::Differs && !words.contains(&status.word()) {
                words.push(status.word());
            }
        }
        words
    }

    /// Only these words count; a word that is none of [`FailOn::words`] is left out.
    pub fn only<'a>(chosen: impl IntoIterator<Item = &'a str>) -> Self {
        let chosen: Vec<&str> = chosen.into_iter().collect();
        Self(Self::words().into_iter().filter(|word| chosen.contains(word)).collect())
    }

    /// True if the object's status is chosen, or the class of one of its fields that count.
    pub fn counts(&self, verdict: &ObjectVerdict) -> bool {
        self.0.contains(&verdict.status.word())
            || verdict.fields.iter().any(|field| field.counts && self.0.contains(&field.class.word()))
    }
}

/// Codes that a command can return, as lines `  0    meaning`, wrapped at `width` columns.
pub fn table(codes: &[Code], width: usize) -> String {
    let mut text = String::new();
    for code in codes {
        let mut line = format!("  {:<5}", code.number());
        let indent = line.len();
        for word in code.meaning().split(' ') {
            if line.len() > indent && line.len() + 1 + word.len() > width {
                text.push_str(&line);
                text.push('\n');
                line = " ".repeat(indent);
            }
            if line.len() > indent {
                line.push(' ');
            }
            line.push_str(word);
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::verdict::{FieldVerdict, Proof};
    use crate::object::id::{Gvk, ObjectId};
    use crate::object::path::FieldPath;
    use proptest::prelude::*;

    fn verdict(status: Status, classes: &[(Class, bool)]) -> ObjectVerdict {
        let gvk = Gvk::new("", "v1", "ConfigMap");
        let mut verdict = ObjectVerdict::bare(ObjectId::new(&gvk, "shop", "a"), gvk, status, None);
        verdict.fields = classes.iter().map(|(class, counts)| field(*class, *counts)).collect();
        verdict
    }

    fn field(class: Class, counts: bool) -> FieldVerdict {
        FieldVerdict {
            path: FieldPath::default(),
            class,
            proof: Proof::Server,
            desired: None,
            base: None,
            live: None,
            writer: None,
            owners: Vec::new(),
            remark: None,
            line: None,
            file: None,
            counts,
        }
    }

    /// The table of the contract: code by status.
    const STATUS_CODES: &[(Status, u8)] = &[
        (Status::InSync, 0),
        (Status::Drift, 1),
        (Status::Differs, 1),
        (Status::Pending, 1),
        (Status::Diverged, 1),
        (Status::Missing, 1),
        (Status::New, 1),
        (Status::Extra, 1),
        (Status::Replace, 1),
        (Status::Terminating, 1),
        (Status::Invalid, 2),
        (Status::Blocked, 2),
        (Status::Conflict, 2),
        (Status::Unknown, 3),
    ];

    #[test]
    fn every_status_has_its_code() {
        assert_eq!(STATUS_CODES.len(), Status::ALL.len());
        for (status, number) in STATUS_CODES {
            let code = Code::of_diff(&[verdict(*status, &[])], 0, &FailOn::default(), false);
            assert_eq!(code.number(), *number, "{}", status.word());
        }
    }

    #[test]
    fn numbers_are_frozen() {
        let numbers: Vec<u8> = Code::ALL.into_iter().map(Code::number).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 130, 143]);
        let swapped: Vec<u8> = Code::ALL.into_iter().map(|code| code.styled(Style::Terraform)).collect();
        assert_eq!(swapped, [0, 2, 1, 3, 4, 5, 6, 130, 143]);
        assert!(Code::ALL.into_iter().all(|code| code.styled(Style::Default) == code.number()));
    }

    #[test]
    fn the_graver_code_wins() {
        use Code::*;
        let falling =
            [Interrupted, Terminated, Untrusted, Refused, Locked, Error, Incomplete, Differs, Clean];
        for (at, code) in falling.iter().enumerate() {
            assert_eq!(Code::worst(falling[at..].iter().rev().copied()), *code);
        }
        assert_eq!(Code::worst([]), Clean);
    }

    #[test]
    fn warnings_are_errors_only_when_denied() {
        let drift = [verdict(Status::Drift, &[])];
        let code = |warnings, deny| Code::of_diff(&drift, warnings, &FailOn::default(), deny).number();
        assert_eq!([code(0, false), code(1, false), code(0, true), code(1, true)], [1, 1, 1, 2]);
    }

    #[test]
    fn only_chosen_differences_count() {
        use Class::{Added, Drift, Held, Pending};
        let table: &[(&[&str], ObjectVerdict, u8)] = &[
            (&["drift"], verdict(Status::Drift, &[(Drift, true)]), 1),
            (&["drift"], verdict(Status::Drift, &[(Added, true)]), 1),
            (&["added"], verdict(Status::Drift, &[(Drift, true)]), 0),
            (&["held"], verdict(Status::Diverged, &[(Held, true), (Pending, true)]), 1),
            (&["held"], verdict(Status::Pending, &[(Held, false), (Pending, true)]), 0),
            (&["pending"], verdict(Status::Replace, &[(Pending, true)]), 1),
            (&["diverged"], verdict(Status::Diverged, &[(Drift, true), (Pending, true)]), 1),
            (&["missing", "extra"], verdict(Status::Missing, &[]), 1),
            (&["missing", "extra"], verdict(Status::New, &[]), 0),
            (&["drift"], verdict(Status::Unknown, &[]), 3),
            (&["drift"], verdict(Status::Blocked, &[]), 2),
            (&[], verdict(Status::Drift, &[(Drift, true)]), 0),
        ];
        for (words, verdict, number) in table {
            let code = Code::of_verdict(verdict, &FailOn::only(words.iter().copied()));
            assert_eq!(code.number(), *number, "{words:?} {:?}", verdict.status);
        }
        assert_eq!(
            FailOn::words().join(" "),
            "drift added pending diverged removal stuck held differs terminating missing new extra replace"
        );
    }

    #[test]
    fn the_meaning_of_1_names_all_that_counts() {
        let listed = Code::Differs.meaning().rsplit(": ").next().unwrap_or_default();
        let mut listed: Vec<&str> = listed.split(", ").collect();
        let mut words = FailOn::words();
        listed.sort_unstable();
        words.sort_unstable();
        assert_eq!(listed, words);
    }

    #[test]
    fn the_table_wraps() {
        let text = table(&[Code::Clean, Code::Untrusted, Code::Interrupted], 34);
        let expected = "  0    complete, and nothing that\n       counts differs\n  6    trust failure: signature,\n       \
                        host key, digest\n  130  interrupted by SIGINT\n";
        assert_eq!(text, expected);
    }

    proptest! {
        /// PROP-17: the code is a function of the outcome, total, and nothing incomplete or wrong ends with 0 or 1.
        #[test]
        fn prop_17_incomplete_is_never_clean(
            picks in proptest::collection::vec(0..Status::ALL.len(), 0..20),
            words in proptest::sample::subsequence(FailOn::words(), 0..5),
            warnings in 0..3usize,
            deny: bool,
        ) {
            let statuses: Vec<Status> = picks.iter().map(|pick| Status::ALL[*pick]).collect();
            let verdicts: Vec<ObjectVerdict> = statuses.iter().map(|status| verdict(*status, &[])).collect();
            let code = Code::of_diff(&verdicts, warnings, &FailOn::only(words.iter().copied()), deny).number();
            let has = |wanted: u8| statuses.iter().any(|s| STATUS_CODES.contains(&(*s, wanted)));
            let counted = statuses.iter().any(|s| words.contains(&s.word()));
            let expected = match () {
                () if has(2) || (deny && warnings > 0) => 2,
                () if has(3) => 3,
                () if counted => 1,
                () => 0,
            };
            prop_assert_eq!(code, expected);
        }
    }
}
