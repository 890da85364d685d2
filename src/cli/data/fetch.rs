//! `gncn data fetch`: a published data set, from its homes.

use super::super::failure::Failure;
use super::super::progress::Bar;
use super::super::{output, table};
use crate::data::fetch::{self, FetchEvent};
use crate::data::sets;
use crate::data::source::VARIABLE;
use clap::Args;
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  gncn data fetch mnist --to ~/data
  GNCN_DATA=~/data gncn data fetch kmnist
  gncn data fetch fashion --to ~/data --from http://mirror.example/fashion

Files are known by their SHA-256, wherever they come from. What is cut off is
gone on with by the same command. http_proxy names a proxy, where one is needed.";

/// Download a published data set
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct FetchArguments {
    /// mnist, fashion, kmnist or caltech
    name: String,
    /// The folder that gets a folder of this name [default: that of GNCN_DATA]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Ask this address first; the name of a file follows it
    #[arg(long, value_name = "URL")]
    from: Option<String>,
}

impl FetchArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        let request = |text: String| Failure::Request(text);
        let set = sets::find(&self.name).filter(|set| !set.homes.is_empty()).ok_or_else(|| {
            let legal = sets::all().iter().filter(|set| !set.homes.is_empty());
            let legal: Vec<&str> = legal.map(|set| set.name.as_str()).collect();
            request(format!("`{}` can't be fetched; legal are {}", self.name, legal.join(", ")))
        })?;
        let root = std::env::var_os(VARIABLE).filter(|root| !root.is_empty()).map(PathBuf::from);
        let folder = fetch::folder(set, self.to.as_deref(), root.as_deref());
        let folder = folder.ok_or_else(|| {
            request(format!("{VARIABLE} is not set; name a folder with --to, and set {VARIABLE} to it"))
        })?;
        let bytes: u64 = set.files.iter().map(|file| file.bytes).sum();
        output::announce(&folder, &format!("{}, {}; licence: {}", set.about, table::bytes(bytes), set.licence));
        let bar = Bar::new(1);
        let from: Vec<String> = self.from.iter().cloned().collect();
        fetch::fetch(set, &folder, &from, &mut |event| match event {
            FetchEvent::Kept(file) => bar.milestone(&format!("{} is there already", file.name)),
            FetchEvent::Asked { address, from: 0, .. } => bar.milestone(&format!("from {address}")),
            FetchEvent::Asked { address, from, .. } => bar.milestone(&format!("from {address}, after {from} bytes")),
            FetchEvent::Came { file, bytes } => {
                bar.stand(file.name.clone(), *bytes as usize, file.bytes as usize, table::bytes(*bytes));
            }
            FetchEvent::Refused { cause } => bar.milestone(cause),
        })?;
        drop(bar);
        let root = folder.parent().unwrap_or(Path::new("."));
        output::print(&format!("{}={} lets --data {} find it", VARIABLE, output::quoted(root), set.name))
    }
}
