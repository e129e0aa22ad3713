//! Where the figures of a run go: JSON and the plot in `bench/results`, and tables in the documentation.
//!
//! A run of everything replaces what was there. A run of a few scenarios leaves it alone, because their
//! figures belong to another hour; but those that stand alone have files of their own and
//! replace these. In a page, a table stands between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::plot;
use crate::report::{Report, ScenarioReport};
use crate::scenario::Scenario;

/// Where files are written.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder of the JSON files and the plot.
    pub results: PathBuf,
    /// The page with the tables; left alone where there is none.
    pub page: PathBuf,
}

/// Writes a report's files, and returns what was written; `is_whole` says that it leaves nothing out.
///
/// # Errors
/// When something cannot be written.
pub fn save(report: &Report, is_whole: bool, places: &Places) -> Result<Vec<PathBuf>> {
    let mut written = Vec::new();
    let (alone, together): (Vec<_>, Vec<_>) =
        report.scenarios.iter().cloned().partition(stands_alone);
    let mut parts = Vec::new();
    if is_whole {
        parts.push((report.mode.to_owned(), together));
    }
    for scenario in alone {
        parts.push((format!("{}-{}", report.mode, scenario.name), vec![scenario]));
    }
    for (name, scenarios) in parts {
        let part = Report { scenarios, ..report.clone() };
        let path = places.results.join(format!("{name}.json"));
        write_json(&part, &path)?;
        written.push(path);
        let mut table = part.markdown();
        for scenario in part.scenarios.iter().filter(|scenario| !scenario.curve.is_empty()) {
            let path = places.results.join(format!("{}-latency.svg", report.mode));
            write_plot(&part, scenario, &path)?;
            table = format!("![latency by rate](../{})\n\n{table}", path.display());
            written.push(path);
        }
        if set_in_page(&places.page, &name, &table)? {
            written.push(places.page.clone());
        }
    }
    written.dedup();
    Ok(written)
}

/// Writes all of a report into one file, and its plot beside it.
///
/// # Errors
/// When something cannot be written.
pub fn save_as(report: &Report, path: &Path) -> Result<Vec<PathBuf>> {
    write_json(report, path)?;
    let mut written = vec![path.to_owned()];
    for scenario in report.scenarios.iter().filter(|scenario| !scenario.curve.is_empty()) {
        let plot = path.with_extension("svg");
        write_plot(report, scenario, &plot)?;
        written.push(plot);
    }
    Ok(written)
}

fn stands_alone(report: &ScenarioReport) -> bool {
    Scenario::ALL
        .into_iter()
        .any(|scenario| scenario.name() == report.name && scenario.stands_alone())
}

fn write_json(report: &Report, path: &Path) -> Result<()> {
    let json = serde_json::to_string_pretty(report).context("writing the report as JSON")?;
    write(path, &(json + "\n"))
}

fn write_plot(report: &Report, scenario: &ScenarioReport, path: &Path) -> Result<()> {
    let title = format!("{}: latency by rate (hollow: the rate was not held)", report.mode);
    write(path, &plot::latency_by_rate(&title, &scenario.curve)?)
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

/// Replaces a table of a page; false when the page has no place for it.
fn set_in_page(page: &Path, name: &str, table: &str) -> Result<bool> {
    let Ok(text) = std::fs::read_to_string(page) else {
        return Ok(false);
    };
    match replaced(&text, name, table) {
        None => Ok(false),
        Some(text) => write(page, &text).map(|()| true),
    }
}

fn replaced(text: &str, name: &str, table: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- bench:{name} -->\n"), format!("<!-- /bench:{name} -->"));
    let from = text.find(&begin)? + begin.len();
    let to = from + text.get(from..)?.find(&end)?;
    Some(format!("{}\n{}\n\n{}", &text[..from], table.trim(), &text[to..]))
}

#[cfg(test)]
mod tests {
    use super::replaced;

    #[test]
    fn a_table_is_replaced_between_its_marks_and_nowhere_else() {
        let page = "# A\n<!-- bench:one -->\nold\n<!-- /bench:one -->\nB\n";
        let once = replaced(page, "one", "new\n").expect("the marks are there");
        assert_eq!(once, "# A\n<!-- bench:one -->\n\nnew\n\n<!-- /bench:one -->\nB\n");
        assert_eq!(replaced(&once, "one", "new\n"), Some(once.clone()), "twice is once");
        assert_eq!(replaced(page, "two", "new"), None);
        assert_eq!(replaced("<!-- bench:one -->\nno end", "one", "new"), None);
    }
}
