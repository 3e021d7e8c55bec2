//! A browser's window on any address.

use std::time::{Duration, Instant};

use chromiumoxide::browser::{Browser, BrowserConfig};
use chromiumoxide::page::Page;
use futures::StreamExt;

use crate::browser::browser_path;

/// How long something may take to appear on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A window and the browser that it is of.
pub(crate) struct Window {
    page: Page,
    browser: Browser,
    _profile: tempfile::TempDir,
}

impl Window {
    /// Opens an address; none where there is no browser.
    pub(crate) async fn open(address: &str) -> Option<Self> {
        let executable = browser_path()?;
        let profile = tempfile::tempdir().unwrap();
        let config = BrowserConfig::builder()
            .chrome_executable(executable)
            .user_data_dir(profile.path())
            .no_sandbox()
            .args(["disable-gpu", "no-first-run", "disable-background-networking", "disable-sync"])
            .build()
            .unwrap();
        let (browser, mut handler) = Browser::launch(config).await.unwrap();
        tokio::spawn(async move { while handler.next().await.is_some() {} });
        let page = browser.new_page("about:blank").await.unwrap();
        page.goto(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        Some(Self { page, browser, _profile: profile })
    }

    /// The text that an expression gives, once it is one; the expression may be asked again and again.
    pub(crate) async fn text(&self, expression: &str) -> String {
        let begun = Instant::now();
        loop {
            let asked = self.page.evaluate_expression(expression).await.map_err(|error| error.to_string());
            let answer = asked.and_then(|value| value.into_value::<String>().map_err(|error| error.to_string()));
            match answer {
                Ok(text) => return text,
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}: {expression:.200}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends the browser.
    pub(crate) async fn close(mut self) {
        self.browser.close().await.unwrap();
        self.browser.wait().await.unwrap();
    }
}
