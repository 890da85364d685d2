//! What a report is made of: plain data, without a word about how it was measured.
//!
//! Rows are numbers of rows of `points.csv`, from 1, the header not counted.

/// All that a report shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StudyReport {
    /// The name of the study.
    pub name: String,
    /// What it asks, as its file has it.
    pub question: String,
    /// What was run: versions, seeds, machine, data, one line each.
    pub facts: Vec<Fact>,
    /// The commands that make the same report again.
    pub commands: Vec<String>,
    /// What a reader should know before believing it, one sentence each.
    pub cautions: Vec<String>,
    /// Differences with their intervals, which the written reading is made of.
    pub findings: Vec<Finding>,
    /// A row for each point.
    pub summary: ReportTable,
    /// The figures, in the order of the page.
    pub illustrations: Vec<Illustration>,
    /// Every row of the points, in their order: what numbers link to.
    pub listing: ReportTable,
    /// The name of the file that holds these rows, from the folder of the report, such as `points.csv`.
    pub points: String,
}

/// One line of what was run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fact {
    /// What it is about, such as `machine`.
    pub name: String,
    /// What is so.
    pub value: String,
}

/// How a point differs from the one that it is compared with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Finding {
    /// What was measured, such as `free energy`.
    pub measure: String,
    /// Its unit, such as `nats an image`; empty for a bare number.
    pub unit: String,
    /// The point, in words.
    pub point: String,
    /// What it is compared with, in words.
    pub baseline: String,
    /// The mean at the baseline.
    pub baseline_mean: f64,
    /// Mean difference, in the unit of the measure; positive where the point is above its baseline.
    pub difference: f64,
    /// The interval of the mean difference; `None` for a single unit, which shows no spread.
    pub interval: Option<Span>,
    /// The level of the interval, such as 0.95.
    pub level: f64,
    /// How the interval was made, in words.
    pub method: String,
    /// What was resampled, in the plural, such as `images`.
    pub units: String,
    /// How many of them.
    pub count: usize,
    /// Mean difference over its standard deviation between units.
    pub effect: Option<f64>,
    /// p of the test after correction for all that were made.
    pub p_corrected: Option<f64>,
    /// Whether less is better; `None` where neither is.
    pub less_is_better: Option<bool>,
    /// Pairs that are not part of it, because one side diverged.
    pub left_out: usize,
    /// The rows that it was made of.
    pub rows: Vec<usize>,
}

/// From a lower to an upper end.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Span {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// A table of words and numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportTable {
    /// Headers of the leading columns, which hold words.
    pub labels: Vec<String>,
    /// Headers of the other columns, units included.
    pub measures: Vec<String>,
    /// The rows.
    pub rows: Vec<ReportRow>,
}

/// One row of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportRow {
    /// As many as the table has labels.
    pub labels: Vec<String>,
    /// As many as the table has measures.
    pub cells: Vec<ReportCell>,
}

/// One number of a table.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReportCell {
    /// The number; a dash where there is none.
    pub value: Option<f64>,
    /// Its standard deviation over repeats and weights, where there are several.
    pub deviation: Option<f64>,
    /// Instead of a number.
    pub word: Option<String>,
    /// The rows that it was made of.
    pub rows: Vec<usize>,
}

/// A figure with what is said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Illustration {
    /// Its heading.
    pub title: String,
    /// What a reader sees in it, in a sentence or two; the description for those who don't see it, too.
    pub caption: String,
    /// What is drawn.
    pub chart: Chart,
}

/// The kinds of chart.
#[derive(Debug, Clone, PartialEq)]
pub enum Chart {
    /// Curves over updates, with bands.
    Curves(CurveChart),
    /// A grid of two axes.
    Heat(HeatMap),
    /// Distributions beside each other.
    Spreads(Spreads),
    /// Histograms of ages, link by link.
    Ages(AgeChart),
}

/// Curves that share their axes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CurveChart {
    /// Name and unit of the horizontal axis.
    pub across: String,
    /// Name and unit of the vertical axis.
    pub up: String,
    /// What bands show, such as `from the least to the most of 5 runs`; empty where there are none.
    pub band: String,
    /// The curves; eight or fewer are told apart.
    pub curves: Vec<Curve>,
}

/// One curve.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// What the legend calls it.
    pub name: String,
    /// Where, and how high. What is not finite ends the curve there.
    pub points: Vec<(f64, f64)>,
    /// The band at each point, if there is one.
    pub band: Option<Vec<Span>>,
    /// The rows that it was made of.
    pub rows: Vec<usize>,
}

/// A heat map: one number, or one word, for each pair of values of two axes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatMap {
    /// Name of the axis whose values are columns.
    pub across: String,
    /// Name of the axis whose values are rows.
    pub down: String,
    /// What the numbers are, with their unit.
    pub measure: String,
    /// Values of the columns.
    pub columns: Vec<String>,
    /// Values of the rows.
    pub lines: Vec<String>,
    /// Row by row, as many as `lines` times `columns`.
    pub cells: Vec<HeatCell>,
}

/// One cell of a heat map.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HeatCell {
    /// The number; a dash where there is none or it is not finite.
    pub value: Option<f64>,
    /// What became of the point, such as `rests`.
    pub phase: String,
    /// The rows that it was made of.
    pub rows: Vec<usize>,
}

/// Distributions that share an axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spreads {
    /// Name and unit of the axis.
    pub across: String,
    /// What one value is, in the plural, such as `images`.
    pub of: String,
    /// The distributions, from top to bottom.
    pub spreads: Vec<Spread>,
}

/// One distribution.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spread {
    /// What it is of.
    pub name: String,
    /// Its values, in any order.
    pub values: Vec<f64>,
    /// The rows that it was made of.
    pub rows: Vec<usize>,
}

/// Ages of what links delivered, at one point.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AgeChart {
    /// One for each link.
    pub links: Vec<AgePanel>,
    /// The rows that it was made of.
    pub rows: Vec<usize>,
}

/// Ages of one link: entry n counts firings of the receiver at age n, the last entry older ones, too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgePanel {
    /// Sender and receiver.
    pub link: String,
    /// By firings of the sender since the message.
    pub staleness: Vec<u64>,
    /// By firings of the receiver since it heard anything.
    pub unheard: Vec<u64>,
}
