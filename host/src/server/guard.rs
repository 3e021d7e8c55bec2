//! Who may ask: one layer that every request passes before anything else looks at it.
//!
//! Any page that the user has open can send requests to 127.0.0.1, and a name of its own can be made to resolve there.
//! Hence, in this order: the `Host` must be ours (421, against DNS rebinding); an `Origin`, where given, must be ours
//! (403); `Sec-Fetch-Site` must not tell of another site (403; another port of this host counts as one); and
//! whatever tells of the guest needs the token's cookie (401), or, from a program that is no browser's page, the token
//! itself as `Authorization: Bearer`. The page itself holds no data and needs neither.
//!
//! Browsers share cookies between the ports of a host, so that ours is named by its port.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::assets;
use super::error::ServerError;

/// Bytes of the token: 128 bits.
const TOKEN_BYTES: usize = 16;

/// Everything under this path tells of the guest.
const DATA_PREFIX: &str = "/api/";

/// The one path under [`DATA_PREFIX`] that needs no cookie: it takes the token and gives the cookie.
pub(super) const SESSION_PATH: &str = "/api/session";

/// What the page may do. No inline script, no eval; styles of elements are set by the framework.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the worker may do: run the user's scripts, which the page may not. It has neither document nor cookies.
const WORKER_POLICY: &str =
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' 'unsafe-eval'; connect-src 'self'";

/// 128 random bits as hexadecimal digits.
pub(super) fn random_token() -> Result<String, ServerError> {
    let mut bytes = [0u8; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(ServerError::Random)?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// What a request is measured against.
#[derive(Debug)]
pub(super) struct Guard {
    hosts: [String; 2],
    origins: [String; 2],
    cookie_name: String,
    token: String,
}

impl Guard {
    pub(super) fn new(port: u16, token: String) -> Self {
        let hosts = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
        let origins = [format!("http://{}", hosts[0]), format!("http://{}", hosts[1])];
        Self { hosts, origins, cookie_name: format!("heapy-{port}"), token }
    }

    /// Whether `offered` is the token. Takes the same time wherever they differ.
    pub(super) fn accepts(&self, offered: &str) -> bool {
        let differing = offered.bytes().zip(self.token.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
        offered.len() == self.token.len() && differing == 0
    }

    /// The cookie that stands for the token.
    pub(super) fn cookie(&self) -> String {
        format!("{}={}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name, self.token)
    }

    /// Why a request to `path` is refused; none if it may pass.
    fn refusal(&self, path: &str, headers: &HeaderMap) -> Option<(StatusCode, &'static str)> {
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let one_of = |known: &[String], value: &str| known.iter().any(|one| one.eq_ignore_ascii_case(value));
        if headers.get_all(HOST).iter().count() != 1 || !text(HOST).is_some_and(|host| one_of(&self.hosts, host)) {
            return Some((StatusCode::MISDIRECTED_REQUEST, "the request is not for this host"));
        }
        if text(ORIGIN).is_some_and(|origin| !one_of(&self.origins, origin)) {
            return Some((StatusCode::FORBIDDEN, "the request comes from another origin"));
        }
        let site = text(HeaderName::from_static("sec-fetch-site"));
        if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
            return Some((StatusCode::FORBIDDEN, "the request comes from another site"));
        }
        if path.starts_with(DATA_PREFIX)
            && path != SESSION_PATH
            && !self.has_cookie(headers)
            && !self.has_token(headers)
        {
            return Some((StatusCode::UNAUTHORIZED, "open the inspector by the address that heapy-host printed"));
        }
        None
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        given.and_then(|text| text.strip_prefix("Bearer ")).is_some_and(|token| self.accepts(token))
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .any(|(name, value)| name == self.cookie_name && self.accepts(value))
    }
}

/// The layer: refuses, or lets pass, and puts the security headers on whatever is answered.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = match guard.refusal(&path, request.headers()) {
        Some(refused) => refused.into_response(),
        None => next.run(request).await,
    };
    let policy = if path == assets::WORKER_PATH { WORKER_POLICY } else { PAGE_POLICY };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header")))
            .collect()
    }

    fn status(path: &str, pairs: &[(&'static str, &str)]) -> Option<u16> {
        let guard = Guard::new(7, "00ff".into());
        guard.refusal(path, &headers(pairs)).map(|(status, _)| status.as_u16())
    }

    #[test]
    fn the_token_is_128_bits_and_never_the_same() {
        let (first, second) = (random_token().expect("random"), random_token().expect("random"));
        assert_eq!(first.len(), 32);
        assert_ne!(first, second);
    }

    #[test]
    fn only_the_whole_token_is_accepted() {
        let guard = Guard::new(7, "00ff".into());
        assert!(guard.accepts("00ff"));
        for wrong in ["", "00f", "00fff", "00fe", "00FF"] {
            assert!(!guard.accepts(wrong), "{wrong}");
        }
    }

    #[test]
    fn data_needs_the_cookie_of_this_port() {
        let host = ("host", "127.0.0.1:7");
        assert_eq!(status("/api/state", &[host]), Some(401));
        assert_eq!(status("/api/state", &[host, ("cookie", "heapy-8=00ff")]), Some(401));
        assert_eq!(status("/api/state", &[host, ("cookie", "heapy-7=00fe")]), Some(401));
        assert_eq!(status("/api/state", &[host, ("cookie", "a=b; heapy-7=00ff")]), None);
        assert_eq!(status("/", &[host]), None);
    }

    #[test]
    fn programs_give_the_token_itself() {
        let host = ("host", "127.0.0.1:7");
        assert_eq!(status("/api/state", &[host, ("authorization", "Bearer 00ff")]), None);
        assert_eq!(status("/api/state", &[host, ("authorization", "Bearer 00fe")]), Some(401));
        assert_eq!(status("/api/state", &[host, ("authorization", "Basic 00ff")]), Some(401));
        let foreign = ("origin", "http://evil.example");
        assert_eq!(status("/api/state", &[host, foreign, ("authorization", "Bearer 00ff")]), Some(403));
    }

    #[test]
    fn foreign_hosts_are_refused_first() {
        assert_eq!(status("/", &[]), Some(421));
        assert_eq!(status("/", &[("host", "evil.example:7")]), Some(421));
        assert_eq!(status("/", &[("host", "127.0.0.1:8")]), Some(421));
        assert_eq!(status("/", &[("host", "localhost:7")]), None);
    }
}
