//! The local page over HTTP, on this machine alone.
//!
//! Who knows the address with its token may look, and settle; nobody may write. In the order in which a request meets them:
//! `door` bounds how many connections there are and how long a silent one is kept; `guard` refuses what has another Host or
//! Origin, or no token; `answers` reads what [`page`](super::page) tells; `follow` streams what is added to a run.
//! Everything that a browser is sent is inside the program, and its policy lets it load nothing from elsewhere.

mod answers;
mod desk;
mod door;
mod follow;
mod guard;

use super::page::Shelf;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};
use desk::{Desk, MOST_BYTES};
use door::{Caller, Door};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

/// A page that is ready to be served.
#[derive(Debug)]
pub struct PageServer {
    listener: std::net::TcpListener,
    address: SocketAddr,
    token: String,
    shelf: Shelf,
}

impl PageServer {
    /// Takes a port of this machine; 0 is any that is free.
    ///
    /// # Errors
    /// Where the port is taken or may not be used, or the system gives no random token.
    pub fn bind(shelf: Shelf, port: u16) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, token: guard::token()?, shelf })
    }

    /// The address of the page, with its token.
    #[must_use]
    pub fn address(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// Where the system fails to carry connections.
    pub fn run(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            let guard = Arc::new(guard::Guard::new(self.address, self.token));
            let desk = Arc::new(Desk::new(self.shelf));
            let service = routes(desk, guard).into_make_service_with_connect_info::<Caller>();
            axum::serve(Door::new(listener), service).await
        })
    }
}

fn routes(desk: Arc<Desk>, guard: Arc<guard::Guard>) -> Router {
    Router::new()
        .route("/", get(answers::page))
        .route("/page.css", get(answers::style))
        .route("/page.js", get(answers::script))
        .route("/chart.js", get(answers::chart))
        .route("/touch.js", get(answers::touch_script))
        .route("/api/list", get(answers::list))
        .route("/api/run", get(answers::run))
        .route("/api/drawing", get(answers::drawing))
        .route("/api/live", get(answers::live))
        .route("/api/fields", get(answers::fields))
        .route("/api/reconstructions", get(answers::reconstructions))
        .route("/api/verdict", get(answers::verdict))
        .route("/api/follow", get(follow::follow))
        .route("/api/settle", post(answers::settle))
        .route("/file", get(answers::file))
        .layer(DefaultBodyLimit::max(MOST_BYTES))
        .layer(middleware::from_fn_with_state(guard, guard::check))
        .with_state(desk)
}
