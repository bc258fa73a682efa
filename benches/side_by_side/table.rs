//! Medians, ratios, and the table in Markdown.

use crate::measure::Cost;

/// One cell: what a program cost, in the middle of its runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) cost: Cost,
    /// How many runs it is the median of; 0 if it was computed from a smaller set.
    pub(crate) runs: usize,
}

/// One row: the same comparison by all programs.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) objects: usize,
    pub(crate) milliseconds: u64,
    pub(crate) drift: bool,
    pub(crate) foreign: usize,
    /// `kubectl diff --server-side`, the same with `--concurrency 16`, raw LISTs, ours, and another build of ours.
    pub(crate) cells: [Option<Cell>; 5],
}

/// The headings of the cells.
pub(crate) const PROGRAMS: [&str; 5] =
    ["kubectl diff --server-side", "… --concurrency 16", "raw LISTs", "gitops diff", "other build"];

impl Cell {
    /// The median of each figure for itself; `None` without runs.
    pub(crate) fn of(costs: &[Cost]) -> Option<Self> {
        let median = |figure: fn(&Cost) -> f64| {
            let mut all: Vec<f64> = costs.iter().map(figure).collect();
            all.sort_by(f64::total_cmp);
            let (low, high) = (all.get(all.len().checked_sub(1)? / 2)?, all.get(all.len() / 2)?);
            Some(low.midpoint(*high))
        };
        let cost = Cost {
            wall: median(|cost| cost.wall)?,
            user: median(|cost| cost.user)?,
            peak: median(|cost| cost.peak)?,
            requests: median(|cost| cost.requests)?,
        };
        Some(Self { cost, runs: costs.len() })
    }

    /// What `factor` times as many objects would take a program that asks for each of them.
    pub(crate) fn scaled(self, factor: f64) -> Self {
        let Cost { wall, user, peak, requests } = self.cost;
        let cost = Cost { wall: wall * factor, user: user * factor, peak, requests: requests * factor };
        Self { cost, runs: 0 }
    }

    fn text(self) -> String {
        let Cost { wall, user, peak, requests } = self.cost;
        if self.runs == 0 {
            return format!("~{} · ~{} · – · ~{requests:.0}", seconds(wall), seconds(user));
        }
        format!("{} · {} · {peak:.0} MiB · {requests:.0}", seconds(wall), seconds(user))
    }
}

fn seconds(value: f64) -> String {
    match value {
        value if value < 1.0 => format!("{value:.3} s"),
        value if value < 10.0 => format!("{value:.2} s"),
        value => format!("{value:.1} s"),
    }
}

impl Row {
    fn ratio(&self, of: usize, to: usize) -> String {
        let wall = |at: usize| self.cells[at].map(|cell| cell.cost.wall);
        match (wall(of), wall(to)) {
            (Some(of), Some(to)) if of / to >= 10.0 => format!("{:.0} ×", of / to),
            (Some(of), Some(to)) => format!("{:.1} ×", of / to),
            _ => "–".to_owned(),
        }
    }

    /// The row in Markdown.
    pub(crate) fn line(&self, other: bool) -> String {
        let objects = match self.foreign {
            0 => self.objects.to_string(),
            foreign => format!("{} among {foreign} foreign", self.objects),
        };
        let what = if self.drift { "5 % drift" } else { "in sync" };
        let cell = |at: usize| self.cells[at].map_or_else(|| "–".to_owned(), Cell::text);
        let mut cells = vec![objects, format!("{} ms", self.milliseconds), what.to_owned()];
        cells.extend((0..4).map(cell));
        cells.extend([self.ratio(0, 3), self.ratio(1, 3), self.ratio(3, 2)]);
        if other {
            cells.extend([cell(4), self.ratio(4, 3)]);
        }
        format!("| {} |", cells.join(" | "))
    }
}

/// The head of the table.
pub(crate) fn head(other: bool) -> String {
    let mut names = vec!["objects", "added", "state"];
    names.extend(&PROGRAMS[..4]);
    names.extend(["faster than kubectl", "than at 16", "of raw LISTs"]);
    if other {
        names.extend([PROGRAMS[4], "faster than it"]);
    }
    let rule = names.iter().map(|_| "---").collect::<Vec<_>>().join(" | ");
    format!("| {} |\n| {rule} |", names.join(" | "))
}
