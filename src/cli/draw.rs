//! `gncn draw`: a circuit as a picture.

use super::failure::Failure;
use super::output;
use crate::checkpoint::{Run, weights};
use crate::circuit::Circuit;
use crate::data::atomic;
use crate::evaluation;
use crate::executor::DeliveryLog;
use crate::network::Network;
use crate::view::draw::{self, Format, Overlay, Theme};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXAMPLES: &str = "\
Examples:
  gncn draw circuits/gncn-pdh.ron
  gncn draw circuits/gncn-pdh.ron -o pdh.svg --theme light
  gncn draw mine.ron --weights runs/mine/weights.safetensors -o mine.svg
  gncn draw --run runs/mine -o learned.svg
  gncn draw mine.ron --trace settle.gncnlog -o late.svg
  gncn draw mine.ron -o mine.dot && dot -Tpdf mine.dot -o mine.pdf

What predicts stands above what it predicts. An .svg follows the light or dark
taste of who looks at it, and holds the circuit in words, too.";

/// Draw a circuit: layers, populations, and who talks to whom
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct DrawArguments {
    /// The circuit file
    #[arg(required_unless_present = "run")]
    circuit: Option<PathBuf>,
    /// The picture to write: .svg, .dot (for Graphviz), or .png where gncn was built with `--features png` [default: the
    /// circuit's name with .svg, if there is no such file yet]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show what these weights have learned: norms as widths and numbers of links, and the first receptive fields of layers
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// Draw the circuit of a run, with what it has learned
    #[arg(long, value_name = "RUN", conflicts_with_all = ["circuit", "weights"])]
    run: Option<PathBuf>,
    /// Show a settle that `gncn settle --record` wrote down: ages as colours, messages as widths of links
    #[arg(long, value_name = "LOG", conflicts_with = "weights")]
    trace: Option<PathBuf>,
    /// Colours of .svg and .png; under auto a .png is light
    #[arg(long, value_enum, default_value_t = Colours::Auto)]
    theme: Colours,
}

/// The values of `--theme`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colours {
    Auto,
    Light,
    Dark,
}

impl DrawArguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        // The request as a whole before any file is written, or weights are read.
        let format = self.out.as_deref().map_or(Ok(Format::Svg), Format::of)?;
        let run = self.run.as_deref().map(Run::open).transpose()?;
        let circuit = match (&run, &self.circuit) {
            (Some(run), _) => run.circuit()?,
            (None, Some(path)) => Run::circuit_at(path)?,
            (None, None) => return Err(Failure::Request("name a circuit file, or a run with --run".to_owned())),
        };
        let out = self.target(&circuit)?;
        let overlay = self.overlay(&circuit, run.as_ref())?;
        let theme = match self.theme {
            Colours::Auto => Theme::Auto,
            Colours::Light => Theme::Light,
            Colours::Dark => Theme::Dark,
        };
        let bytes = draw::bytes(&circuit, &overlay, format, theme)?;
        output::announce(&out, &format!("a drawing of {}", circuit.name()));
        Ok(atomic::write(&out, &bytes)?)
    }

    /// Where to write. A name that nobody chose must not take the place of a file.
    fn target(&self, circuit: &Circuit) -> Result<PathBuf, Failure> {
        let out = match &self.out {
            Some(out) => out.clone(),
            None => {
                let fits = |c: char| c.is_alphanumeric() || "-_.".contains(c);
                let name: String = circuit.name().chars().map(|c| if fits(c) { c } else { '-' }).collect();
                let out = PathBuf::from(format!("{}.svg", name.trim_start_matches('.')));
                if out.symlink_metadata().is_ok() {
                    let problem = format!("{} is there already; name a file with -o", out.display());
                    return Err(Failure::Request(problem));
                }
                out
            }
        };
        output::check_target(&out)?;
        let trace = (self.trace.as_ref(), "the log");
        for (read, what) in [(self.circuit.as_ref(), "the circuit file"), (self.weights.as_ref(), "the weights"), trace]
        {
            if read.is_some_and(|read| is_same(read, &out)) {
                let problem = format!("{}: is {what}; name another file with -o", out.display());
                return Err(Failure::Request(problem));
            }
        }
        Ok(out)
    }

    fn overlay(&self, circuit: &Circuit, run: Option<&Run>) -> Result<Overlay, Failure> {
        if let Some(path) = &self.trace {
            let told = draw::ages(circuit, &DeliveryLog::load(path)?);
            return told.map_err(|problem| Failure::Request(format!("{}: {problem}", path.display())));
        }
        let (tensors, path) = match (run, &self.weights) {
            (Some(run), _) => (run.weights()?, run.folder()),
            (None, Some(path)) => (weights::load(path)?, path.as_path()),
            (None, None) => return Ok(Overlay::default()),
        };
        // A network refuses what doesn't fit the circuit.
        let network = Network::with_weights(Arc::new(circuit.clone()), &tensors);
        let network = network.map_err(|cause| Failure::Request(format!("{}: {cause}", path.display())))?;
        let grid = run.and_then(evaluation::recorded).map(|data| (data.width, data.height));
        Ok(draw::learned(&network, grid))
    }
}

/// Whether two paths lead to one file, links followed.
fn is_same(a: &Path, b: &Path) -> bool {
    matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b)
}
