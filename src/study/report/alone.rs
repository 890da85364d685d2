//! Figures as files of their own, for papers and pages.

use super::data::{Chart, Illustration, StudyReport};
use super::{ages, curves, heat, spreads};

impl StudyReport {
    /// Every figure as the text of an SVG file, in the order of the report. Each holds its heading, its description, the names
    /// of its series and its colours, which follow the light or dark taste of who looks at it.
    ///
    /// # Examples
    /// ```
    /// use gncn::study::report::{Chart, Curve, CurveChart, Illustration, StudyReport};
    ///
    /// let curve = Curve { name: "late".to_owned(), points: vec![(0.0, 2.0), (50.0, 1.0)], ..Curve::default() };
    /// let chart = Chart::Curves(CurveChart { curves: vec![curve], ..CurveChart::default() });
    /// let shown = Illustration { title: "Free energy".to_owned(), caption: String::new(), chart };
    /// let figures = StudyReport { illustrations: vec![shown], ..StudyReport::default() }.figures();
    /// assert!(figures[0].starts_with("<svg xmlns") && figures[0].contains(">late</text>"));
    /// ```
    #[must_use]
    pub fn figures(&self) -> Vec<String> {
        self.illustrations.iter().map(alone).collect()
    }
}

fn alone(Illustration { title, caption, chart }: &Illustration) -> String {
    let (drawing, series) = match chart {
        Chart::Curves(chart) => (curves::drawing(chart), chart.curves.iter().map(|curve| &*curve.name).collect()),
        Chart::Heat(map) => (heat::drawing(map), Vec::new()),
        Chart::Spreads(chart) => (spreads::drawing(chart), Vec::new()),
        Chart::Ages(chart) => (ages::drawing(chart), Vec::new()),
    };
    drawing.alone(title, caption, &series)
}
