//! Leaks: with which unreachable blocks do they begin, by kind and allocating line.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use heapy_engine::leak_roots;

use super::Failure;
use super::object::brief;
use super::session::Session;
use crate::expression::{Combine, KindCall, SetExpression};
use crate::protocol::{LeakCluster, Leaks, LeaksQuestion};

/// Clusters of one answer.
const MOST_CLUSTERS: usize = 500;

/// Clusters the leak roots of a snapshot. Time O(V + E).
pub(super) fn leaks(session: &mut Session, question: &LeaksQuestion) -> Result<Leaks, Failure> {
    let hp = session.snapshot(question.snapshot)?;
    let most = question.most.min(MOST_CLUSTERS);
    let set = hp.heapu_set();
    let classes = |name: &str| hp.relation(name).map(|er| er.classes()).map_err(|error| error.to_string());
    let (kinds, sites) = (classes("Type")?, classes("Prod")?);
    let set_of = |kind: &str, site: &str| {
        let by_kind = SetExpression::leaks().with(Combine::And, SetExpression::kind(KindCall::named("Type", kind)));
        KindCall::producer(site).map_or(by_kind.clone(), |line| by_kind.with(Combine::And, SetExpression::kind(line)))
    };
    let mut clusters: BTreeMap<(usize, usize), LeakCluster> = BTreeMap::new();
    let mut held = 0;
    // Those that hold most come first, so that the first of a cluster is its example.
    for root in leak_roots(set.heap(), set.nodes()) {
        let key = (kinds.of(root.object), sites.of(root.object));
        let cluster = clusters.entry(key).or_insert_with(|| LeakCluster {
            kind: kinds.name(key.0),
            site: sites.name(key.1),
            roots: 0,
            cycles: 0,
            held_size: 0,
            example: brief(set.heap(), &kinds, root.object),
            set: set_of(&kinds.name(key.0), &sites.name(key.1)),
        });
        cluster.roots += 1;
        cluster.cycles += u64::from(root.circle > 1);
        cluster.held_size += root.held_bytes;
        held += root.held_bytes;
    }
    let mut clusters: Vec<LeakCluster> = clusters.into_values().collect();
    clusters.sort_by_cached_key(|cluster| (Reverse(cluster.held_size), cluster.kind.clone(), cluster.site.clone()));
    let more = clusters.len().saturating_sub(most);
    clusters.truncate(most);
    let shared = set.size().saturating_sub(held);
    Ok(Leaks { count: set.count() as u64, size: set.size(), clusters: clusters.into(), more, shared })
}
