//! A page that holds the inspector and a recording: it opens from disk, asks no server and loads nothing.
//!
//! Every file stands in the page compressed and as base64, so that nothing in a recording can end a tag. `report.js` of the inspector
//! makes addresses of them again. The page's policy allows nothing beyond that: no network, no form, no frame.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use thiserror::Error;

use crate::server::{page_file, page_files};

/// The program that makes addresses of the files; it and the styles stand in the page as they are.
const BOOT: &str = "report.js";

/// What the page may do: run what it holds. Scripts of the user are evaluated in its worker.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; \
                      worker-src blob:; connect-src blob:; style-src 'unsafe-inline'; img-src data:; \
                      base-uri 'none'; form-action 'none'";

/// Why there is no report.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A file of the inspector is not embedded.
    #[error(
        "this heapy-host was built without its inspector ({0} is missing): run `cargo xtask ui` and build it again"
    )]
    NotBuilt(&'static str),
    /// What it holds cannot be compressed.
    #[error("cannot compress the report")]
    Compress(#[from] std::io::Error),
}

/// The page, with the bytes of a recording and its name; it begins with the snapshot of the given number. Time O(bytes).
///
/// # Errors
/// [`ReportError::NotBuilt`] when the inspector is not embedded.
pub fn report(name: &str, recording: &[u8], snapshot: Option<u32>) -> Result<Vec<u8>, ReportError> {
    let text = |file| -> Result<String, ReportError> {
        let bytes = page_file(file).ok_or(ReportError::NotBuilt(file))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let (style, boot) = (text("inspector.css")?, text(BOOT)?);
    let title = escaped(name);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} – Heapy</title>\n\
         <style>\n{style}</style>\n</head>\n<body>\n\
         <noscript>This report is a program that runs in your browser: it needs JavaScript and WebAssembly.</noscript>\n"
    );
    let is_program = |file: &str| file != BOOT && (file.ends_with(".js") || file.ends_with(".wasm"));
    for (file, bytes) in page_files().filter(|(file, _)| is_program(file)) {
        held(&mut page, &format!("data-file=\"{file}\""), &bytes)?;
    }
    let first = snapshot.map_or_else(String::new, |number| format!(" data-snapshot=\"{number}\""));
    held(&mut page, &format!("id=\"recording\" data-name=\"{title}\"{first}"), recording)?;
    // Writing to a text cannot fail.
    let _ = write!(page, "<script type=\"module\">\n{boot}</script>\n</body>\n</html>\n");
    Ok(page.into_bytes())
}

/// A block of data that browsers do not run.
fn held(page: &mut String, attributes: &str, bytes: &[u8]) -> Result<(), ReportError> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packer.write_all(bytes).and_then(|()| packer.finish())?;
    // Writing to a text cannot fail.
    let _ = write!(page, "<script type=\"application/octet-stream\" {attributes}>");
    push_base64(page, &packed);
    page.push_str("</script>\n");
    Ok(())
}

/// A text as the value of an attribute, or between tags.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter if letter.is_control() => safe.push('\u{fffd}'),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Base64 of RFC 4648, with padding.
fn push_base64(text: &mut String, bytes: &[u8]) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.reserve(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, index| word << 8 | u32::from(group.get(index).copied().unwrap_or(0)));
        for index in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * index)) as usize & 63];
            text.push(if index <= group.len() { char::from(letter) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            let mut made = String::new();
            push_base64(&mut made, bytes.as_bytes());
            assert_eq!(made, text);
        }
    }

    #[test]
    fn names_stay_texts() {
        assert_eq!(escaped("</title><b a=\"x\">&\u{1b}"), "&lt;/title&gt;&lt;b a=&quot;x&quot;&gt;&amp;\u{fffd}");
    }
}
