//! The guide's reference page, made from the description.

use std::fmt::Write as _;

use super::doc::signature;
use super::owners;

/// The page `use-api.md`.
#[must_use]
pub fn guide() -> String {
    let mut text = String::from(
        "# The Use API\n\n<!-- Made from the engine's description of the API; do not edit. -->\n\n\
         `hp` is the top object of a heap: in the inspector's page, in scripts of `heapy-host query`, and what `open` of\n\
         the package `heapy` gives. Arguments may be given by position, or by name in a last object:\n\
         `h.get_rp({depth: 3})`. `x[3]` is `x.at(3)`, and a relation is called like a function: `hp.Type(\"app::Node\")`.\n\n",
    );
    for owner in owners() {
        let _ = writeln!(text, "* [{}](#{})", owner.name, owner.name.to_lowercase());
    }
    for owner in owners() {
        let anchor = owner.name.to_lowercase();
        let _ = writeln!(text, "\n<a id=\"{anchor}\"></a>\n## {}\n\n{}", owner.name, owner.doc);
        if let Some(parent) = owner.parent {
            let _ = writeln!(text, "\nHas the names of [{parent}](#{}) too.", parent.to_lowercase());
        }
        for entry in owner.entries {
            let name = entry.name;
            let _ = writeln!(text, "\n<a id=\"{anchor}-{}\"></a>\n### {name}\n", name.to_lowercase());
            let _ = writeln!(text, "`{}`\n\n{}", signature(entry), entry.doc);
        }
    }
    text
}
