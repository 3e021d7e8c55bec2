//! Shares of the blocks of a heap by the evidence that their types rest on.

use std::collections::BTreeMap;

use heapy_engine::{Family, Heap, ObjectId, TypeEvidence};

/// Rows of the list of the largest parts.
const LARGEST: usize = 12;

/// Callers of an allocation that are named.
const CALLERS: usize = 6;

/// Blocks and bytes.
type Part = (usize, u64);

/// How the blocks of a heap are typed.
#[derive(Default)]
pub struct Shares {
    all: Part,
    evidence: BTreeMap<&'static str, Part>,
    untyped: BTreeMap<String, Part>,
    bytes: BTreeMap<String, Part>,
    typed: BTreeMap<String, Part>,
}

impl Shares {
    /// Counts the blocks of a heap.
    pub fn of(heap: &Heap) -> Self {
        let mut shares = Self::default();
        for block in heap.objects().filter(|&object| heap.family(object) == Family::Block) {
            let name = heap.type_of(block).map(|ty| heap.type_record(ty).name.clone());
            let size = heap.size(block);
            add(&mut shares.all, size);
            let evidence = match name.as_deref() {
                None => TypeEvidence::None.word(),
                Some("bytes") => "bytes",
                Some(_) => heap.type_evidence(block).word(),
            };
            add(shares.evidence.entry(evidence).or_default(), size);
            match name {
                None => add(shares.untyped.entry(callers(heap, block)).or_default(), size),
                Some(name) if name == "bytes" => add(shares.bytes.entry(callers(heap, block)).or_default(), size),
                Some(name) => {
                    let row = format!("{name} ({})", heap.type_evidence(block).word());
                    add(shares.typed.entry(row).or_default(), size);
                }
            }
        }
        shares
    }

    /// Percent of blocks and of bytes that have a type, `bytes` among them.
    pub fn typed(&self) -> (f64, f64) {
        let none = self.evidence.get(TypeEvidence::None.word()).copied().unwrap_or_default();
        let (blocks, bytes) = percent(none, self.all);
        (100.0 - blocks, 100.0 - bytes)
    }

    /// Percent of the bytes whose type is more than bytes.
    pub fn named_structs(&self) -> f64 {
        self.typed().1 - percent(self.evidence.get("bytes").copied().unwrap_or_default(), self.all).1
    }

    /// Percent of what is called bytes that these functions have asked for.
    pub fn bytes_from(&self, functions: &[&str]) -> f64 {
        let by = |callers: &str| callers.split(" < ").any(|caller| functions.contains(&caller));
        let known = self.bytes.iter().filter(|(callers, _)| by(callers)).map(|(_, part)| part.1).sum();
        percent((0, known), self.evidence.get("bytes").copied().unwrap_or_default()).1
    }

    /// The table, with the largest parts.
    pub fn table(&self, of: &str) -> String {
        let mut text = format!("{of}: {} blocks, {} bytes\n", self.all.0, self.all.1);
        for (evidence, &part) in &self.evidence {
            let (blocks, bytes) = percent(part, self.all);
            text += &format!("  {evidence:18} {blocks:5.1} % of blocks {bytes:5.1} % of bytes\n");
        }
        for (title, parts) in [("untyped", &self.untyped), ("bytes", &self.bytes), ("typed", &self.typed)] {
            let mut largest: Vec<_> = parts.iter().collect();
            largest.sort_by_key(|&(name, &(_, bytes))| (std::cmp::Reverse(bytes), name));
            text += &format!("  largest {title}:\n");
            for (name, (blocks, bytes)) in largest.into_iter().take(LARGEST) {
                text += &format!("    {bytes:9} bytes {blocks:7} blocks {name}\n");
            }
        }
        text
    }
}

fn add(part: &mut Part, size: u64) {
    *part = (part.0 + 1, part.1 + size);
}

fn percent(part: Part, whole: Part) -> (f64, f64) {
    let share = |part: f64, whole: f64| 100.0 * part / whole.max(1.0);
    (share(part.0 as f64, whole.0 as f64), share(part.1 as f64, whole.1 as f64))
}

/// The functions that allocate a block, innermost first.
fn callers(heap: &Heap, block: ObjectId) -> String {
    let frames = heap.context(block).into_iter().flat_map(|context| heap.frames_of(context));
    let own = frames.filter(|frame| !frame.library).map(|frame| frame.function.as_str());
    let names: Vec<&str> = own.take(CALLERS).collect();
    if names.is_empty() { "no site".to_owned() } else { names.join(" < ") }
}
