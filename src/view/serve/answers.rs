//! Answers to single requests. Files are read and circuits settled on threads that may wait, never on those that carry
//! connections.

use super::desk::{Desk, MOST_BYTES};
use crate::checkpoint::StoreError;
use crate::view::page::{self, PathRefused, TouchError, TouchRequest};
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A larger file is not shown.
const MOST_SHOWN: u64 = 64 << 20;

/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file with markup may draw and run nothing: neither scripts, nor what it would load.
const FILE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox";

/// What most requests name.
#[derive(Debug, Deserialize)]
pub(super) struct AtPath {
    pub(super) path: String,
}

pub(super) async fn page() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("assets/page.html"))
}

pub(super) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("assets/page.css"))
}

pub(super) async fn script() -> impl IntoResponse {
    javascript(include_str!("assets/page.js"))
}

pub(super) async fn chart() -> impl IntoResponse {
    javascript(include_str!("assets/chart.js"))
}

pub(super) async fn touch_script() -> impl IntoResponse {
    javascript(include_str!("assets/touch.js"))
}

fn javascript(text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text)
}

pub(super) async fn list(State(desk): State<Arc<Desk>>) -> Response {
    aside(move || json(&desk.shelf.list())).await
}

pub(super) async fn run(State(desk): State<Arc<Desk>>, Query(at): Query<AtPath>) -> Response {
    of_run(desk, at, |folder| Ok(json(&page::about(folder)?))).await
}

pub(super) async fn drawing(State(desk): State<Arc<Desk>>, Query(at): Query<AtPath>) -> Response {
    touched(desk, move |desk| Ok(shown("image/svg+xml", desk.touch.drawing(&desk.shelf, &at.path)?.into_bytes()))).await
}

pub(super) async fn live(State(desk): State<Arc<Desk>>, Query(at): Query<AtPath>) -> Response {
    let drawing = move |desk: &Desk| {
        let drawn = desk.touch.live_drawing(&desk.shelf, &at.path)?;
        Ok(drawn.map_or_else(nothing, |svg| shown("image/svg+xml", svg.into_bytes())))
    };
    touched(desk, drawing).await
}

pub(super) async fn fields(State(desk): State<Arc<Desk>>, Query(at): Query<AtPath>) -> Response {
    let tiles = move |desk: &Desk| {
        let tiles = desk.touch.fields(&desk.shelf, &at.path)?;
        Ok(tiles.map_or_else(nothing, |bytes| shown("image/png", bytes)))
    };
    touched(desk, tiles).await
}

/// No content: a browser would call anything else a fault of the page.
fn nothing() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

pub(super) async fn reconstructions(State(desk): State<Arc<Desk>>, Query(at): Query<AtPath>) -> Response {
    // There may be nothing to reconstruct yet, or ever.
    let none = |error: TouchError| match error {
        TouchError::Path(_) => Err(error),
        _ => Ok(nothing()),
    };
    let picture = move |desk: &Desk| {
        desk.touch.reconstructions(&desk.shelf, &at.path).map_or_else(none, |bytes| Ok(shown("image/png", bytes)))
    };
    settled(desk, picture).await
}

pub(super) async fn verdict(State(desk): State<Arc<Desk>>, Query(at): Query<AtPath>) -> Response {
    settled(desk, move |desk| Ok(json(&desk.touch.verdict(&desk.shelf, &at.path)?))).await
}

pub(super) async fn file(State(desk): State<Arc<Desk>>, Query(at): Query<AtPath>) -> Response {
    aside(move || match desk.shelf.file(&at.path) {
        Ok((path, kind)) => match read(&path) {
            Ok(bytes) => shown(kind, bytes),
            Err(cause) => refused(StatusCode::NOT_FOUND, &cause.to_string()),
        },
        Err(error) => of_refused(error),
    })
    .await
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.metadata()?.len() > MOST_SHOWN {
        return Err(std::io::Error::other("the file is too large to be shown"));
    }
    std::fs::read(path)
}

pub(super) async fn settle(State(desk): State<Arc<Desk>>, request: Request) -> Response {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a settle is asked for as application/json");
    }
    let body = tokio::time::timeout(PATIENCE, axum::body::to_bytes(request.into_body(), MOST_BYTES)).await;
    let Ok(Ok(body)) = body else {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large, or too slow to come");
    };
    let request: TouchRequest = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(cause) => return refused(StatusCode::BAD_REQUEST, &format!("this asks for no settle: {cause}")),
    };
    settled(desk, move |desk| Ok(json(&desk.touch.settle(&desk.shelf, &request)?))).await
}

/// Settles, where not too many do already.
async fn settled(
    desk: Arc<Desk>,
    work: impl FnOnce(&Desk) -> Result<Response, TouchError> + Send + 'static,
) -> Response {
    let Ok(place) = Arc::clone(&desk.settles).try_acquire_owned() else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "other settles are under way; try again in a moment");
    };
    touched(desk, move |desk| {
        // Held until the work is done, also where the one who asked has gone.
        let _place = place;
        work(desk)
    })
    .await
}

/// Works with an open run.
async fn touched(
    desk: Arc<Desk>,
    work: impl FnOnce(&Desk) -> Result<Response, TouchError> + Send + 'static,
) -> Response {
    aside(move || match work(&desk) {
        Ok(answer) => answer,
        Err(TouchError::Path(error)) => of_refused(error),
        Err(TouchError::Run(error)) => refused(StatusCode::NOT_FOUND, &error.to_string()),
        Err(error) => refused(StatusCode::UNPROCESSABLE_ENTITY, &error.to_string()),
    })
    .await
}

/// Works where waiting keeps nobody else from working.
async fn aside(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| refused(StatusCode::INTERNAL_SERVER_ERROR, "this was too much for gncn, which is a bug"))
}

async fn of_run(
    desk: Arc<Desk>,
    AtPath { path }: AtPath,
    tell: impl FnOnce(&Path) -> Result<Response, StoreError> + Send + 'static,
) -> Response {
    aside(move || match desk.shelf.folder(&path) {
        Ok(folder) => tell(&folder).unwrap_or_else(|error| refused(StatusCode::NOT_FOUND, &error.to_string())),
        Err(error) => of_refused(error),
    })
    .await
}

fn of_refused(error: PathRefused) -> Response {
    let status = match error {
        PathRefused::Outside => StatusCode::FORBIDDEN,
        PathRefused::Missing => StatusCode::NOT_FOUND,
    };
    refused(status, &error.to_string())
}

pub(super) fn refused(status: StatusCode, why: &str) -> Response {
    (status, why.to_owned()).into_response()
}

fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => ([(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(cause) => refused(StatusCode::INTERNAL_SERVER_ERROR, &cause.to_string()),
    }
}

/// A file of the user's, which may draw nothing but itself.
fn shown(kind: &'static str, bytes: Vec<u8>) -> Response {
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, FILE_POLICY)];
    (headers, Body::from(bytes)).into_response()
}
