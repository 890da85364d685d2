//! A circuit as text for Graphviz: a cluster for each layer, a node for each population, an edge for each link.

use super::cables::{cables, levels};
use super::overlay::Overlay;
use super::rooms::Words;
use super::scene::LinkKind;
use crate::circuit::Circuit;
use crate::circuit::wiring::{Carries, Kind, Wiring};
use std::fmt::Write as _;

/// A circuit in the language of Graphviz, UTF-8.
///
/// Edges that go up are written from above and drawn backwards (`dir=back`), because `dot` takes every edge as a wish to
/// go down; so error populations stand above their states, and layers above what they predict.
///
/// # Examples
/// ```
/// # use gncn::circuit::Circuit;
/// # let circuit = Circuit::parse(br#"(
/// #     name: "smallest",
/// #     layers: { "z0": (size: 4, sense: "image"), "z1": (size: 2, beta: 0.1) },
/// #     projections: [(from: "z1", to: "z0", feedback: Transposed)],
/// # )"#).unwrap();
/// use gncn::view::draw::{Overlay, dot};
///
/// let text = dot(&circuit, &Overlay::default());
/// assert!(text.contains("subgraph \"cluster_z1\"") && text.contains("\"z1\" -> \"z0.error\""));
/// ```
#[must_use]
pub fn dot(circuit: &Circuit, overlay: &Overlay) -> String {
    let wiring = Wiring::new(circuit);
    let levels = levels(circuit);
    let mut out = format!(
        "digraph {} {{\n  graph [rankdir=TB, fontname=\"DejaVu Sans\", label={}, labelloc=t];\n  \
         node [fontname=\"DejaVu Sans\", fontsize=11];\n  edge [fontname=\"DejaVu Sans\", fontsize=10];\n",
        quoted(circuit.name()),
        quoted(circuit.name())
    );
    let mut put = |text: String| {
        // Writing to a string can't fail.
        let _ = writeln!(out, "{text}");
    };
    for (id, layer) in circuit.layers() {
        let words = Words::of(circuit, id);
        let sense = words.sense.as_ref().map(|sense| format!(", sense {sense}")).unwrap_or_default();
        put(format!("  subgraph {} {{", quoted(&format!("cluster_{}", layer.name()))));
        let pen = if words.sense.is_some() { 2 } else { 1 };
        put(format!("    label={}; penwidth={pen};", quoted(&format!("{}: {}{sense}", layer.name(), words.neurons))));
        for spec in wiring.populations.iter().filter(|spec| spec.layer == id) {
            let (shape, lines) = match spec.kind {
                Kind::State => ("box", words.state.clone()),
                Kind::Error => ("box, style=rounded", words.error.clone().unwrap_or_default()),
            };
            let text = format!("{}\n{}", spec.name, lines.join("\n"));
            put(format!("    {} [shape={shape}, label={}];", quoted(&spec.name), quoted(&text)));
        }
        put("  }".to_owned());
    }
    let kinds: Vec<(usize, LinkKind)> = cables(circuit, &wiring, overlay)
        .iter()
        .flat_map(|cable| cable.strands.iter().map(|strand| (strand.link, strand.kind)))
        .collect();
    for number in 0..wiring.links.len() + wiring.delayed.len() {
        let kind = kinds.iter().find(|(of, _)| *of == number).map(|(_, kind)| *kind);
        put(edge(&wiring, &levels, overlay, number, kind));
    }
    put("}".to_owned());
    out
}

fn edge(wiring: &Wiring, levels: &[usize], overlay: &Overlay, number: usize, kind: Option<LinkKind>) -> String {
    let link = wiring.link_at(number);
    let kind = kind.unwrap_or(if link.carries == Carries::Target { LinkKind::Target } else { LinkKind::Mismatch });
    let (from, to) = (wiring.population(link.from), wiring.population(link.to));
    let height = |spec: &crate::circuit::wiring::PopulationSpec| (levels[spec.layer.0], spec.kind == Kind::Error);
    let goes_up = height(from) < height(to);
    let (above, below) = if goes_up { (to, from) } else { (from, to) };
    let (colour, style) = match kind {
        LinkKind::Generative => ("#0065a5", "solid"),
        LinkKind::Skip => ("#0065a5", "dashed"),
        LinkKind::Feedback | LinkKind::Mismatch => ("#bf4b00", "solid"),
        LinkKind::Pathway => ("#a8447c", "dotted"),
        LinkKind::Target | LinkKind::Lateral => ("#4d5662", "solid"),
    };
    let mut options = vec![format!("color=\"{colour}\""), format!("style={style}")];
    options.push(format!("penwidth={:.2}", overlay.width(number, kind.width())));
    options.push(format!("tooltip={}", quoted(&super::words::link(wiring, number))));
    if goes_up {
        options.push("dir=back".to_owned());
    }
    if let Some(label) = overlay.label(number) {
        options.push(format!("label={}", quoted(label)));
    }
    format!("  {} -> {} [{}];", quoted(&above.name), quoted(&below.name), options.join(", "))
}

/// Text in quotes; a line end is a centred one.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
