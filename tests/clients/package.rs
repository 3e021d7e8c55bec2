//! The package `heapy`, packed as for publishing: in Node, in a plain page, with Vite, and under the TypeScript compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use heapy_host::server::Server;

use crate::browser::fixture::{Recorded, application};
use crate::browser::{Inspector, browser_path};
use crate::sample::{npm, recording};
use crate::site::serve;
use crate::window::Window;

/// The folder of the installed package: packed by npm and unpacked again. None where node or the inspector's module is
/// missing.
fn installed() -> Option<&'static Path> {
    static PACKAGE: OnceLock<Option<(tempfile::TempDir, PathBuf)>> = OnceLock::new();
    let made = PACKAGE.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let has_npm = Command::new("npm").arg("--version").output().is_ok();
        if !has_npm || !root.join("www/dist/inspector_bg.wasm").exists() {
            eprintln!("skipped: the package needs node, npm and `cargo xtask ui`");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let package = packed(&root.join("www"), folder.path());
        Some((folder, package))
    });
    made.as_ref().map(|(_, package)| &**package)
}

/// Stages what `package.json` lists, packs it and unpacks the tarball.
fn packed(www: &Path, folder: &Path) -> PathBuf {
    let samples = www.join("js/test");
    if !samples.join("sample.heapy").exists() && std::env::var_os("BLESS").is_some() {
        recording(&samples);
    }
    let staged = folder.join("staged");
    fs::create_dir_all(staged.join("test")).unwrap();
    let manifest = fs::read_to_string(www.join("js/package.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let listed = manifest["files"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    for name in listed.chain(["package.json"]) {
        let from = [www.join("js").join(name), www.join("dist").join(name)].into_iter().find(|path| path.exists());
        match from {
            Some(from) if from.is_dir() => {
                for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
                    fs::copy(file.path(), staged.join(name).join(file.file_name())).unwrap();
                }
            }
            Some(from) => {
                fs::copy(from, staged.join(name)).unwrap();
            }
            None => panic!("package.json lists {name}, which is nowhere"),
        }
    }
    run(Command::new("npm")
        .current_dir(&staged)
        .args(["pack", "--silent", "--offline", "--pack-destination"])
        .arg(folder));
    let mut packed = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let tarball = packed.find(|path| path.extension().is_some_and(|ending| ending == "tgz")).unwrap();
    let modules = folder.join("node_modules");
    fs::create_dir_all(&modules).unwrap();
    run(Command::new("tar").current_dir(&modules).arg("-xzf").arg(tarball));
    fs::rename(modules.join("package"), modules.join("heapy")).unwrap();
    modules.join("heapy")
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {said}{errors}");
    said.into_owned()
}

/// Puts the package into a project of its own.
fn install_into(project: &Path, package: &Path) {
    let into = project.join("node_modules/heapy");
    fs::create_dir_all(into.join("test")).unwrap();
    for file in fs::read_dir(package).unwrap().map(Result::unwrap).filter(|file| file.path().is_file()) {
        fs::copy(file.path(), into.join(file.file_name())).unwrap();
    }
}

#[test]
fn the_packages_own_tests_pass_from_the_tarball() {
    let Some(package) = installed() else { return };
    let said = run(Command::new("npm").current_dir(package).args(["test", "--silent"]));
    assert!(said.contains("# fail 0") && !said.contains("# pass 0\n"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_opens_what_a_running_host_serves() {
    let Some(package) = installed() else { return };
    let server = Server::start(Recorded::new(application(), "app.wasm", 2)).unwrap();
    let program = package.join("query.js");
    let address = server.url().to_owned();
    let query = move |address: &str| {
        Command::new("node").arg(&program).args([address, "-e", "hp.heap().count"]).output().unwrap()
    };
    let (known, wrong) = tokio::task::spawn_blocking(move || {
        let wrong = address.replace("#token=", "#token=0");
        (query(&address), query(&wrong))
    })
    .await
    .unwrap();
    assert_eq!(String::from_utf8_lossy(&known.stdout), "302\n", "{}", String::from_utf8_lossy(&known.stderr));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("401"));
    server.stop();
}

/// Runs every example of the guide and gives what each printed, as JSON.
const RUN_EXAMPLES: &str = r#"
import { open, run, show } from "heapy";
const read = async (name) => (await fetch(new URL(name, location.href))).text();
async function runAll() {
  const printed = {};
  for (const [name, script] of Object.entries(JSON.parse(await read("examples.json")))) {
    const hp = await open(new URL("sample.heapy", location.href));
    const lines = [];
    const print = (...values) => lines.push(values.map(show).join(" "));
    const value = await run(script, { hp, print });
    if (value !== undefined) print(value);
    printed[name] = lines.join("\n");
  }
  return JSON.stringify(printed);
}
globalThis.done = runAll().catch((error) => String(error.stack));
"#;

/// Scripts by page, and what they print.
fn examples() -> (serde_json::Value, serde_json::Value) {
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/guide/examples");
    let (mut scripts, mut expected) = (serde_json::Map::new(), serde_json::Map::new());
    for page in fs::read_dir(pages).unwrap().map(|page| page.unwrap().path()) {
        let text = fs::read_to_string(&page).unwrap();
        let block = |fence: &str| {
            let (_, rest) = text.split_once(fence).unwrap_or_else(|| panic!("{}: no {fence}", page.display()));
            serde_json::Value::from(rest.split("\n```").next().unwrap())
        };
        let name = page.file_stem().unwrap().to_string_lossy().into_owned();
        scripts.insert(name.clone(), block("```js\n"));
        expected.insert(name, block("```text\n"));
    }
    (scripts.into(), expected.into())
}

/// A project that runs the examples: the sample, their texts, and a page that runs `main.js`.
fn project(folder: &Path, data: &Path, head: &str) {
    fs::create_dir_all(data).unwrap();
    recording(data);
    fs::write(data.join("examples.json"), examples().0.to_string()).unwrap();
    fs::write(folder.join("main.js"), RUN_EXAMPLES).unwrap();
    let page =
        format!("<!doctype html><meta charset=utf-8><title>t</title>{head}<script type=module src=/main.js></script>");
    fs::write(folder.join("index.html"), page).unwrap();
}

async fn expect_examples(address: &str) {
    let Some(window) = Window::open(address).await else { return };
    let printed = window.text("globalThis.done").await;
    let printed: serde_json::Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}"));
    assert_eq!(printed, examples().1);
    window.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_bundler_prints_the_same_as_the_host() {
    let (Some(_), Some(package)) = (browser_path(), installed()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let head = r#"<script type=importmap>{"imports": {"heapy": "/node_modules/heapy/index.js"}}</script>"#;
    project(folder.path(), folder.path(), head);
    install_into(folder.path(), package);
    expect_examples(&serve(folder.path().to_owned())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_built_by_vite_prints_the_same_as_the_host() {
    let (Some(_), Some(package)) = (browser_path(), installed()) else { return };
    let Some(clients) = npm("vite@8.3.8") else {
        eprintln!("skipped: vite of npm cannot be had");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    project(folder.path(), &folder.path().join("public"), "");
    install_into(folder.path(), package);
    let vite = clients.join("node_modules/vite/bin/vite.js");
    run(Command::new("node").current_dir(folder.path()).arg(vite).args(["build", "--logLevel", "warn"]));
    expect_examples(&serve(folder.path().join("dist"))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspectors_page_prints_the_same_as_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(recording(folder.path())).unwrap();
    let Some(inspector) = Inspector::open(Recorded::new(bytes, "app", 2), (1280, 800)).await else { return };
    inspector.go("#/script").await;
    let (scripts, expected) = examples();
    // The page keeps its reference set from script to script: the example that sets one comes last.
    let mut names: Vec<&String> = scripts.as_object().unwrap().keys().collect();
    names.sort_by_key(|name| *name == "growing-set");
    for (index, name) in names.into_iter().enumerate() {
        inspector.wait_for("document.querySelector('#script')").await;
        inspector.value::<bool>(&format!("(document.querySelector('#script').value = {}, true)", scripts[name])).await;
        inspector.click("button.primary").await;
        inspector.wait_for(&format!("document.querySelectorAll('.cell').length === {}", index + 1)).await;
        let printed: String = inspector.value("document.querySelector('.cell pre').textContent").await;
        assert_eq!(printed.trim_end(), expected[name].as_str().unwrap(), "{name}");
    }
    inspector.close().await;
}

/// A program that uses what the typings promise, and what they must refuse.
const TYPED: &str = include_str!("typed.mts");

#[test]
fn the_typings_hold_under_strict() {
    let Some(clients) = npm("typescript@5.9.3") else {
        eprintln!("skipped: the TypeScript compiler of npm cannot be had");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let js = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/js");
    let package = folder.path().join("node_modules/heapy");
    fs::create_dir_all(&package).unwrap();
    for name in ["heapy.d.ts", "package.json"] {
        fs::copy(js.join(name), package.join(name)).unwrap();
    }
    fs::write(folder.path().join("typed.mts"), TYPED).unwrap();
    let options = ["--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--lib", "es2023,dom"];
    let compiler = clients.join("node_modules/typescript/bin/tsc");
    run(Command::new("node").current_dir(folder.path()).arg(compiler).args(options).arg("typed.mts"));
}
