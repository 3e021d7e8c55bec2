//! What stands in an object: the values of its fields and its bytes, where the recording holds contents.

use yew::prelude::*;

use crate::components::answered;
use crate::format;
use crate::hooks::use_answer;
use crate::protocol::{BytesQuestion, ObjectDetails, ValueLine};

/// Bytes that are shown at first.
const FIRST_BYTES: usize = 256;

/// How many times as many are shown when more are asked for.
const MORE: usize = 4;

/// Bytes of a line.
const LINE: usize = 8;

/// What is shown.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct ContentsProps {
    /// The snapshot's position in the recording.
    pub snapshot: usize,
    /// The object.
    pub details: ObjectDetails,
}

/// Fields and bytes, or why there are none.
#[function_component]
pub(crate) fn Contents(props: &ContentsProps) -> Html {
    let details = &props.details;
    let object = details.brief.object;
    let count = use_state(|| (object, FIRST_BYTES));
    // Another object begins with its first bytes.
    let shown = if count.0 == object { count.1 } else { FIRST_BYTES };
    let question = BytesQuestion { snapshot: props.snapshot, object, count: shown };
    let answer = use_answer((details.held > 0).then_some(question));
    if details.held == 0 && details.values.is_empty() {
        return html! { <><h3>{ "Contents" }</h3><p class="quiet">{ absent(details) }</p></> };
    }
    let more = {
        let count = count.clone();
        Callback::from(move |_: MouseEvent| count.set((object, shown.saturating_mul(MORE))))
    };
    html! {
        <>
            if !details.values.is_empty() {
                { fields(&details.values) }
            }
            if details.held > 0 {
                <h3>{ "Bytes" }{ " " }<span class="quiet">{ held(details) }</span></h3>
                { answered(&answer, |digits| html! {
                    <div class="hex" role="region" aria-label="Bytes" tabindex="0"><pre>{ dump(digits) }</pre></div>
                }) }
                if details.held > shown as u64 {
                    <button onclick={more}>{ "More bytes" }</button>
                }
            }
        </>
    }
}

/// Why nothing can be shown.
fn absent(details: &ObjectDetails) -> &'static str {
    match (details.contents, details.family.as_str()) {
        (false, _) => {
            "Not held. A recording made with --contents holds the bytes of blocks and the values of their fields."
        }
        (true, "block") => "Those of this block are not held.",
        (true, _) => "Only the contents of blocks are held.",
    }
}

/// How much of the object is held.
fn held(details: &ObjectDetails) -> String {
    let all = format::counted(details.size, "byte", "bytes");
    if details.held >= details.size { all } else { format!("the first {} of {all}", format::exact(details.held)) }
}

fn fields(values: &[ValueLine]) -> Html {
    let line = |line: &ValueLine| {
        html! {
            <tr>
                <td class="number quiet">{ line.offset }</td>
                <td>
                    { if line.name.is_empty() { "(whole)" } else { &line.name } }
                    <div class="quiet">{ &line.type_name }</div>
                </td>
                <td class="mono">{ &line.value }</td>
            </tr>
        }
    };
    html! {
        <>
            <h3>{ "Fields" }{ " " }<span class="quiet">{ values.len() }</span></h3>
            <table class="plain values">
                <thead><tr><th scope="col">{ "At" }</th><th scope="col">{ "Field" }</th><th scope="col">{ "Value" }</th></tr></thead>
                <tbody>{ for values.iter().map(line) }</tbody>
            </table>
        </>
    }
}

/// Lines of offset, bytes and letters; `digits` has two for each byte.
fn dump(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() * 3);
    let pairs: Vec<&str> = digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok()).collect();
    for (line, pairs) in pairs.chunks(LINE).enumerate() {
        let letters: String = pairs.iter().map(|pair| letter(pair)).collect();
        text += &format!("{:04x}  {:<23}  {letters}\n", line * LINE, pairs.join(" "));
    }
    text
}

/// A byte as a letter, a dot where it is none.
fn letter(pair: &str) -> char {
    let byte = u8::from_str_radix(pair, 16).unwrap_or(0);
    if byte.is_ascii_graphic() || byte == b' ' { char::from(byte) } else { '.' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_stand_in_lines_with_their_letters() {
        assert_eq!(
            dump("48656c6c6f2c20776f00ff"),
            "0000  48 65 6c 6c 6f 2c 20 77  Hello, w\n0008  6f 00 ff                 o..\n"
        );
        assert_eq!(dump(""), "");
    }
}
