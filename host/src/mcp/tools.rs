//! The tools: what each takes, and the recordings they ask.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use heapy_engine::Use;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answers;

/// Gives the top object of a snapshot by its number, or says why not.
pub type Load = Box<dyn Fn(u32) -> Result<Use, String>>;

/// What an expression is about.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The recording, in the order in which they were added; from 0.
    pub recording: usize,
    /// The number of the snapshot, from 1.
    pub snapshot: u32,
    /// The top object of that snapshot.
    pub hp: &'a Use,
}

/// Answers an expression of the JavaScript API about a snapshot.
pub type Query = Box<dyn Fn(Asked<'_>, &str) -> Result<String, String>>;

/// A recording that is asked.
struct Source {
    name: String,
    snapshots: u32,
    load: Load,
}

/// The tools over some recordings.
pub struct Tools {
    sources: Vec<Source>,
    query: Option<Query>,
    /// Snapshots that were asked for; a few, since each is a whole heap.
    loaded: Mutex<BTreeMap<(usize, u32), Use>>,
}

/// Most snapshots that are kept in memory.
const MOST_LOADED: usize = 4;

/// Rows of a table if none are asked for, and at most.
const ROWS: usize = 15;
const MOST_ROWS: usize = 100;

/// Which snapshot of which recording; the last one of the first if nothing is said.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Where {
    recording: Option<usize>,
    snapshot: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoArguments {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableArguments {
    recording: Option<usize>,
    snapshot: Option<u32>,
    set: Option<String>,
    by: Option<String>,
    rows: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeaksArguments {
    recording: Option<usize>,
    snapshot: Option<u32>,
    rows: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WhyArguments {
    recording: Option<usize>,
    snapshot: Option<u32>,
    address: Address,
    instance: Option<u32>,
}

/// An address as a number or as text, `"0x1a2b0"` or `"107184"`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Address {
    Number(u64),
    Text(String),
}

impl Address {
    fn value(&self) -> Result<u64, String> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Text(text) => match text.strip_prefix("0x") {
                Some(digits) => u64::from_str_radix(digits, 16),
                None => text.parse(),
            }
            .map_err(|_| format!("{text:?} is no address: write \"0x1a2b0\" or 107184")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompareArguments {
    from: Where,
    to: Where,
    by: Option<String>,
    rows: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QueryArguments {
    recording: Option<usize>,
    snapshot: Option<u32>,
    expression: String,
}

impl Tools {
    /// Tools that ask nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { sources: Vec::new(), query: None, loaded: Mutex::default() }
    }

    /// Adds a recording of so many snapshots.
    pub fn add(&mut self, name: impl Into<String>, snapshots: u32, load: Load) -> &mut Self {
        self.sources.push(Source { name: name.into(), snapshots, load });
        self
    }

    /// Lets expressions be asked too.
    pub fn set_query(&mut self, query: Query) -> &mut Self {
        self.query = Some(query);
        self
    }

    /// The tools as the protocol lists them.
    #[must_use]
    pub fn list(&self) -> Vec<Value> {
        let snapshot =
            json!({"type": "integer", "minimum": 1, "description": "Number of the snapshot; the last if not given."});
        let recording = json!({"type": "integer", "minimum": 1, "description": "Which recording, as `recordings` numbers them; the first if not given."});
        let rows = json!({"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "description": format!("Most rows; {ROWS} if not given.")});
        let by = json!({"type": "string", "description": "Relation: Type, Clodo, Prod (line of allocation), Site (calling context), Size, Via (held by which field), Rcs (kinds of referrers), Id (single objects), or several joined by &."});
        let place = json!({"type": "object", "properties": {"recording": recording, "snapshot": snapshot}});
        let tool = |name: &str, description: &str, properties: Value, required: &[&str]| {
            json!({
                "name": name,
                "description": description,
                "inputSchema": {"type": "object", "properties": properties, "required": required, "additionalProperties": false},
                "annotations": {"readOnlyHint": true},
            })
        };
        let mut list = vec![
            tool(
                "recordings",
                "The recordings and their snapshots: objects, bytes, leaks, and what could not be seen.",
                json!({}),
                &[],
            ),
            tool(
                "table",
                "Objects of a snapshot grouped by a relation, the largest group first.",
                json!({"recording": recording, "snapshot": snapshot, "by": by, "rows": rows,
                    "set": {"type": "string", "enum": ["heap", "leaks", "all"], "description": "heap: reachable; leaks: blocks that nothing reaches; all: both."}}),
                &[],
            ),
            tool(
                "leaks",
                "With which blocks the leaks begin, by kind and line of allocation, with the bytes that each begin holds.",
                json!({"recording": recording, "snapshot": snapshot, "rows": rows}),
                &[],
            ),
            tool(
                "why",
                "An object by its address: type and evidence, where it was allocated, who holds it, shortest paths from the root.",
                json!({"recording": recording, "snapshot": snapshot,
                    "address": {"type": ["integer", "string"], "description": "An address in it, such as \"0x1a2b0\"."},
                    "instance": {"type": "integer", "minimum": 0, "description": "Instance whose memory it is in; 0 if not given."}}),
                &["address"],
            ),
            tool(
                "compare",
                "What grew and shrank from one snapshot to another, by a relation.",
                json!({"from": place, "to": place, "by": by, "rows": rows}),
                &["from", "to"],
            ),
        ];
        if self.query.is_some() {
            list.push(tool(
                "query",
                "An expression of the JavaScript API, such as `hp.heap().by('Type')[0].byvia`. No files, no network.",
                json!({"recording": recording, "snapshot": snapshot, "expression": {"type": "string"}}),
                &["expression"],
            ));
        }
        list
    }

    /// Calls a tool: its answer or failure as text; none if there is no such tool.
    #[must_use]
    pub fn call(&self, name: &str, arguments: &Value) -> Option<Result<String, String>> {
        Some(match name {
            "recordings" => read(arguments).and_then(|NoArguments {}| self.recordings()),
            "table" => read(arguments).and_then(|arguments| self.table(&arguments)),
            "leaks" => read(arguments)
                .and_then(|it: LeaksArguments| answers::leaks(&self.find(it.recording, it.snapshot)?, rows(it.rows))),
            "why" => read(arguments).and_then(|it: WhyArguments| {
                let hp = self.find(it.recording, it.snapshot)?;
                answers::why(&hp, it.instance.unwrap_or(0), it.address.value()?)
            }),
            "compare" => read(arguments).and_then(|it: CompareArguments| {
                let from = self.find(it.from.recording, it.from.snapshot)?;
                let to = self.find(it.to.recording, it.to.snapshot)?;
                answers::compare(&from, &to, it.by.as_deref().unwrap_or("Type"), rows(it.rows))
            }),
            "query" => {
                let query = self.query.as_ref()?;
                read(arguments).and_then(|it: QueryArguments| {
                    let (recording, snapshot) = self.place(it.recording, it.snapshot)?;
                    let hp = self.find(it.recording, it.snapshot)?;
                    Ok(answers::cut(&query(Asked { recording, snapshot, hp: &hp }, &it.expression)?))
                })
            }
            _ => return None,
        })
    }

    fn recordings(&self) -> Result<String, String> {
        let mut text = String::new();
        for (index, source) in self.sources.iter().enumerate() {
            text.push_str(&format!("recording {}: {}\n", index + 1, source.name));
            for number in 1..=source.snapshots {
                let hp = self.find(Some(index + 1), Some(number))?;
                text.push_str(&answers::summary(&hp));
            }
        }
        Ok(answers::cut(&text))
    }

    fn table(&self, arguments: &TableArguments) -> Result<String, String> {
        let hp = self.find(arguments.recording, arguments.snapshot)?;
        let set = match arguments.set.as_deref().unwrap_or("heap") {
            "heap" => hp.heap(),
            "leaks" => hp.heapu_set(),
            "all" => hp.iso(hp.view().heap().objects()).map_err(|error| error.to_string())?,
            other => return Err(format!("no set {other:?}; there are heap, leaks, all")),
        };
        answers::table(&hp, &set, arguments.by.as_deref().unwrap_or("Type"), rows(arguments.rows))
    }

    /// The position of a recording, and the number of its snapshot; the last one of the first if none are given.
    fn place(&self, recording: Option<usize>, snapshot: Option<u32>) -> Result<(usize, u32), String> {
        let recording = recording.unwrap_or(1);
        let index = recording.wrapping_sub(1);
        let made = self.sources.len();
        let source = self.sources.get(index).ok_or_else(|| format!("no recording {recording}; there are {made}"))?;
        let number = snapshot.unwrap_or(source.snapshots);
        if !(1..=source.snapshots).contains(&number) {
            return Err(format!("no snapshot {number}; {} has {}", source.name, source.snapshots));
        }
        Ok((index, number))
    }

    fn find(&self, recording: Option<usize>, snapshot: Option<u32>) -> Result<Use, String> {
        let (index, number) = self.place(recording, snapshot)?;
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hp) = loaded.get(&(index, number)) {
            return Ok(hp.clone());
        }
        let hp = (self.sources[index].load)(number)?;
        if loaded.len() >= MOST_LOADED {
            loaded.pop_first();
        }
        loaded.insert((index, number), hp.clone());
        Ok(hp)
    }
}

impl Default for Tools {
    fn default() -> Self {
        Self::new()
    }
}

fn rows(asked: Option<usize>) -> usize {
    asked.unwrap_or(ROWS).clamp(1, MOST_ROWS)
}

fn read<T: DeserializeOwned>(arguments: &Value) -> Result<T, String> {
    serde_json::from_value(arguments.clone()).map_err(|error| format!("the arguments do not fit: {error}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::gate::report::tests::small_heap;

    pub(in crate::mcp) fn small_tools() -> Tools {
        let mut tools = Tools::new();
        tools.add("small.heapy", 1, Box::new(|_| Ok(small_heap())));
        tools
    }

    fn answer(name: &str, arguments: Value) -> String {
        small_tools().call(name, &arguments).unwrap().unwrap()
    }

    #[test]
    fn each_tool_answers_with_its_limits() {
        let text = answer("recordings", json!({}));
        assert!(text.contains("recording 1: small.heapy"), "{text}");
        assert!(text.contains("snapshot 1 (exit): 2 reachable objects, 64 bytes; 1 leaked, 48 bytes"), "{text}");
        assert!(text.contains("roots in locals were not seen"), "{text}");
        let text = answer("table", json!({"by": "Prod"}));
        assert!(text.contains("src/list.rs:7"), "{text}");
        let text = answer("leaks", json!({}));
        assert!(text.contains("app::Node") && text.contains("src/list.rs:7") && text.contains("0x1100"), "{text}");
        assert!(text.contains("roots in locals were not seen"), "{text}");
        let text = answer("why", json!({"address": "0x1008"}));
        assert!(text.contains("app::Node") && text.contains("list"), "{text}");
        let text = answer("compare", json!({"from": {}, "to": {}}));
        assert!(text.contains("nothing grew or shrank"), "{text}");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let failure = |name: &str, arguments: Value| small_tools().call(name, &arguments).unwrap().unwrap_err();
        assert!(failure("table", json!({"snapshot": 7})).contains("no snapshot 7; small.heapy has 1"));
        assert!(failure("table", json!({"recording": 0})).contains("no recording 0; there are 1"));
        assert!(failure("table", json!({"set": "some"})).contains("\"some\""));
        assert!(failure("why", json!({"address": "zz"})).contains("\"zz\""));
        assert!(failure("why", json!({"address": 1})).contains("0x1"));
        assert!(failure("leaks", json!({"colour": 1})).contains("colour"));
        assert!(small_tools().call("query", &json!({"expression": "1"})).is_none());
    }
}
