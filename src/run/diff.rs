//! `gitops diff`.

use super::compared::{Comparison, compare};
use super::error::RunError;
use super::output::Output;
use crate::cli::DiffArgs;
use crate::cluster::Server;
use crate::exit::Code;
use crate::reader::Live;
use crate::settings;
use crate::snapshot::Recorded;

/// Compares and reports.
///
/// # Errors
/// The comparison could not be made at all, or the report could not be written.
pub async fn diff(args: &DiffArgs, output: &mut Output) -> Result<Code, RunError> {
    let surroundings = settings::surroundings(&args.run);
    let comparison = Comparison {
        source: settings::source(&args.source, &args.run),
        base: settings::base(&args.compare),
        namespace: args.source.namespace.clone(),
        chosen: settings::chosen(&args.choice),
        read_only: args.compare.read_only,
        policy: settings::policy(&args.compare),
    };
    let reader = live(args, &surroundings).await?;
    let compared = compare(&comparison, &reader).await?;
    for warning in &compared.warnings {
        output.warning(warning);
    }
    #[expect(clippy::print_stdout, reason = "until the report is merged")]
    for v in &compared.verdicts {
        println!("{:?} {} {:?}", v.status, v.id, v.reason);
        for f in &v.fields {
            println!("    {:?} {} {:?} {:?} {:?} line {:?} {:?}", f.class, f.path, f.desired, f.live, f.writer, f.line, f.remark);
        }
        for n in &v.notes {
            println!("    note {:?} {:?} {:?} {}", n.kind, n.writer, n.paths.iter().map(ToString::to_string).collect::<Vec<_>>(), n.text);
        }
    }
    let fail_on = crate::exit::FailOn::default();
    Ok(Code::of_diff(&compared.verdicts, compared.warnings.len(), &fail_on, false))
}

/// The cluster, or the file of `--live`.
async fn live(args: &DiffArgs, surroundings: &settings::Surroundings) -> Result<Live, RunError> {
    if let Some(file) = &args.compare.live {
        return Ok(Live::Recorded(Box::new(Recorded::open(file)?)));
    }
    let (choice, environment) = settings::kubeconfig(&args.cluster);
    let options = settings::options(&args.cluster, &args.run, surroundings, args.compare.read_only);
    Ok(Live::Server(Box::new(Server::connect(&choice, &environment, options).await?)))
}
