//! Answers as short texts: evidence, and what it cannot show.

use std::collections::BTreeMap;
use std::fmt::Write;

use heapy_engine::{IdentitySet, Stat, Use, UseError, leak_roots};

use crate::gate::Figures;

/// Most characters of an answer.
const MOST_CHARACTERS: usize = 12_000;

/// Values of fields that are given of one object.
const MOST_VALUES: usize = 40;
/// Most paths and referrers that are listed for an object.
const MOST_PATHS: usize = 5;
const MOST_REFERRERS: usize = 10;

fn failed(error: UseError) -> String {
    error.to_string()
}

/// A text that is cut where it would be too long, with a note that it was.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARACTERS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}\n[cut: {} more bytes; ask for less]", &text[..end], text.len() - end),
    }
}

/// A line about a snapshot, and what could not be seen of it.
pub(super) fn summary(hp: &Use) -> String {
    let facts = hp.view().heap().facts();
    let (heap, leaked) = (hp.heap(), hp.heapu_set());
    let mut text = format!(
        "  snapshot {} ({}): {} reachable objects, {} bytes; {} leaked, {} bytes\n",
        facts.snapshot,
        facts.reason,
        heap.count(),
        heap.size(),
        leaked.count(),
        leaked.size()
    );
    text.push_str(&limits(hp));
    text
}

/// What the evidence cannot show.
fn limits(hp: &Use) -> String {
    let doubts = Figures::of(hp).map(|figures| figures.doubts).unwrap_or_default();
    doubts.into_iter().map(|doubt| format!("  limit: {doubt}\n")).collect()
}

/// The first rows of a set by a relation.
pub(super) fn table(hp: &Use, set: &IdentitySet, by: &str, rows: usize) -> Result<String, String> {
    let set = set.by(by).map_err(failed)?;
    let partition = set.partition();
    let total = partition.row_count();
    let mut text = format!("{} objects, {} bytes, by {}\n", set.count(), set.size(), partition.kind_header());
    text.push_str("index\tcount\tbytes\tkind\n");
    for row in partition.rows(0).take(rows) {
        let _ = writeln!(text, "{}\t{}\t{}\t{}", row.index, row.count, row.size, row.name);
    }
    if total > rows {
        let _ = writeln!(text, "[{} more rows]", total - rows);
    }
    text.push_str(&limits(hp));
    Ok(cut(&text))
}

/// Leak roots by kind and line of allocation.
pub(super) fn leaks(hp: &Use, rows: usize) -> Result<String, String> {
    let heap = hp.view().heap();
    let leaked = hp.heapu_set();
    if leaked.is_empty() {
        return Ok(format!("no object is unreachable in snapshot {}\n{}", heap.facts().snapshot, limits(hp)));
    }
    let kinds = hp.relation("Type").map_err(failed)?.classes();
    let sites = hp.relation("Prod").map_err(failed)?.classes();
    let mut groups: BTreeMap<(usize, usize), (u64, u64, u64)> = BTreeMap::new();
    for root in leak_roots(heap, leaked.nodes()) {
        let key = (kinds.of(root.object), sites.of(root.object));
        let group = groups.entry(key).or_insert((0, 0, heap.address(root.object)));
        group.0 += 1;
        group.1 += root.held_bytes;
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(key, (count, held, _))| (std::cmp::Reverse((*held, *count)), *key));
    let mut text = format!("{} unreachable objects, {} bytes; they begin with:\n", leaked.count(), leaked.size());
    text.push_str("roots\theld bytes\tkind\tallocated at\tone of them\n");
    for ((kind, site), (count, held, example)) in groups.iter().take(rows) {
        let _ = writeln!(text, "{count}\t{held}\t{}\t{}\t{example:#x}", kinds.name(*kind), sites.name(*site));
    }
    if groups.len() > rows {
        let _ = writeln!(text, "[{} more groups]", groups.len() - rows);
    }
    text.push_str(
        "  limit: words that look like addresses count as references, so that some leaks may not be listed\n",
    );
    text.push_str(&limits(hp));
    Ok(cut(&text))
}

/// What is known of the object at an address, and what holds it.
pub(super) fn why(hp: &Use, instance: u32, address: u64) -> Result<String, String> {
    let one = hp.iso_at(instance, &[address]).map_err(failed)?;
    let found = one.theone().map_err(failed)?;
    let name = |by: &str| -> Result<String, String> {
        let set = one.by(by).map_err(failed)?;
        Ok(set.partition().row(0).map(|row| row.name).unwrap_or_default())
    };
    let mut text =
        format!("{} {:#x}, {} bytes ({} usable)\n", found.family.word(), found.address, found.size, found.usable);
    let _ = writeln!(text, "type {} (evidence: {}), class {}", name("Type")?, found.type_evidence.word(), found.class);
    for held in found.values.iter().take(MOST_VALUES) {
        let _ = writeln!(text, "  {} = {}", held.name, held.value);
    }
    let _ = writeln!(text, "allocated at {}", name("Prod")?);
    if let Some(context) = one.prod().map_err(failed)? {
        let _ = writeln!(text, "{}", context.all());
    }
    let _ = writeln!(text, "{} bytes live only through it, its own included", one.domisize());
    let reachable = hp.view().reachable().contains(found.object);
    let paths = one.sp();
    if reachable {
        let _ = writeln!(text, "held: {} shortest paths from the root", paths.count());
        for path in paths.iter(0).take(MOST_PATHS) {
            let _ = writeln!(text, "  {path}");
        }
    } else {
        text.push_str("held by nothing that the root reaches: leaked\n");
    }
    let holders = hp.view().heap().referrers(found.object);
    let holders: Vec<String> = holders
        .map(|edge| {
            let heap = hp.view().heap();
            let back = heap.referents(edge.other).find(|other| other.other == found.object);
            let relation = back.map(|back| heap.relation(edge.other, &back).printed(heap.vocabulary().quote));
            format!("  {:#x}{}", heap.address(edge.other), relation.unwrap_or_default())
        })
        .collect();
    let _ = writeln!(text, "{} references to it, reachable or not", holders.len());
    for holder in holders.iter().take(MOST_REFERRERS) {
        let _ = writeln!(text, "{holder}");
    }
    text.push_str("  limit: a path marked `?` rests on a word that only looks like an address\n");
    text.push_str(&limits(hp));
    Ok(cut(&text))
}

/// The rows that changed from one heap to another, by how many bytes.
pub(super) fn compare(from: &Use, to: &Use, by: &str, rows: usize) -> Result<String, String> {
    let numbers = |hp: &Use| -> Result<Stat, String> {
        let all = hp.iso(hp.view().heap().objects()).map_err(failed)?;
        Ok(Stat::of(&all.by(by).map_err(failed)?))
    };
    let difference = numbers(to)?.minus(&numbers(from)?).map_err(failed)?;
    let mut changed: Vec<_> = difference.rows().iter().filter(|row| row.count != 0 || row.size != 0).collect();
    if changed.is_empty() {
        return Ok("nothing grew or shrank\n".into());
    }
    changed.sort_by(|a, b| b.size.abs().cmp(&a.size.abs()).then_with(|| a.name.cmp(&b.name)));
    let mut text =
        format!("objects {:+}, bytes {:+}, by {}\n", difference.count(), difference.size(), difference.kind_header());
    text.push_str("count\tbytes\tkind\n");
    for row in changed.iter().take(rows) {
        let _ = writeln!(text, "{:+}\t{:+}\t{}", row.count, row.size, row.name);
    }
    if changed.len() > rows {
        let _ = writeln!(text, "[{} more rows]", changed.len() - rows);
    }
    text.push_str("  limit: rows are matched by name; objects are not followed from one snapshot to the other\n");
    Ok(cut(&text))
}
