//! Who may ask: a request to this very address, from no other page, with the token.

use super::door::Caller;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a page may load: nothing that this program doesn't serve, and no script in its text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
                      frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Headers of every answer; an answer that brings its own policy keeps it.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

/// What is asked of a request.
#[derive(Debug)]
pub(super) struct Guard {
    /// Names of this address.
    hosts: [String; 2],
    token: String,
    /// The cookie that stands for the token, `NAME=`; cookies know no ports, so its name does.
    cookie: String,
}

/// A token that nobody guesses.
pub(super) fn token() -> io::Result<String> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes).map_err(|cause| io::Error::other(format!("no random numbers: {cause}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Guard {
    pub(super) fn new(address: SocketAddr, token: String) -> Self {
        let port = address.port();
        Self {
            hosts: [format!("127.0.0.1:{port}"), format!("localhost:{port}")],
            token,
            cookie: format!("gncn-{port}="),
        }
    }

    /// Why a request is refused, if it is.
    fn refuses(&self, request: &Request) -> Option<(StatusCode, &'static str)> {
        let header = |name| request.headers().get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
        let is_ours = |host: &str| self.hosts.iter().any(|ours| ours == host);
        if !header(header::HOST).is_some_and(is_ours) {
            return Some((StatusCode::MISDIRECTED_REQUEST, "this page answers to 127.0.0.1 and localhost only"));
        }
        let origin = header(header::ORIGIN);
        if origin.is_some_and(|origin| !origin.strip_prefix("http://").is_some_and(is_ours)) {
            return Some((StatusCode::FORBIDDEN, "a page from elsewhere may not ask this one"));
        }
        let site = header(HeaderName::from_static("sec-fetch-site"));
        if site.is_some_and(|site| !["same-origin", "none"].contains(&site)) {
            return Some((StatusCode::FORBIDDEN, "a page from elsewhere may not ask this one"));
        }
        if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
            return Some((StatusCode::METHOD_NOT_ALLOWED, "nothing here is written or removed"));
        }
        let asked = in_query(request).is_some_and(|token| is_same(token, &self.token));
        if !asked && !self.in_cookie(request) {
            return Some((
                StatusCode::FORBIDDEN,
                "the token is missing or wrong; open the address that `gncn view` printed",
            ));
        }
        None
    }

    fn in_cookie(&self, request: &Request) -> bool {
        let cookies = request.headers().get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut cookies = cookies.flat_map(|cookies| cookies.split(';')).map(str::trim);
        cookies.any(|cookie| cookie.strip_prefix(&*self.cookie).is_some_and(|token| is_same(token, &self.token)))
    }

    /// The page itself without the token in its address, which would else stay in the browser's history.
    fn enter(&self) -> Response {
        let cookie = format!("{}{}; HttpOnly; SameSite=Strict; Path=/", self.cookie, self.token);
        let headers = [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, cookie)];
        (StatusCode::SEE_OTHER, headers).into_response()
    }
}

fn in_query(request: &Request) -> Option<&str> {
    request.uri().query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}

/// Compares in a time that tells nothing of where they differ.
fn is_same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

/// Lets a request in, or refuses it.
pub(super) async fn check(
    State(guard): State<Arc<Guard>>,
    ConnectInfo(caller): ConnectInfo<Caller>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match guard.refuses(&request) {
        Some((status, why)) => {
            let mut refused = (status, why).into_response();
            refused.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            refused
        }
        None => {
            caller.welcome();
            let enters = request.uri().path() == "/" && in_query(&request).is_some();
            if enters { guard.enter() } else { next.run(request).await }
        }
    };
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}
