//! What is added to a run, as a stream of events. Each event says where it ends, so that a browser that was asleep goes on
//! from there.

use super::answers::refused;
use super::desk::Desk;
use crate::training::{PULSE, Pulse};
use crate::view::curves::{News, news};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How often a run is looked at.
const PAUSE: Duration = Duration::from_millis(400);

/// Which run, and where what is known of it ends.
#[derive(Debug, Deserialize)]
pub(super) struct FollowQuery {
    path: String,
    #[serde(default)]
    from: u64,
}

/// A stream of one page.
struct Following {
    folder: PathBuf,
    end: u64,
    finished: Option<bool>,
    /// When the pulse that was told last was written.
    pulse: Option<SystemTime>,
    reads: Arc<Semaphore>,
    _place: OwnedSemaphorePermit,
}

pub(super) async fn follow(
    State(desk): State<Arc<Desk>>,
    Query(asked): Query<FollowQuery>,
    headers: HeaderMap,
) -> Response {
    let folder = match desk.shelf.folder(&asked.path) {
        Ok(folder) => folder,
        Err(error) => return refused(StatusCode::NOT_FOUND, &error.to_string()),
    };
    let Ok(place) = Arc::clone(&desk.streams).try_acquire_owned() else {
        return refused(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open; close some of them");
    };
    let reads = Arc::clone(&desk.reads);
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let following =
        Following { folder, end: last.unwrap_or(asked.from), finished: None, pulse: None, reads, _place: place };
    let events = stream::unfold(following, |mut following| async {
        let event = following.next().await?;
        Some((Ok::<_, Infallible>(event), following))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

impl Following {
    /// The next event, once there is something to tell; `None` where the run has vanished and that was told.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if !self.folder.is_dir() {
                if self.end == u64::MAX {
                    return None;
                }
                self.end = u64::MAX;
                return Some(Event::default().event("gone").data("the run was moved or removed"));
            }
            if let Some((end, told)) = self.rows().await {
                self.end = end;
                return Some(Event::default().event("rows").id(end.to_string()).data(told));
            }
            if let Some(event) = self.state().or_else(|| self.pulse()) {
                return Some(event);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What was added, as JSON, and where it ends, in bytes.
    async fn rows(&self) -> Option<(u64, String)> {
        let (path, end) = (self.folder.join("metrics.jsonl"), self.end);
        if std::fs::metadata(&path).is_ok_and(|about| about.len() == end) {
            return None;
        }
        let place = Arc::clone(&self.reads).acquire_owned().await.ok()?;
        let told = tokio::task::spawn_blocking(move || {
            let _place = place;
            let News { rows, end, anew } = news(&path, end).ok()?;
            (anew || !rows.is_empty()).then(|| (end, json!({ "rows": rows, "anew": anew }).to_string()))
        });
        told.await.ok()?
    }

    /// How the last batch went, where that is news.
    fn pulse(&mut self) -> Option<Event> {
        let written = std::fs::metadata(self.folder.join(PULSE)).and_then(|about| about.modified()).ok()?;
        if self.pulse.replace(written) == Some(written) {
            return None;
        }
        let pulse = Pulse::of_run(&self.folder)?;
        Some(Event::default().event("pulse").data(serde_json::to_string(&pulse).ok()?))
    }

    /// Whether the run has come to its end, where that is news.
    fn state(&mut self) -> Option<Event> {
        let text = std::fs::read(self.folder.join("run.json")).ok()?;
        let info: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let finished = info["finished"].as_bool();
        (finished.is_some() && finished != self.finished).then(|| {
            self.finished = finished;
            Event::default().event("state").data(json!({ "finished": finished }).to_string())
        })
    }
}
