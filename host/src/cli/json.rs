//! What `show --json` prints. The form is promised to programs: under one version members are added, never changed.

use std::io::{self, Write};

use heapy_engine::{IdentitySet, Use};
use serde::Serialize;

/// Name and version of the form; its schema is in the guide.
const SCHEMA: &str = "heapy-show/1";

/// A set by a relation.
#[derive(Serialize)]
struct SetJson<Row> {
    schema: &'static str,
    snapshot: u32,
    count: usize,
    size: u64,
    by: String,
    rows: Vec<Row>,
}

/// A row of a partition.
#[derive(Serialize)]
struct RowJson {
    index: usize,
    count: usize,
    size: u64,
    cumulative: u64,
    kind: String,
}

/// A row of a partition by identity: one object.
#[derive(Serialize)]
struct ObjectJson {
    index: usize,
    address: u64,
    size: u64,
    usable: u64,
    #[serde(rename = "type")]
    type_name: String,
    class: String,
    site: Option<String>,
    serial: u64,
    family: &'static str,
    reachable: &'static str,
    evidence: &'static str,
}

/// Writes a set as one JSON object on one line. `by` is the relation as the user named it.
pub(super) fn write_set(out: &mut impl Write, snapshot: u32, by: &str, hp: &Use, set: &IdentitySet) -> io::Result<()> {
    let (count, size, by) = (set.count(), set.size(), by.to_owned());
    if by == "Id" {
        let rows = object_rows(hp, set)?;
        write_line(out, &SetJson { schema: SCHEMA, snapshot, count, size, by, rows })
    } else {
        let partition = set.partition();
        let rows = (0..partition.row_count()).filter_map(|index| partition.row(index)).map(|row| RowJson {
            index: row.index,
            count: row.count,
            size: row.size,
            cumulative: row.cumulative,
            kind: row.name,
        });
        write_line(out, &SetJson { schema: SCHEMA, snapshot, count, size, by, rows: rows.collect() })
    }
}

fn object_rows(hp: &Use, set: &IdentitySet) -> io::Result<Vec<ObjectJson>> {
    let objects = set.nodes().iter().enumerate();
    let mut rows: Vec<ObjectJson> = objects
        .map(|(index, object)| {
            let found = hp.describe(object).map_err(io::Error::other)?;
            Ok(ObjectJson {
                index,
                address: found.address,
                size: found.size,
                usable: found.usable,
                type_name: found.type_name,
                class: found.class_name,
                site: found.site,
                serial: found.serial,
                family: found.family.word(),
                reachable: found.hold.word(),
                evidence: found.evidence.word(),
            })
        })
        .collect::<io::Result<_>>()?;
    // The order of the identity form: by size, largest first, then by address.
    rows.sort_by_key(|row| std::cmp::Reverse(row.size));
    for (index, row) in rows.iter_mut().enumerate() {
        row.index = index;
    }
    Ok(rows)
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}
