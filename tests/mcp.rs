//! The Model Context Protocol, spoken by the client library of PyPI.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test program")]

#[path = "sample/command.rs"]
mod command;
mod sample;

use std::path::{Path, PathBuf};
use std::process::Command;

use sample::recording;

/// A Python with the client library in a folder that is kept between runs; none where it cannot be had.
fn python() -> Option<PathBuf> {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-client");
    let python = kept.join("bin/python");
    let works = |python: &Path| {
        Command::new(python).args(["-c", "import mcp"]).output().is_ok_and(|output| output.status.success())
    };
    if works(&python) {
        return Some(python);
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&kept).output().ok()?;
    let installed = Command::new(kept.join("bin/pip")).args(["install", "--quiet", "mcp<2"]).output().ok()?;
    (made.status.success() && installed.status.success() && works(&python)).then_some(python)
}

const CLIENT: &str = r#"
import asyncio, json, sys
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

async def main():
    server = StdioServerParameters(command=sys.argv[1], args=["mcp", sys.argv[2]])
    async with stdio_client(server) as (read, write), ClientSession(read, write) as session:
        await session.initialize()
        await session.send_ping()
        tools = {tool.name for tool in (await session.list_tools()).tools}
        assert tools == {"recordings", "table", "leaks", "why", "compare", "query"}, tools
        async def ask(name, **arguments):
            answer = await session.call_tool(name, arguments)
            return answer.isError, answer.content[0].text
        wrong, text = await ask("recordings")
        assert not wrong and "snapshot 2 (exit): 14 reachable objects" in text and "2 leaked, 144 bytes" in text, text
        wrong, text = await ask("leaks")
        assert not wrong and "app::Session" in text and "src/net.rs:40" in text, text
        wrong, text = await ask("table", by="Prod", set="all", rows=1)
        assert not wrong and "src/net.rs:77" in text and "more rows" in text, text
        wrong, text = await ask("why", address="0x6000")
        assert not wrong and ".CACHE.spare?" in text, text
        wrong, text = await ask("compare", **{"from": {"snapshot": 1}, "to": {"snapshot": 2}})
        assert not wrong and "app::Session" in text, text
        wrong, text = await ask("query", expression="print('a'); hp.heap()")
        assert (wrong, text) == (False, "a\n"), text
        wrong, text = await ask("query", expression="hp.heap().count")
        assert (wrong, text) == (False, "14"), text
        wrong, text = await ask("query", expression="hp.heap().count - hp.snapshot(1).heap().count")
        assert (wrong, text) == (False, "5"), text
        wrong, text = await ask("query", snapshot=1, expression="[hp.heap().count, hp.snapshots.length]")
        assert (wrong, text) == (False, "[9, 2]"), text
        wrong, text = await ask("query", expression="hp.heap().by('Colour')")
        assert wrong and "Colour" in text, text
        wrong, text = await ask("why", address="0x1")
        assert wrong, text
        # Nothing can stop a regular expression, but the server goes on.
        wrong, text = await ask("query", expression="/(a+)+$/.test('a'.repeat(60) + 'b')")
        assert wrong and "20" in text, text
        wrong, text = await ask("query", expression="hp.heap().count")
        assert (wrong, text) == (False, "14"), text
    print("ok")

asyncio.run(main())
"#;

#[test]
fn a_client_library_gets_its_answers() {
    let Some(python) = python() else {
        eprintln!("skipped: the client library `mcp` of PyPI cannot be had");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = recording(folder.path());
    let client = folder.path().join("client.py");
    std::fs::write(&client, CLIENT).unwrap();
    let output = Command::new(python).arg(client).arg(env!("CARGO_BIN_EXE_heapy-host")).arg(file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ok\n");
}
