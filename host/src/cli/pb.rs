//! `heapy-host pb`: the profile browser, on a stream of stats or on a recording.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use heapy_engine::hpy;

use super::query::print_line;
use super::say;
use crate::profile::{Graph, Layout, Marked, Measure, Sample, Third, graph, lines, of_recording, of_stream, table};
use crate::recording;

/// Name and version of what `--json` prints; its schema is in the guide.
const SCHEMA: &str = "heapy-pb/1";

/// How often `--collect` looks for new samples.
const COLLECT_EVERY: Duration = Duration::from_secs(1);

/// Subcommand `pb`.
#[derive(Args, Debug)]
pub(super) struct PbArgs {
    /// A .hpy file, which Stat.dump and `export --format hpy` write, or a recording.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The sample of marker A, numbered from 1; negative ones count from the end.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    a: i64,
    /// The sample of marker B.
    #[arg(long, value_name = "N", default_value_t = -1, allow_negative_numbers = true)]
    b: i64,
    /// How the samples are drawn.
    #[arg(long, value_enum, default_value_t = Drawing::Bars)]
    graph: Drawing,
    /// The number that is drawn and listed.
    #[arg(long, value_enum, default_value_t = Number::Size)]
    of: Number,
    /// Whose largest kinds the table lists.
    #[arg(long, value_enum, default_value_t = Marker::B)]
    table: Marker,
    /// The table's third column.
    #[arg(long, value_enum, default_value_t = Column::BMinusA)]
    column: Column,
    /// Of whose total the percents are; of that of the listed sample by default.
    #[arg(long, value_enum)]
    percent_of: Option<Marker>,
    /// Look for new samples once a second and draw again, until Ctrl-C.
    #[arg(long, conflicts_with = "json")]
    collect: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Drawing {
    Bars,
    Lines,
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Number {
    Size,
    Count,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Marker {
    A,
    B,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Column {
    Cumul,
    #[value(name = "a-b")]
    AMinusB,
    #[value(name = "b-a")]
    BMinusA,
}

impl From<Marker> for Marked {
    fn from(marker: Marker) -> Self {
        match marker {
            Marker::A => Self::A,
            Marker::B => Self::B,
        }
    }
}

impl PbArgs {
    fn measure(&self) -> Measure {
        match self.of {
            Number::Size => Measure::Size,
            Number::Count => Measure::Count,
        }
    }

    fn layout(&self) -> Layout {
        let third = match self.column {
            Column::Cumul => Third::Cumul,
            Column::AMinusB => Third::AMinusB,
            Column::BMinusA => Third::BMinusA,
        };
        let percent_of = self.percent_of.unwrap_or(self.table).into();
        Layout { of: self.table.into(), measure: self.measure(), third, percent_of }
    }
}

/// Draws the samples and sets the marked ones side by side.
pub(super) fn run(args: &PbArgs) -> Result<ExitCode> {
    let mut seen = None;
    loop {
        let stamp = stamp(args);
        if seen.as_ref() != Some(&stamp) {
            let samples = samples(args)?;
            print_line(&if args.json { as_json(args, &samples)? } else { as_text(args, &samples)? });
            seen = Some(stamp);
        }
        if !args.collect {
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(COLLECT_EVERY);
    }
}

/// What tells that the file has changed: its length and time.
fn stamp(args: &PbArgs) -> Option<(u64, Option<SystemTime>)> {
    let about = std::fs::metadata(&args.file).ok()?;
    Some((about.len(), about.modified().ok()))
}

fn samples(args: &PbArgs) -> Result<Vec<Sample>> {
    let name = || args.file.display().to_string();
    let is_stream = args.file.is_file() && {
        let mut first = [0; 2];
        let read = std::fs::File::open(&args.file).and_then(|mut file| std::io::Read::read(&mut file, &mut first));
        read.with_context(|| format!("cannot read {}", name()))? < first.len() || first != *b"PK"
    };
    if !is_stream {
        return of_recording(&recording::open(&args.file)?).with_context(name);
    }
    let bytes = std::fs::read(&args.file).with_context(|| format!("cannot read {}", name()))?;
    let (samples, error) = of_stream(&hpy::decode(&bytes));
    match error {
        // The last package may be half written.
        Some(_) if args.collect => Ok(samples),
        Some(error) if samples.is_empty() => Err(error).with_context(name),
        Some(error) => {
            say(format_args!("{}: {error}; the {} samples before it are shown", name(), samples.len()));
            Ok(samples)
        }
        None => Ok(samples),
    }
}

/// The number of a marker's sample, from 1.
fn marked(name: &str, asked: i64, count: usize) -> Result<usize> {
    let from_start = if asked < 0 { asked.checked_add(count as i64).map(|index| index + 1) } else { Some(asked) };
    match from_start.and_then(|number| usize::try_from(number).ok()) {
        Some(number) if (1..=count).contains(&number) => Ok(number),
        _ => bail!("--{name} {asked}: there are {count} samples"),
    }
}

fn as_text(args: &PbArgs, samples: &[Sample]) -> Result<String> {
    if samples.is_empty() {
        return Ok("-- No Sample --".into());
    }
    let (a, b) = (marked("a", args.a, samples.len())?, marked("b", args.b, samples.len())?);
    let drawn = match args.graph {
        Drawing::None => String::new(),
        Drawing::Bars => graph(samples, (a, b), args.measure(), Graph::Bars) + "\n\n",
        Drawing::Lines => graph(samples, (a, b), args.measure(), Graph::Lines) + "\n\n",
    };
    Ok(drawn + &table((a, &samples[a - 1]), (b, &samples[b - 1]), args.layout()))
}

fn as_json(args: &PbArgs, samples: &[Sample]) -> Result<String> {
    let listed: Vec<_> = samples
        .iter()
        .map(|sample| serde_json::json!({"at": sample.at, "count": sample.count, "size": sample.size}))
        .collect();
    let mut answer = serde_json::json!({"schema": SCHEMA, "samples": listed, "a": null, "b": null, "rows": []});
    if !samples.is_empty() {
        let (a, b) = (marked("a", args.a, samples.len())?, marked("b", args.b, samples.len())?);
        let rows = lines(&samples[a - 1], &samples[b - 1], args.layout());
        let rows: Vec<_> =
            rows.iter().map(|row| serde_json::json!({"kind": row.name, "a": row.a, "b": row.b})).collect();
        answer["a"] = a.into();
        answer["b"] = b.into();
        answer["rows"] = rows.into();
    }
    Ok(answer.to_string())
}
