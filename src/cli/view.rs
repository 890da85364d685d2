//! `gncn view`: the local page, until Ctrl-C.

use super::failure::Failure;
use super::{interrupt, output};
use crate::view::page::Shelf;
use crate::view::serve::PageServer;
use clap::Args;
use std::io::ErrorKind;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gncn view                      Every run and study below this folder
  gncn view runs/gncn-pdh        One run, live while `gncn train` goes on
  gncn view studies/late         A study, with its report
  gncn view runs --port 0        On any port that is free

The page is served to this machine only, and its address holds a token: who has
the address may look and settle, nobody may write. It loads nothing from
elsewhere. From another machine: ssh -L 8417:127.0.0.1:8417 HOST";

/// Show runs and studies on a local page, and settle by hand
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ViewArguments {
    /// A run, a study, or a folder that holds them
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The port of the page; 0 is any that is free
    #[arg(long, value_name = "N", default_value_t = 8417)]
    port: u16,
}

impl ViewArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let shelf = Shelf::new(&self.folder).map_err(|cause| {
            let folder = self.folder.display();
            Failure::Request(format!("{folder}: {cause}; name a run, a study, or a folder that holds them"))
        })?;
        let server = PageServer::bind(shelf, self.port).map_err(|cause| self.no_port(&cause))?;
        interrupt::closing_the_page()?;
        output::note("open this address in a browser on this machine; Ctrl-C closes the page");
        output::print(&server.address())?;
        server.run().map_err(|cause| Failure::Run(format!("the page can't be served any more: {cause}")))
    }

    fn no_port(&self, cause: &std::io::Error) -> Failure {
        let port = self.port;
        Failure::Request(match cause.kind() {
            ErrorKind::AddrInUse => {
                format!(
                    "port {port} is in use, maybe by another `gncn view`; choose another with --port, or any free one with --port 0"
                )
            }
            ErrorKind::PermissionDenied => format!("port {port} may not be used; choose one above 1023 with --port"),
            _ => format!("port {port} can't be used ({cause}); choose another with --port"),
        })
    }
}
