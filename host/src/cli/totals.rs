//! What all allocations of a run came to, in words and as JSON.

use std::io::{self, Write};

use anyhow::Result;
use heapy_engine::{SiteTotals, Use};
use serde_json::json;

/// Name and version of what `--json` prints; its schema is in the guide.
const SCHEMA: &str = "heapy-totals/1";
/// Rows that are shown unless all are asked for.
const ROWS_SHOWN: usize = 10;

/// How they are to be shown.
pub(super) struct Shown<'a> {
    /// The relation by which they are grouped.
    pub(super) by: &'a str,
    /// Every row, not only the first ones.
    pub(super) all: bool,
    /// As JSON.
    pub(super) json: bool,
}

/// Writes the totals of a snapshot.
pub(super) fn write(out: &mut impl Write, hp: &Use, shown: &Shown<'_>) -> Result<io::Result<()>> {
    let rows = hp.totals(shown.by)?;
    if shown.json {
        let row = |(index, row): (usize, &SiteTotals)| {
            let totals = &row.totals;
            json!({
                "index": index, "name": row.name, "allocations": totals.allocations, "bytes": totals.bytes,
                "frees": totals.frees, "temporary": totals.temporary, "peak": totals.peak_bytes,
            })
        };
        let rows: Vec<_> = rows.iter().enumerate().map(row).collect();
        let snapshot = hp.view().heap().facts().snapshot;
        return Ok(writeln!(out, "{}", json!({"schema": SCHEMA, "snapshot": snapshot, "by": shown.by, "rows": rows})));
    }
    Ok(write_text(out, &rows, if shown.all { rows.len() } else { ROWS_SHOWN }))
}

fn write_text(out: &mut impl Write, rows: &[SiteTotals], shown: usize) -> io::Result<()> {
    let sum = |of: fn(&SiteTotals) -> u64| rows.iter().fold(0u64, |sum, row| sum.saturating_add(of(row)));
    writeln!(
        out,
        "{} allocations of {} bytes; {} were released, {} of them before the next allocation.",
        sum(|row| row.totals.allocations),
        sum(|row| row.totals.bytes),
        sum(|row| row.totals.frees),
        sum(|row| row.totals.temporary),
    )?;
    let cell = |number: u64| format!("{number:>12}");
    writeln!(out, " Allocations        Bytes     Released    Temporary   Peak bytes  Allocated by")?;
    for row in rows.iter().take(shown) {
        let totals = &row.totals;
        let numbers = [totals.allocations, totals.bytes, totals.frees, totals.temporary].map(cell).join(" ");
        let peak = totals.peak_bytes.map_or_else(|| format!("{:>12}", "?"), cell);
        writeln!(out, "{numbers} {peak}  {}", row.name)?;
    }
    match rows.len().saturating_sub(shown) {
        0 => Ok(()),
        rest => writeln!(out, "<{rest} more rows; --all shows them.>"),
    }
}
