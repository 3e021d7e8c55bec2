//! `heapy-host diff`: what changed from one snapshot to another.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use heapy_engine::Stat;
use heapy_engine::events::Moment;

use super::query::print_line;
use super::show::Part;
use super::snapshots::{self, snapshot_number};

/// Name and version of what `--json` prints; its schema is in the guide.
const SCHEMA: &str = "heapy-diff/1";

/// Subcommand `diff`.
#[derive(Args, Debug)]
pub(super) struct DiffArgs {
    /// The earlier recording.
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The later recording; the same file for two snapshots of one recording.
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// Which snapshot of the earlier one; its last by default, its first if both files are the same; or `peak`.
    #[arg(long, value_name = "N", value_parser = snapshot_number)]
    from: Option<u32>,
    /// Which snapshot of the later one; its last by default.
    #[arg(long, value_name = "N", value_parser = snapshot_number)]
    to: Option<u32>,
    /// A moment of the earlier recording in place of a snapshot, where it has events: event:N, allocation:N, time:SECONDS,
    /// snapshot:N, peak or end.
    #[arg(long, value_name = "MOMENT", conflicts_with = "from")]
    from_at: Option<Moment>,
    /// A moment of the later one.
    #[arg(long, value_name = "MOMENT", conflicts_with = "to")]
    to_at: Option<Moment>,
    /// The relation by which objects are grouped, such as Type, Prod or Type&Prod.
    #[arg(long, value_name = "RELATION", default_value = "Type")]
    by: String,
    /// Which objects: the reachable ones, the unreachable ones, or both.
    #[arg(long, value_enum, default_value_t = Part::All)]
    set: Part,
    /// Print every row, not only the first ten.
    #[arg(long)]
    all: bool,
    /// Print one JSON object with every row.
    #[arg(long)]
    json: bool,
}

/// Prints the difference, the largest first.
pub(super) fn run(args: &DiffArgs) -> Result<ExitCode> {
    let numbers = |path: &PathBuf, number: Option<u32>, moment: Option<Moment>| -> Result<(u32, Stat)> {
        let opened = snapshots::open(path)?;
        let hp = match moment {
            Some(moment) => opened.top_at(moment)?,
            None => opened.top(number)?,
        };
        let number = hp.view().heap().facts().snapshot;
        Ok((number, args.set.of(&hp)?.by(&args.by)?.stat()))
    };
    let from = if args.before == args.after { args.from.or(Some(1)) } else { args.from };
    let (from, before) = numbers(&args.before, from, args.from_at)?;
    let (to, after) = numbers(&args.after, args.to, args.to_at)?;
    let difference = after.minus(&before)?;
    if args.json {
        let changed = difference.rows().iter().filter(|row| row.count != 0 || row.size != 0);
        let rows: Vec<_> =
            changed.map(|row| serde_json::json!({"count": row.count, "size": row.size, "kind": row.name})).collect();
        let answer = serde_json::json!({
            "schema": SCHEMA, "from": from, "to": to, "by": args.by, "count": difference.count(), "size": difference.size(), "rows": rows,
        });
        print_line(&answer.to_string());
    } else if args.all {
        print_line(&difference.pages().all().to_string());
    } else {
        print_line(&difference.to_string());
    }
    Ok(ExitCode::SUCCESS)
}
