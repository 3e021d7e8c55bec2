//! JSON-RPC 2.0 over lines, and the few methods of the protocol that a server of tools has.

use std::io::{self, BufRead, Read, Write};

use serde_json::{Value, json};

use super::tools::Tools;

/// Versions of the protocol that are spoken, the newest first.
const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// Most bytes of one message.
const MOST_BYTES: u64 = 1 << 20;

/// Error codes of JSON-RPC.
const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const NO_SUCH_METHOD: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;

/// Answers requests until the input ends.
///
/// # Errors
/// When a stream fails.
pub fn serve(mut input: impl BufRead, mut output: impl Write, tools: &Tools) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(());
        }
        let reply = if line.ends_with(b"\n") || length < MOST_BYTES as usize {
            if line.trim_ascii().is_empty() {
                continue;
            }
            reply_to(&line, tools)
        } else {
            // What is left of the message must not be read as messages of their own.
            skip_line(&mut input)?;
            Some(error(&Value::Null, INVALID_REQUEST, &format!("a message has at most {MOST_BYTES} bytes")))
        };
        if let Some(reply) = reply {
            serde_json::to_writer(&mut output, &reply)?;
            output.write_all(b"\n")?;
            output.flush()?;
        }
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// The reply to one message; none for a notification or a reply.
fn reply_to(line: &[u8], tools: &Tools) -> Option<Value> {
    let message: Value = match serde_json::from_slice(line) {
        Ok(message) => message,
        Err(wrong) => return Some(error(&Value::Null, PARSE_ERROR, &wrong.to_string())),
    };
    let id = message.get("id");
    let Some(method) = message.get("method").and_then(Value::as_str) else {
        let is_reply = message.get("result").is_some() || message.get("error").is_some();
        return (!is_reply).then(|| error(id.unwrap_or(&Value::Null), INVALID_REQUEST, "a request names its method"));
    };
    let id = id?;
    let params = message.get("params").cloned().unwrap_or_default();
    Some(match method {
        "initialize" => result(id, initialized(&params)),
        "ping" => result(id, json!({})),
        "tools/list" => result(id, json!({"tools": tools.list()})),
        "tools/call" => called(id, &params, tools),
        other => error(id, NO_SUCH_METHOD, &format!("there is no method {other:?}")),
    })
}

fn initialized(params: &Value) -> Value {
    let asked = params.get("protocolVersion").and_then(Value::as_str).unwrap_or_default();
    let version = VERSIONS.into_iter().find(|version| *version == asked).unwrap_or(VERSIONS[0]);
    json!({
        "protocolVersion": version,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "heapy-host", "version": env!("CARGO_PKG_VERSION")},
        "instructions": "Heap snapshots of a WebAssembly guest. Begin with `recordings`, then `table`, `leaks` and `why`. \
            Answers are evidence (counts, sites, paths) with their limits, not conclusions.",
    })
}

fn called(id: &Value, params: &Value, tools: &Tools) -> Value {
    let Some(name) = params.get("name").and_then(Value::as_str) else {
        return error(id, INVALID_PARAMS, "tools/call names its tool");
    };
    let arguments = params.get("arguments").cloned().unwrap_or_else(|| json!({}));
    match tools.call(name, &arguments) {
        None => error(id, INVALID_PARAMS, &format!("there is no tool {name:?}")),
        Some(Ok(text)) => result(id, json!({"content": [{"type": "text", "text": text}], "isError": false})),
        Some(Err(text)) => result(id, json!({"content": [{"type": "text", "text": text}], "isError": true})),
    }
}

fn result(id: &Value, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": result})
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcp::tools::tests::small_tools;

    fn replies(input: &str) -> Vec<Value> {
        let mut output = Vec::new();
        serve(input.as_bytes(), &mut output, &small_tools()).unwrap();
        String::from_utf8(output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_session_begins_with_the_version_the_client_asks_for() {
        let input = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":"x","method":"ping"}
"#;
        let replies = replies(input);
        assert_eq!(replies.len(), 2);
        assert_eq!(replies[0]["result"]["protocolVersion"], "2025-03-26");
        assert_eq!(replies[1], json!({"jsonrpc": "2.0", "id": "x", "result": {}}));
    }

    #[test]
    fn what_is_no_request_gets_an_error() {
        let long = format!("\"{}\"\n{{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"ping\"}}", "x".repeat(2 << 20));
        for (input, code) in [
            ("nonsense", PARSE_ERROR),
            ("{\"id\":1}", INVALID_REQUEST),
            ("{\"id\":1,\"method\":\"resources/list\"}", NO_SUCH_METHOD),
            ("{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"rm\"}}", INVALID_PARAMS),
            (&long, INVALID_REQUEST),
        ] {
            assert_eq!(replies(input)[0]["error"]["code"], code, "{}", &input[..input.len().min(60)]);
        }
        assert_eq!(replies(&long)[1]["id"], 9);
        assert!(replies("\n\n").is_empty());
    }

    #[test]
    fn failures_of_tools_are_results() {
        let input = r#"{"id":1,"method":"tools/call","params":{"name":"table","arguments":{"by":"Colour"}}}"#;
        let reply = &replies(input)[0]["result"];
        assert_eq!(reply["isError"], true);
        assert!(reply["content"][0]["text"].as_str().unwrap().contains("Colour"), "{reply}");
    }
}
