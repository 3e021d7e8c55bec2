//! Everything about one object.

use heapy_engine::{Classes, ContextId, EdgeEvidence, Family, Heap, HeldValue, ObjectId, Use};

use super::Failure;
use super::session::{Session, object_id};
use super::sites::place;
use crate::format;
use crate::protocol::{
    Brief, BytesQuestion, FrameLine, LinkLine, Links, ObjectDetails, ObjectQuestion, Paths, PathsQuestion, ValueLine,
};

/// Edges that are listed at each end.
const MOST_LINKS: usize = 200;

/// Paths that are listed.
const MOST_PATHS: usize = 5;

/// Answers the question. Time O(V + E), for what lives only through the object.
pub(super) fn object(session: &mut Session, question: &ObjectQuestion) -> Result<ObjectDetails, Failure> {
    let hp = session.snapshot(question.snapshot)?;
    let object = object_id(&hp, question.object)?;
    let view = hp.view();
    let heap = view.heap();
    let set = hp.iso([object]).map_err(|error| error.to_string())?;
    let classes = |by: &str| set.by(by).map(|set| set.er().classes()).map_err(|error| error.to_string());
    let (kinds, sites) = (classes("Type")?, classes("Prod")?);
    let tree = session.dominators(question.snapshot)?;
    // Of an unreachable object only a walk tells what hangs on it alone.
    let (dominated, dominated_count) = tree.held_by(object).unwrap_or_else(|| {
        let held = set.dominos();
        (held.size(), held.count() as u64)
    });
    let paths = set.sp();
    let type_name = |ty| format::visible(&heap.type_record(ty).name);
    let (own, class) = (heap.type_of(object), heap.class_of(object));
    Ok(ObjectDetails {
        brief: brief(heap, &kinds, object),
        family: heap.family(object).word().to_owned(),
        address: heap.address(object),
        size: heap.size(object),
        usable: heap.usable(object),
        dominated,
        dominated_count,
        wasted: heap.unused(object),
        type_name: own.map(type_name),
        type_evidence: heap.type_evidence(object).word().to_owned(),
        class_name: class.filter(|class| Some(*class) != own).map(type_name),
        serial: heap.facts().serials.then(|| heap.serial(object)),
        age: heap.age(object),
        moved_by: heap.moved_by(object).map(|frame| format::visible(&frame.function)),
        reachable: view.reachable().contains(object),
        site: format::visible(&sites.name(sites.of(object))),
        context: heap.context(object).map_or_else(Vec::new, |context| frame_lines(heap, context)),
        contents: heap.holds_contents(),
        values: heap.values(object).iter().map(value_line).collect(),
        held: heap.bytes(object).map_or(0, |bytes| bytes.len() as u64),
        referrers: referrers(&hp, &kinds, object),
        referents: referents(heap, &kinds, object),
        paths: paths.iter(0).take(MOST_PATHS).map(|path| format::visible(&path.to_string())).collect(),
        path_count: paths.count().to_string(),
    })
}

fn value_line(held: &HeldValue) -> ValueLine {
    ValueLine {
        name: format::visible(&held.name),
        offset: held.offset,
        type_name: format::visible(&held.type_name),
        value: format::visible(&held.value),
    }
}

/// The object's first bytes in hexadecimal digits. Time O(their number).
pub(super) fn bytes(session: &mut Session, question: &BytesQuestion) -> Result<String, Failure> {
    let hp = session.snapshot(question.snapshot)?;
    let object = object_id(&hp, question.object)?;
    let held = hp.view().heap().bytes(object).unwrap_or_default();
    Ok(held.iter().take(question.count).map(|byte| format!("{byte:02x}")).collect())
}

/// The shortest paths to a set. Time O(V + E).
pub(super) fn paths(session: &mut Session, question: &PathsQuestion) -> Result<Paths, Failure> {
    let found = session.set(&question.of)?.sp();
    let shown = found.iter(0).take(question.most).map(|path| format::visible(&path.to_string())).collect();
    Ok(Paths { shown, count: found.count().to_string() })
}

/// An object as lists name it.
pub(super) fn brief(heap: &Heap, kinds: &Classes, object: ObjectId) -> Brief {
    let address = format::address(heap.address(object));
    let text = match (heap.family(object), heap.name(object)) {
        (Family::Module, Some(name)) => format::visible(name),
        (Family::Frame, Some(name)) => format!("{} at {address}", format::visible(name)),
        _ => address,
    };
    let kind = format::visible(&kinds.name(kinds.of(object)));
    Brief { object: object.raw(), kind, text, size: heap.size(object) }
}

/// The frames of a context; the first one outside of the libraries is the site.
fn frame_lines(heap: &Heap, context: ContextId) -> Vec<FrameLine> {
    let frames: Vec<_> = heap.frames_of(context).collect();
    let site = frames.iter().position(|frame| !frame.library).unwrap_or(0);
    let line = |(index, frame): (usize, &&heapy_engine::Frame)| FrameLine {
        function: format::visible(&frame.function),
        place: format::visible(&place(frame)),
        site: index == site,
        inlined: frame.inlined,
    };
    frames.iter().enumerate().map(line).collect()
}

/// Places of the root, then reachable objects, then unreachable ones, which Heapy does not count as referrers.
fn referrers(hp: &Use, kinds: &Classes, object: ObjectId) -> Links {
    let view = hp.view();
    let heap = view.heap();
    let quote = heap.vocabulary().quote;
    let mut shown = Vec::new();
    let mut total = 0;
    for root in heap.roots().iter().filter(|root| root.to == object) {
        total += 1;
        if shown.len() < MOST_LINKS {
            let relation = format!("hp.Root.{}{}", root.place.attribute(quote), mark(root.conservative));
            shown.push(LinkLine { relation: format::visible(&relation), other: None });
        }
    }
    let edges: Vec<_> = heap.referrers(object).collect();
    let seen = edges.iter().filter(|edge| view.reachable().contains(edge.other));
    let unseen = edges.iter().filter(|edge| !view.reachable().contains(edge.other));
    for edge in seen.chain(unseen) {
        total += 1;
        if shown.len() < MOST_LINKS {
            // The edge names its referent's side; the relation belongs to the holder.
            let relation = heap.relation(edge.other, edge).printed(quote);
            let relation = format!("{relation}{}", mark(edge.evidence == EdgeEvidence::Conservative));
            let other = Some(brief(heap, kinds, edge.other));
            shown.push(LinkLine { relation: format::visible(&relation), other });
        }
    }
    Links { total, shown }
}

fn referents(heap: &Heap, kinds: &Classes, object: ObjectId) -> Links {
    let quote = heap.vocabulary().quote;
    let shown = heap.referents(object).take(MOST_LINKS).map(|edge| {
        let relation = heap.relation(object, &edge).printed(quote);
        let relation = format!("{relation}{}", mark(edge.evidence == EdgeEvidence::Conservative));
        LinkLine { relation: format::visible(&relation), other: Some(brief(heap, kinds, edge.other)) }
    });
    Links { shown: shown.collect(), total: heap.referents(object).count() }
}

/// What stands behind a relation that rests on nothing but a word that looks like an address.
const fn mark(conservative: bool) -> &'static str {
    if conservative { "?" } else { "" }
}
