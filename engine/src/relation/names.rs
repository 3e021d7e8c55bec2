//! How relations and their classes are called in tables.

use std::sync::Arc;

use super::class::{Class, EvidenceClass, TypeClass};
use super::rule::Rule;
use crate::heap::{Frame, Heap};
use crate::id::ContextId;
use crate::text::python_repr;
use crate::view::View;

/// Where a name stands: alone in its column, or beside others that a `&` joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Alone,
    InProduct,
}

impl Rule {
    /// The header of the kind column.
    pub(crate) fn header(&self, view: &Arc<View>) -> String {
        self.header_in(view, Place::Alone)
    }

    fn header_in(&self, view: &Arc<View>, place: Place) -> String {
        let storage = &view.heap().vocabulary().storage;
        match self {
            Self::Type => "Type".into(),
            Self::Class => "Class".into(),
            Self::Clodo => format!("Kind (class / {storage} of class)"),
            Self::Id => "Object Identity".into(),
            Self::Idset => "by identity set".into(),
            Self::Module => "Module".into(),
            Self::Prod => "Producer (line of allocation)".into(),
            Self::Size => "Individual Size".into(),
            Self::Unity => "<unclassified>".into(),
            Self::Via if place == Place::InProduct => "{Referred Via}".into(),
            Self::Via => "Referred Via:".into(),
            Self::Unit => "Unit (crate or module of allocation)".into(),
            Self::Site => "Site (calling context of allocation)".into(),
            Self::Age => "Age (snapshot interval of birth)".into(),
            Self::Thread => "Thread (reachable from)".into(),
            Self::Content => "Content (equal bytes)".into(),
            Self::Evidence => "Evidence (best reference)".into(),
            Self::Product(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| part.header_in(view, Place::InProduct)).collect();
                let joined = parts.join(" & ");
                if place == Place::InProduct { format!("({joined})") } else { joined }
            }
            Self::Findex(_) => "First Matching Kind / Index".into(),
            Self::DictOf(inner) => format!("{} of {}", capitalised(storage), inner.header_in(view, place)),
            Self::RefdBy(inner) => {
                let header = format!("Referrers by {}", inner.header_in(view, place));
                if place == Place::InProduct { format!("{{{header}}}") } else { header }
            }
        }
    }

    /// The name of a class as a row of a table.
    pub(crate) fn class_name(&self, view: &Arc<View>, class: &Class, place: Place) -> String {
        let heap = view.heap();
        let vocabulary = heap.vocabulary();
        match class {
            Class::All => "<Anything>".into(),
            Class::Type(ty) => type_name(heap, ty),
            Class::Storage(owner) => storage_name(heap, owner.as_ref().map(|owner| type_name(heap, owner))),
            Class::OwnerIn(owner) => {
                let inner = match self {
                    Self::DictOf(inner) => inner,
                    _ => self,
                };
                storage_name(heap, owner.as_ref().map(|owner| inner.class_name(view, owner, place)))
            }
            Class::NotStorage => format!("~{}", vocabulary.storage),
            Class::Size(size) if place == Place::InProduct => size.to_string(),
            Class::Size(size) => format!("{size:>9}"),
            Class::Object(object) => format!("<id {:#x}>", heap.address(*object)),
            Class::Module(Some(module)) => heap.name(*module).unwrap_or("module").to_owned(),
            Class::Module(None) => "~module".into(),
            Class::Producer(place) => producer_name(place.as_ref()),
            Class::Referrers(classes) => {
                let inner = match self {
                    Self::RefdBy(inner) => inner,
                    _ => self,
                };
                let mut names: Vec<_> = classes.iter().map(|class| inner.class_name(view, class, place)).collect();
                names.sort_unstable();
                match (place, names.is_empty()) {
                    (Place::InProduct, _) => format!("{{{}}}", names.join(", ")),
                    (Place::Alone, true) => "<Nothing>".into(),
                    (Place::Alone, false) => names.join(", "),
                }
            }
            Class::Via(relations) => {
                let mut names: Vec<_> =
                    relations.iter().map(|relation| python_repr(&relation.printed(vocabulary.quote))).collect();
                names.sort_unstable();
                let names = names.join(", ");
                if place == Place::InProduct { format!("{{{names}}}") } else { names }
            }
            Class::Index(index) => match self {
                Self::Findex(kinds) => kinds
                    .get(*index as usize)
                    .map_or_else(|| "<None>".into(), |kind| format!("{} / {index}", kind.brief(view))),
                _ => index.to_string(),
            },
            Class::Product(classes) => self.product_name(view, classes, place),
            Class::Unit(unit) => unit.clone().unwrap_or_else(|| "~unit".into()),
            Class::Site(site) => site.map_or_else(|| "unknown".into(), |site| site_name(heap, site)),
            Class::Age(age) => format!("interval {age}"),
            Class::Content(Some(content)) => format!("content {content}"),
            Class::Content(None) => "~content".into(),
            Class::Threads(threads) if threads.is_empty() => "~thread".into(),
            Class::Threads(threads) => {
                let threads: Vec<_> = threads.iter().map(|thread| format!("thread {thread}")).collect();
                threads.join(", ")
            }
            Class::Evidence(evidence) => match evidence {
                EvidenceClass::Typed => "typed",
                EvidenceClass::Conservative => "conservative",
                EvidenceClass::Interior => "interior",
                EvidenceClass::Unreferred => "unreferred",
            }
            .into(),
        }
    }

    fn product_name(&self, view: &Arc<View>, classes: &[Class], place: Place) -> String {
        let Self::Product(parts) = self else { return String::new() };
        let names: Vec<_> =
            parts.iter().zip(classes).map(|(part, class)| part.class_name(view, class, Place::InProduct)).collect();
        let joined = names.join(" & ");
        if place == Place::InProduct { format!("({joined})") } else { joined }
    }

    /// How a reference pattern names the relation.
    pub(crate) fn pattern_name(&self, view: &Arc<View>) -> String {
        let storage = &view.heap().vocabulary().storage;
        match self {
            Self::Clodo => format!("[{storage} of] class"),
            Self::Id => "object identity".into(),
            Self::Idset => "by identity set".into(),
            Self::Prod => "producer".into(),
            Self::Size => "individual size".into(),
            Self::Via => "referred via".into(),
            Self::Product(parts) => {
                let names: Vec<_> = parts.iter().map(|part| part.pattern_name(view)).collect();
                format!("<{}>", names.join(" & "))
            }
            Self::Findex(kinds) => {
                let briefs: Vec<_> = kinds.iter().map(|kind| kind.brief(view)).collect();
                format!("index of first matching kind of ({})", briefs.join(", "))
            }
            Self::DictOf(inner) => format!("{storage} of {}", inner.pattern_name(view)),
            Self::RefdBy(inner) if **inner == Self::Clodo => "referrer kinds".into(),
            Self::RefdBy(inner) => format!("referred by {}", inner.pattern_name(view)),
            named => named.word().to_lowercase(),
        }
    }
}

/// The table name of a type.
pub(crate) fn type_name(heap: &Heap, ty: &TypeClass) -> String {
    match ty {
        TypeClass::Declared(ty) => heap.type_record(*ty).name.clone(),
        TypeClass::FromSite(site) => format!("<block from {site}>"),
        TypeClass::Untyped(size) => format!("<untyped {size}>"),
        TypeClass::Module => "module".into(),
        TypeClass::Frame => "frame".into(),
        TypeClass::Static(symbol) => format!("static {symbol}"),
        TypeClass::Root(word) => format!("<root: {word}>"),
    }
}

fn storage_name(heap: &Heap, owner: Option<String>) -> String {
    let storage = &heap.vocabulary().storage;
    owner.map_or_else(|| format!("{storage} (no owner)"), |owner| format!("{storage} of {owner}"))
}

fn producer_name(place: Option<&(String, Option<u32>)>) -> String {
    match place {
        None => "unknown".into(),
        Some((file, Some(line))) => format!("{file}:{line}"),
        Some((file, None)) => file.clone(),
    }
}

/// Frames of a calling context that its name shows.
const SHOWN_FRAMES: usize = 8;

/// The calling context on one line, innermost frame first: the program's frames, which tell contexts apart for a reader;
/// all of them where all are a library's.
fn site_name(heap: &Heap, site: ContextId) -> String {
    let own: Vec<&Frame> = heap.frames_of(site).filter(|frame| !frame.library).collect();
    let frames = if own.is_empty() { heap.frames_of(site).collect() } else { own };
    let mut names: Vec<String> = frames.iter().take(SHOWN_FRAMES).map(|frame| short_frame_name(frame)).collect();
    if frames.len() > SHOWN_FRAMES {
        names.push(format!("{} more", frames.len() - SHOWN_FRAMES));
    }
    names.join(" < ")
}

/// `function (file:line)`, the file without its folders.
fn short_frame_name(frame: &Frame) -> String {
    let file = frame.file.as_deref().map(|file| file.rsplit(['/', '\\']).next().unwrap_or(file));
    match (file, frame.line) {
        (Some(file), Some(line)) => format!("{} ({file}:{line})", frame.function),
        _ => frame.function.clone(),
    }
}

/// `function (file:line)`.
pub(crate) fn frame_name(frame: &Frame) -> String {
    match (&frame.file, frame.line) {
        (Some(file), Some(line)) => format!("{} ({file}:{line})", frame.function),
        (Some(file), None) => format!("{} ({file})", frame.function),
        (None, _) => frame.function.clone(),
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
