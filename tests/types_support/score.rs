//! How many told blocks have the right type, a wrong one, or none.

use std::collections::BTreeMap;

use heapy_engine::TypeEvidence;

use super::{Told, label};

/// Blocks and bytes of one outcome.
#[derive(Clone, Copy, Default)]
pub struct Part {
    blocks: usize,
    bytes: u64,
}

/// The outcomes of a guest, over all its marks.
#[derive(Default)]
pub struct Score {
    right: Part,
    wrong: Part,
    unknown: Part,
    evidence: BTreeMap<TypeEvidence, usize>,
    /// What is not right, in words.
    pub mistakes: Vec<String>,
}

impl Score {
    /// Counts the told blocks of some marks.
    pub fn of(marks: &[Told]) -> Self {
        let mut score = Self::default();
        for at in marks {
            score.add(at);
        }
        score
    }

    fn add(&mut self, at: &Told) {
        let types = at.types();
        for (block, found) in at.paused.blocks.iter().zip(&at.typed.blocks) {
            let Some(&told) = types.get(&block.address) else { continue };
            *self.evidence.entry(found.evidence).or_default() += 1;
            let got = found.ty.map(|ty| label(&at.typed, ty));
            let part = match &got {
                Some(got) if got == told => &mut self.right,
                // Which array or view it is was lost with its constructor.
                Some(got) if got == "Array" || got == "ArrayBufferView" => &mut self.unknown,
                Some(_) => &mut self.wrong,
                None => &mut self.unknown,
            };
            part.blocks += 1;
            part.bytes += block.size;
            if got.as_deref() != Some(told) {
                let got = got.as_deref().unwrap_or("unknown");
                self.mistakes.push(format!("mark {}: {:#x} is {told}, not {got}", at.mark.number, block.address));
            }
        }
    }

    /// Share of the told bytes that are typed right, in percent.
    pub fn right_bytes(&self) -> f64 {
        self.share(self.right).1
    }

    /// Share of the told bytes that are typed wrong, in percent.
    pub fn wrong_bytes(&self) -> f64 {
        self.share(self.wrong).1
    }

    fn share(&self, part: Part) -> (f64, f64) {
        let blocks = self.right.blocks + self.wrong.blocks + self.unknown.blocks;
        let bytes = self.right.bytes + self.wrong.bytes + self.unknown.bytes;
        let percent = |part: f64, whole: f64| if whole > 0.0 { 100.0 * part / whole } else { 0.0 };
        (percent(part.blocks as f64, blocks as f64), percent(part.bytes as f64, bytes as f64))
    }

    /// The header of a table of scores.
    pub fn header() -> String {
        let columns = "blocks: right  wrong  unknown   bytes: right  wrong  unknown   evidence (blocks)";
        format!("{:22} {columns}\n", "guest")
    }

    /// A row of the table.
    pub fn row(&self, guest: &str) -> String {
        let [right, wrong, unknown] = [self.right, self.wrong, self.unknown].map(|part| self.share(part));
        let evidence: Vec<String> =
            self.evidence.iter().map(|(evidence, blocks)| format!("{} {blocks}", evidence.word())).collect();
        format!(
            "{guest:22} {:12.1} {:6.1} {:8.1} {:14.1} {:6.1} {:8.1}   {}\n",
            right.0,
            wrong.0,
            unknown.0,
            right.1,
            wrong.1,
            unknown.1,
            evidence.join(", ")
        )
    }
}
