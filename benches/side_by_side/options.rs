//! What is measured.

use std::path::PathBuf;

use anyhow::Context as _;

/// Choices of the command line and of `BENCH`.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Numbers of objects, ascending.
    pub(crate) sizes: Vec<usize>,
    /// Added round trips in milliseconds.
    pub(crate) delays: Vec<u64>,
    /// Whether kubectl is measured.
    pub(crate) peers: bool,
    /// Runs of ours and of the raw LISTs.
    pub(crate) rounds: usize,
    /// Runs of kubectl.
    pub(crate) peer_rounds: usize,
    /// Everything, however long it takes.
    pub(crate) full: bool,
    /// How many foreign objects are put beside a set of 200; 0 leaves that out.
    pub(crate) foreign: usize,
    /// Another build of the program, measured beside.
    pub(crate) other: Option<PathBuf>,
}

impl Options {
    /// Reads `cargo bench -- [SIZE,…] [--delays MS,…] [--ours] [--rounds N] [--foreign N] [--other PROGRAM]`.
    pub(crate) fn read(arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let full = std::env::var("BENCH").is_ok_and(|mode| mode == "full");
        let mut options = Self {
            sizes: vec![100, 1_000, 5_000, 20_000],
            delays: vec![0, 50],
            peers: true,
            rounds: 10,
            peer_rounds: 3,
            full,
            foreign: if full { 50_000 } else { 0 },
            other: None,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--bench" => {}
                "--ours" => options.peers = false,
                "--rounds" => options.rounds = value()?.parse()?,
                "--foreign" => options.foreign = value()?.parse()?,
                "--other" => options.other = Some(PathBuf::from(value()?)),
                "--delays" => options.delays = numbers(&value()?)?,
                sizes => options.sizes = numbers(sizes).with_context(|| format!("what is {sizes:?}?"))?,
            }
        }
        options.sizes.sort_unstable();
        Ok(options)
    }
}

fn numbers<N: std::str::FromStr<Err = std::num::ParseIntError>>(text: &str) -> anyhow::Result<Vec<N>> {
    let numbers = text.split(',').filter(|number| !number.is_empty()).map(str::parse);
    Ok(numbers.collect::<Result<_, _>>()?)
}
