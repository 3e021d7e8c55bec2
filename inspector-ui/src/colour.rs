//! One stable colour for each kind, in every view.

/// Colours for kinds, `--kind-0` and so on in the tokens: ten hues, each in two lightnesses.
const COLOURS: u32 = 20;

/// The token that holds the colour of a kind: always the same for the same name. What has no name is grey.
pub(crate) fn token(kind: &str) -> String {
    if kind.is_empty() || kind.starts_with('<') {
        return "--kind-none".into();
    }
    format!("--kind-{}", fnv(kind) % COLOURS)
}

/// The inline style of something in the colour of a kind.
pub(crate) fn background(kind: &str) -> String {
    format!("background: var({})", token(kind))
}

/// The hash of Fowler, Noll and Vo: the same in every build, which the standard library does not promise.
fn fnv(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_keeps_its_colour() {
        assert_eq!(token("app::Node"), token("app::Node"));
        assert_eq!((token(""), token("<untyped 48>")), ("--kind-none".into(), "--kind-none".into()));
    }
}
