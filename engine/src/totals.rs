//! What all allocations of a run came to, by the code that made them.
//!
//! A heap shows what is live; these numbers show what it took to get there: code that allocates and releases all the time
//! is in no heap, and is what makes a program slow.

use std::collections::HashMap;

use crate::error::UseError;
use crate::heap::ContextTotals;
use crate::relation::{Class, Place, Rule, first_own_frame, producer};
use crate::use_api::Use;

/// What the allocations of one piece of code came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteTotals {
    /// The code, as the relation names it: a line, a calling context, a unit.
    pub name: String,
    /// The numbers. Of calling contexts, with the context.
    pub totals: ContextTotals,
}

impl Use {
    /// What all allocations up to the snapshot came to, by `Prod` (line of allocation), `Site` (calling context) or `Unit`;
    /// most bytes first, then by name. Empty where nothing was counted. Time O(contexts × depth).
    ///
    /// # Errors
    /// [`UseError::Argument`] for another relation.
    pub fn totals(&self, by: &str) -> Result<Vec<SiteTotals>, UseError> {
        let heap = self.view().heap();
        let rule = match by {
            "Prod" => Rule::Prod,
            "Site" => Rule::Site,
            "Unit" => Rule::Unit,
            other => {
                return Err(UseError::Argument {
                    function: "totals",
                    argument: "by",
                    given: format!("'{other}'"),
                    accepted: "'Prod', 'Site' and 'Unit'".into(),
                });
            }
        };
        let mut sums: HashMap<Class, ContextTotals> = HashMap::new();
        for totals in heap.totals() {
            let context = totals.context;
            let class = match rule {
                Rule::Prod => Class::Producer(context.and_then(|context| producer(heap, context))),
                Rule::Unit => Class::Unit(context.and_then(|context| first_own_frame(heap, context)?.unit.clone())),
                _ => Class::Site(context),
            };
            sums.entry(class)
                .and_modify(|sum| *sum = ContextTotals { context: None, ..sum.plus(totals) })
                .or_insert(*totals);
        }
        let row = |(class, totals): (Class, ContextTotals)| {
            let totals = ContextTotals { context: totals.context.filter(|_| rule == Rule::Site), ..totals };
            SiteTotals { name: rule.class_name(self.view(), &class, Place::Alone), totals }
        };
        let mut rows: Vec<SiteTotals> = sums.into_iter().map(row).collect();
        rows.sort_by(|a, b| {
            let key = |row: &SiteTotals| (std::cmp::Reverse(row.totals.bytes), row.totals.context);
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::heap::{Frame, HeapBuilder, Vocabulary};

    #[test]
    fn contexts_of_one_line_are_one_row() {
        let mut builder = HeapBuilder::new(Vocabulary::wasm());
        let line = Frame { function: "push".into(), file: Some("a.rs".into()), line: Some(3), ..Frame::default() };
        let line = builder.add_frame(line);
        for (caller, bytes) in [("one", 5), ("two", 7)] {
            let caller = builder.add_frame(Frame { function: caller.into(), ..Frame::default() });
            let caller = builder.add_context(None, caller);
            let context = Some(builder.add_context(Some(caller), line));
            builder.add_totals(ContextTotals { context, allocations: 1, bytes, ..ContextTotals::default() });
        }
        builder.add_totals(ContextTotals { allocations: 9, bytes: 6, peak_bytes: Some(1), ..ContextTotals::default() });
        let hp = Use::new(Arc::new(builder.finish().unwrap()));
        let rows = |by: &str| -> Vec<(String, u64)> {
            hp.totals(by).unwrap().into_iter().map(|row| (row.name, row.totals.bytes)).collect()
        };
        assert_eq!(rows("Prod"), [("a.rs:3".into(), 12), ("unknown".into(), 6)]);
        let sites = ["push (a.rs:3) < two", "unknown", "push (a.rs:3) < one"];
        assert_eq!(rows("Site").into_iter().map(|row| row.0).collect::<Vec<_>>(), sites);
        assert!(hp.totals("Type").unwrap_err().to_string().contains("'Type'"));
    }
}
