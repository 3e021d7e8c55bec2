//! A real browser on a real server: what the tests of the inspector drive.

pub(crate) mod fixture;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use chromiumoxide::browser::{Browser, BrowserConfig};
use chromiumoxide::cdp::browser_protocol::log::{EnableParams, EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::page::CaptureScreenshotFormat;
use chromiumoxide::cdp::js_protocol::runtime::{ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown};
use chromiumoxide::page::{Page, ScreenshotParams};
use futures::StreamExt;
use heapy_host::server::{Server, Source};
use serde::de::DeserializeOwned;

/// How long something may take to appear on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// Where browsers usually are.
const BROWSERS: [&str; 4] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/opt/google/chrome/chrome"];

/// Flags beside `--headless`, so that the browser talks to nobody but us.
const FLAGS: [&str; 7] = [
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
    "hide-scrollbars",
];

/// The browser to test with. Without one the test is passed over with a message, or fails where one is required.
pub(crate) fn browser_path() -> Option<PathBuf> {
    let named = std::env::var_os("CHROME").map(PathBuf::from);
    let found = named.into_iter().chain(BROWSERS.map(PathBuf::from)).find(|path| path.is_file());
    let wish = std::env::var("HEAPY_BROWSER").unwrap_or_default();
    if found.is_none() {
        let how = "no Chromium: install it with `sudo apt-get install chromium`, or name one in CHROME";
        assert!(wish != "require", "{how}");
        eprintln!("skipped: {how}");
    }
    found
}

/// A page of the inspector, and everything that it complains of.
pub(crate) struct Inspector {
    /// The page.
    pub(crate) page: Page,
    server: Option<Server>,
    browser: Browser,
    complaints: Arc<Mutex<Vec<String>>>,
    _profile: tempfile::TempDir,
}

impl Inspector {
    /// Serves `source` and opens it in a window of the given size; none where there is no browser.
    pub(crate) async fn open(source: Arc<dyn Source>, size: (u32, u32)) -> Option<Self> {
        browser_path()?;
        let server = Server::start(source).expect("a server");
        let mut inspector = Self::at(&server.url(), size).await?;
        inspector.server = Some(server);
        inspector.wait_for("document.querySelector('.facts')?.textContent.includes('live')").await;
        Some(inspector)
    }

    /// Serves `source` and goes there, after a script that runs before the page's own.
    pub(crate) async fn visit(&mut self, source: Arc<dyn Source>, script: &str) {
        let server = Server::start(source).expect("a server");
        self.page.evaluate_on_new_document(script).await.expect("the script is kept");
        self.page.goto(server.url()).await.expect("the page loads");
        self.server = Some(server);
        self.wait_for("document.querySelector('.facts')?.textContent.includes('live')").await;
    }

    /// Opens an address in a window of the given size; none where there is no browser.
    pub(crate) async fn at(address: &str, (width, height): (u32, u32)) -> Option<Self> {
        let executable = browser_path()?;
        let profile = tempfile::tempdir().expect("a folder for the browser's profile");
        let config = BrowserConfig::builder()
            .chrome_executable(executable)
            .user_data_dir(profile.path())
            .window_size(width, height)
            .viewport(chromiumoxide::handler::viewport::Viewport { width, height, ..Default::default() })
            .no_sandbox()
            .args(FLAGS)
            .build()
            .expect("a configuration of the browser");
        let (browser, mut handler) = Browser::launch(config).await.expect("the browser starts");
        tokio::spawn(async move { while handler.next().await.is_some() {} });
        let page = browser.new_page("about:blank").await.expect("a page");
        let complaints = listen(&page).await;
        page.goto(address).await.expect("the page loads");
        Some(Self { page, server: None, browser, complaints, _profile: profile })
    }

    /// The value of a JavaScript expression.
    pub(crate) async fn value<T: DeserializeOwned>(&self, expression: &str) -> T {
        self.attempt(expression).await.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The value of a JavaScript expression, if the page is there to give one.
    async fn attempt<T: DeserializeOwned>(&self, expression: &str) -> Result<T, String> {
        let result = self.page.evaluate_expression(expression).await.map_err(|error| error.to_string())?;
        result.into_value().map_err(|error| error.to_string())
    }

    /// Waits until a JavaScript expression is true. While the page is loaded anew there is none to ask.
    pub(crate) async fn wait_for(&self, expression: &str) {
        let begun = Instant::now();
        while !self.attempt(&format!("!!({expression})")).await.unwrap_or(false) {
            if begun.elapsed() > PATIENCE {
                let text: String = self.value("document.body.innerText").await;
                panic!("never true: {expression}\ncomplaints: {:?}\nthe page says:\n{text}", self.complaints());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Goes to a state by its address.
    pub(crate) async fn go(&self, fragment: &str) {
        self.value::<bool>(&format!("(location.hash = {fragment:?}, true)")).await;
    }

    /// Clicks what a selector finds. What is drawn anew meanwhile is looked for again.
    pub(crate) async fn click(&self, selector: &str) {
        let mut failure = String::new();
        for _ in 0..10 {
            self.wait_for(&format!("document.querySelector({selector:?})")).await;
            let Ok(element) = self.page.find_element(selector).await else { continue };
            match element.click().await {
                Ok(_) => return,
                Err(error) => failure = error.to_string(),
            }
        }
        panic!("{selector}: {failure}");
    }

    /// Loads the page anew, as its address says.
    pub(crate) async fn reload(&self) {
        self.value::<bool>("(window.isOld = true, location.reload(), true)").await;
        self.wait_for("!window.isOld && document.querySelector('.facts')?.textContent.includes('live')").await;
    }

    /// Clicks at a place of the picture, in parts of its width and height.
    pub(crate) async fn click_picture(&self, across: f64, down: f64) {
        self.wait_for("document.querySelector('canvas')?.width > 0").await;
        let find = format!(
            "(() => {{ const box = document.querySelector('canvas').getBoundingClientRect();
               return [box.x + box.width * {across}, box.y + box.height * {down}]; }})()"
        );
        let (x, y): (f64, f64) = self.value(&find).await;
        let point = chromiumoxide::layout::Point::new(x, y);
        self.page.move_mouse(point).await.expect("the mouse moves");
        self.page.click(point).await.expect("the mouse clicks");
    }

    /// Writes into a field as a user does, letter by letter at its end.
    pub(crate) async fn write(&self, selector: &str, text: &str) {
        self.wait_for(&format!("document.querySelector({selector:?})")).await;
        let element = self.page.find_element(selector).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.type_str(text).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Chooses an option of a list by its text.
    pub(crate) async fn choose(&self, selector: &str, text: &str) {
        let options = format!("[...(document.querySelector({selector:?})?.options ?? [])]");
        self.wait_for(&format!("{options}.some((option) => option.text.includes({text:?}))")).await;
        let script = format!(
            "(() => {{ const list = document.querySelector({selector:?});
               const option = [...list.options].find((option) => option.text.includes({text:?}));
               list.value = option.value; list.dispatchEvent(new Event('change', {{bubbles: true}})); return true; }})()"
        );
        self.value::<bool>(&script).await;
    }

    /// Clicks the button with this text.
    pub(crate) async fn press_button(&self, text: &str) {
        let find = format!(
            "[...document.querySelectorAll('button, a')].find((button) => button.textContent.trim() === {text:?})"
        );
        self.wait_for(&find).await;
        self.value::<bool>(&format!("({find}.click(), true)")).await;
    }

    /// Clicks twice, as one opens a row.
    pub(crate) async fn open_row(&self, selector: &str) {
        self.wait_for(&format!("document.querySelector({selector:?})")).await;
        let event = "new MouseEvent('dblclick', {bubbles: true})";
        self.value::<bool>(&format!("document.querySelector({selector:?}).dispatchEvent({event})")).await;
    }

    /// Presses a key on whatever has the focus.
    pub(crate) async fn press(&self, key: &str) {
        let event = format!("new KeyboardEvent('keydown', {{key: {key:?}, bubbles: true, cancelable: true}})");
        self.value::<bool>(&format!("(document.activeElement.dispatchEvent({event}), true)")).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }

    /// The texts of the cells in a column of the table.
    pub(crate) async fn column(&self, position: usize) -> Vec<String> {
        let cells = format!("document.querySelectorAll('tr.row td:nth-child({position})')");
        self.value(&format!("Array.from({cells}, cell => cell.textContent.trim())")).await
    }

    /// Keeps a picture of the page under `target/screenshots`.
    pub(crate) async fn screenshot(&self, name: &str) {
        let folder = screenshot_folder();
        std::fs::create_dir_all(&folder).expect("a folder for screenshots");
        self.picture(&folder.join(format!("{name}.png"))).await;
    }

    /// Writes a picture of the page into a file.
    pub(crate) async fn picture(&self, path: &Path) {
        let params = ScreenshotParams::builder().format(CaptureScreenshotFormat::Png).build();
        self.page.save_screenshot(params, path).await.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// What axe-core finds wrong with the page; nothing where axe-core cannot be had.
    pub(crate) async fn axe(&self) -> Vec<String> {
        let Some(script) = AXE.get_or_init(axe_script) else { return Vec::new() };
        self.page.evaluate_expression(script.as_str()).await.expect("axe-core loads");
        let tell = "rule => rule.id + ': ' + rule.nodes.map(node => node.html.slice(0, 120)).join(' | ')";
        self.value(&format!("axe.run().then(result => result.violations.map({tell}))")).await
    }

    /// Errors and warnings of the console, uncaught exceptions, violations of the policy.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.complaints.lock().expect("no listener has panicked").clone()
    }

    /// Ends the browser; fails if the page has complained of anything.
    pub(crate) async fn close(mut self) {
        let complaints = self.complaints();
        self.browser.close().await.expect("the browser closes");
        self.browser.wait().await.expect("the browser ends");
        if let Some(server) = self.server {
            server.stop();
        }
        assert!(complaints.is_empty(), "the page complains: {complaints:#?}");
    }
}

/// The checker of accessibility, read once.
static AXE: OnceLock<Option<String>> = OnceLock::new();

/// `axe.min.js` of the file that `HEAPY_AXE` names, else of npm's package, which is kept between runs.
fn axe_script() -> Option<String> {
    if let Some(path) = std::env::var_os("HEAPY_AXE") {
        return Some(std::fs::read_to_string(path).expect("HEAPY_AXE names a file"));
    }
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("npm-axe");
    let file = kept.join("node_modules/axe-core/axe.min.js");
    if !file.is_file() {
        std::fs::create_dir_all(&kept).ok()?;
        let install =
            ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", ".", "axe-core@4"];
        // Where there is no npm or no network the checks are passed over.
        let _ = std::process::Command::new("npm").current_dir(&kept).args(install).status();
    }
    let script = std::fs::read_to_string(file).ok();
    if script.is_none() {
        eprintln!("skipped: axe-core cannot be fetched with npm, so that accessibility is not checked");
    }
    script
}

fn screenshot_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target"));
    target.join("screenshots")
}

async fn listen(page: &Page) -> Arc<Mutex<Vec<String>>> {
    let complaints: Arc<Mutex<Vec<String>>> = Arc::default();
    let add = |complaints: &Arc<Mutex<Vec<String>>>, text: String| {
        complaints.lock().expect("no listener has panicked").push(text);
    };
    page.execute(EnableParams::default()).await.expect("the browser's log");
    let mut exceptions = page.event_listener::<EventExceptionThrown>().await.expect("exceptions");
    let mut calls = page.event_listener::<EventConsoleApiCalled>().await.expect("the console");
    let mut entries = page.event_listener::<EventEntryAdded>().await.expect("the log");
    let kept = Arc::clone(&complaints);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                Some(event) = exceptions.next() => add(&kept, format!("exception: {:?}", event.exception_details)),
                Some(event) = calls.next() => if matches!(event.r#type, ConsoleApiCalledType::Error | ConsoleApiCalledType::Warning) {
                    add(&kept, format!("console: {:?}", event.args));
                },
                Some(event) = entries.next() => if matches!(event.entry.level, LogEntryLevel::Error | LogEntryLevel::Warning) {
                    add(&kept, format!("log: {} {:?}", event.entry.text, event.entry.url));
                },
                else => return,
            }
        }
    });
    complaints
}
