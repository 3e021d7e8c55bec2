//! Every name of the Use API, asked by a guest.

use heapy_engine::binding;

use crate::run::under_heapy;
use crate::toolchains::{self, Heapy};

/// How a guest comes by a value of each type of the API; of a type without an entry the test fails.
fn base(owner: &str) -> &'static str {
    match owner {
        "Use" => "",
        "UniSet" | "IdentitySet" => "heap/by=Id/at:0/",
        "Kind" => "Size/call:40/",
        "SetOfKind" => "Size/sokind:40/",
        "EquivalenceRelation" => "Clodo/",
        "Partition" => "heap/partition/",
        "MorePrinter" => "heap/more/",
        "Stat" => "heap/stat/",
        "Paths" => "heap/by=Size/at:1/sp/",
        "Path" => "heap/by=Size/at:1/sp/at:0/",
        "Edge" => "heap/by=Size/at:1/sp/edges_at:0/#0/",
        "ReferencePattern" => "heap/rp/",
        "PatternPaths" => "heap/rp/paths:0/",
        "MappingProxy" => "heap/maprox/",
        "Root" => "Root/i0_modules/",
        "Doc" => "doc/",
        other => panic!("no guest has asked for a {other} yet"),
    }
}

/// What a name is called with, where it needs something.
fn argument(owner: &str, name: &str) -> &'static str {
    match (owner, name) {
        ("Use", "load" | "loadall") => "^heap.dump",
        (
            "UniSet",
            "and" | "disjoint" | "eq" | "ge" | "get_render" | "gt" | "has" | "le" | "lt" | "ne" | "or" | "sub" | "xor",
        ) => "*",
        ("IdentitySet" | "MorePrinter", "at")
        | ("Partition", "get_row" | "get_rowset" | "get_set")
        | ("Stat", "at" | "get_row") => ":0",
        ("IdentitySet", "by") => "=Type",
        ("IdentitySet", "diff") | ("Stat", "sub") => "*",
        ("Kind", "alt") => "=<",
        ("SetOfKind", "and") => "^Size.call:44",
        ("EquivalenceRelation", "and") => "^Size",
        ("EquivalenceRelation", "call") => "=module",
        ("EquivalenceRelation", "has" | "image") => "^Anything.select",
        ("EquivalenceRelation", "eq" | "ge" | "gt" | "le" | "lt" | "ne") => "*",
        ("EquivalenceRelation", "sokind") => "=module",
        (_, "header") if owner != "EquivalenceRelation" => "=kindheader",
        ("Stat", "get_rows_n_and_other") => ":2",
        ("Paths", "at" | "avoided" | "copy_but_avoid_edges_at_levels" | "edges_at") => ":0",
        ("Paths", "set_maxpaths") => ":3",
        ("ReferencePattern", "at" | "paths") | ("MappingProxy", "at") | ("Doc", "at") => ":0",
        ("MappingProxy", "via") => "=.next",
        ("MappingProxy", "values") => "=next",
        ("Root", "at") => "=guest",
        _ => "",
    }
}

/// What is refused: a guest has no terminal and no window, and its snapshots hold no contents unless it was asked for.
fn refused(owner: &str, name: &str) -> Option<&'static str> {
    match (owner, name) {
        ("Use", "monitor" | "pb") => Some("error -9"),
        ("Use", "Content") | (_, "bycontent") | ("MappingProxy", "values") => Some("error -6"),
        _ => None,
    }
}

#[test]
fn every_name_is_answered() {
    let mut questions = Vec::new();
    for owner in binding::owners() {
        for entry in owner.entries {
            let question = format!("{}{}{}", base(owner.name), entry.name, argument(owner.name, entry.name));
            questions.push((question, refused(owner.name, entry.name)));
        }
    }
    questions.push(("doc/heap".to_owned(), None));
    let arguments: Vec<&str> = questions.iter().map(|(question, _)| question.as_str()).collect();
    let run = under_heapy(&toolchains::rust("every_name", Heapy::On), "_start", &arguments);
    assert_eq!(run.ending, Ok(0), "{}", run.stdout);
    let mut wrong = Vec::new();
    for (question, refused) in &questions {
        let answers = run.stdout.lines().filter_map(|line| line.split_once('\t'));
        let Some((_, answer)) = answers.into_iter().find(|(asked, _)| asked == question) else {
            wrong.push(format!("{question}: no answer"));
            continue;
        };
        if answer.starts_with("error") && !refused.is_some_and(|expected| answer.starts_with(expected)) {
            wrong.push(format!("{question}: {answer}"));
        }
    }
    assert!(wrong.is_empty() && questions.len() > 150, "{} questions\n{}", questions.len(), wrong.join("\n"));
}
