//! The page: what stands where.

use super::data::{Chart, Fact, Illustration, StudyReport};
use super::svg::CHART_STYLE;
use super::text::escape;
use super::{ages, curves, heat, reading, spreads, tables};
use std::fmt::Write;

/// What becomes of the page on a desk, on a phone and on paper.
const STYLE: &str = include_str!("style.css");

impl StudyReport {
    /// The page, complete in itself.
    ///
    /// # Examples
    /// ```
    /// use gncn::study::report::StudyReport;
    ///
    /// let report = StudyReport { name: "late".to_owned(), question: "Late < early?".to_owned(), ..StudyReport::default() };
    /// let html = report.to_html();
    /// assert!(html.contains("<h1>late</h1>") && html.contains("Late &lt; early?"));
    /// ```
    #[must_use]
    pub fn to_html(&self) -> String {
        let name = escape(&self.name);
        let mut out = format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{name}: report of a study</title>\n\
             <style>\n{CHART_STYLE}{STYLE}</style>\n</head>\n<body>\n<main>\n<header>\n<p class=\"kind\">Report of a study</p>\n\
             <h1>{name}</h1>\n"
        );
        if !self.question.is_empty() {
            let _ = writeln!(out, "<p class=\"question\">{}</p>", escape(&self.question));
        }
        out.push_str("</header>\n");
        self.body(&mut out);
        out.push_str("</main>\n</body>\n</html>\n");
        out
    }

    fn body(&self, out: &mut String) {
        let section = |out: &mut String, id: &str, title: &str, content: &str| {
            let _ = writeln!(out, "<section id=\"{id}\">\n<h2>{title}</h2>\n{content}</section>");
        };
        section(out, "reading", "What the numbers say", &self.reading());
        section(out, "summary", "Summary", &tables::scrolling(&self.summary, "What was measured, point by point"));
        if !self.illustrations.is_empty() {
            let figures = self.illustrations.iter().enumerate().map(|(i, shown)| illustration(i + 1, shown));
            section(
                out,
                "figures",
                "Figures",
                &format!("<div class=\"figures\">\n{}</div>\n", figures.collect::<String>()),
            );
        }
        section(out, "ran", "What was run", &self.ran());
        let listing = tables::listing(&self.listing, &self.points);
        let listing = format!("<details><summary>Show the rows</summary>\n{listing}</details>\n");
        section(out, "points", "Points", &listing);
    }

    fn reading(&self) -> String {
        let mut out = reading::sentences(&self.findings);
        if !self.cautions.is_empty() {
            out.push_str("<h3>Before you believe it</h3>\n<ul>\n");
            self.cautions.iter().for_each(|caution| {
                let _ = writeln!(out, "<li>{}</li>", escape(caution));
            });
            out.push_str("</ul>\n");
        }
        if !self.findings.is_empty() {
            let table = tables::scrolling(&reading::table(&self.findings), "Differences from the baseline");
            let _ = writeln!(out, "<details><summary>Every difference as a table</summary>\n{table}</details>");
        }
        out
    }

    fn ran(&self) -> String {
        let mut out = String::from("<dl>\n");
        for Fact { name, value } in &self.facts {
            let _ = writeln!(out, "<div><dt>{}</dt><dd>{}</dd></div>", escape(name), escape(value));
        }
        out.push_str("</dl>\n");
        if !self.commands.is_empty() {
            let _ = writeln!(
                out,
                "<p>To make it again:</p>\n<pre><code>{}</code></pre>",
                escape(&self.commands.join("\n"))
            );
        }
        out
    }
}

/// A figure with its heading, its drawing, what is said of it, and its table.
fn illustration(number: usize, shown: &Illustration) -> String {
    let id = format!("figure-{number}");
    let Illustration { title, caption, chart } = shown;
    let told = (id.as_str(), title.as_str(), caption.as_str());
    let (drawing, table) = match chart {
        Chart::Curves(chart) => (curves::draw(chart, told), curves::table(chart)),
        Chart::Heat(map) => (heat::draw(map, told), heat::table(map)),
        Chart::Spreads(chart) => (spreads::draw(chart, told), spreads::table(chart)),
        Chart::Ages(chart) => (ages::draw(chart, told), ages::table(chart)),
    };
    let table = tables::scrolling(&table, title);
    format!(
        "<figure id=\"{id}\">\n<h3>Figure {number}. {}</h3>\n{drawing}<figcaption>{}</figcaption>\n\
         <details><summary>The same as a table</summary>\n{table}</details>\n</figure>\n",
        escape(title),
        escape(caption)
    )
}
