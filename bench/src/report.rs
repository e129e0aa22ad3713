//! Figures of several runs beside their bounds and their ceiling, as a table and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::measure::median_and_range;
use crate::scenario::{Point, Run};
use crate::targets::{Bound, Verdict};

/// Everything that a run of the bench found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// `embedded` or `distributed`.
    pub mode: &'static str,
    /// Cores and processor.
    pub machine: String,
    /// When it was made, in seconds since 1970.
    pub made_at: u64,
    /// Deliveries per second of reqwest in the place of the raw client.
    pub ceiling_with_reqwest: f64,
    /// One entry per scenario, in the order of the run.
    pub scenarios: Vec<ScenarioReport>,
}

/// A scenario's figures.
#[derive(Debug, Clone, Serialize)]
pub struct ScenarioReport {
    /// The name on the command line.
    pub name: &'static str,
    /// What was set.
    pub settings: String,
    /// The raw ceiling before the first run, in deliveries per second.
    pub ceiling_before: f64,
    /// The raw ceiling after the last run.
    pub ceiling_after: f64,
    /// Whether the ceiling was too low for the figures to mean anything.
    pub is_void: bool,
    /// What the last run ran against.
    pub limit: Option<String>,
    /// What else the last run had to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The figures.
    pub figures: Vec<Figure>,
    /// The points of the last run, in a sweep.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub curve: Vec<Point>,
}

/// One figure over all runs.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    /// What was measured.
    pub what: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Each run's figure.
    pub runs: Vec<f64>,
    /// The middle one.
    pub median: f64,
    /// The lowest and the highest.
    pub range: (f64, f64),
    /// The share of the mean of the two ceilings, for rates of deliveries.
    pub of_ceiling_percent: Option<f64>,
    /// That share as a multiple of the peer's.
    pub times_svix: Option<f64>,
    /// What it is held to.
    pub bound: Bound,
    /// What came of that.
    pub verdict: Verdict,
}

impl Report {
    /// What is promised, beside what was reached, as a table for a page.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::new();
        let ceilings =
            self.scenarios.iter().flat_map(|one| [one.ceiling_before, one.ceiling_after]);
        if let Some((median, low, high)) = median_and_range(&ceilings.collect::<Vec<_>>()) {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(
                out,
                "{}; the ceiling was {}/s ({} to {}).\n",
                self.machine,
                number(median),
                number(low),
                number(high)
            );
        }
        let _ = writeln!(out, "| scenario | what | reached | range | must | goal |");
        let _ = writeln!(out, "| --- | --- | --- | --- | --- | --- |");
        for scenario in &self.scenarios {
            let judged = scenario.figures.iter().filter(|figure| figure.bound != Bound::Told);
            for figure in judged {
                let share = figure.of_ceiling_percent.map(|percent| format!(", {percent:.1} %"));
                let missed = if figure.verdict == Verdict::Missed { " **missed**" } else { "" };
                let (must, goal) = bounds(figure.bound);
                let _ = writeln!(
                    out,
                    "| {} | {} | {} {}{}{missed} | {} to {} | {must} | {goal} |",
                    scenario.name,
                    figure.what,
                    number(figure.median),
                    figure.unit,
                    share.unwrap_or_default(),
                    number(figure.range.0),
                    number(figure.range.1),
                );
            }
        }
        for scenario in self.scenarios.iter().filter(|scenario| !scenario.curve.is_empty()) {
            let _ = write!(out, "{}", scenario.curve_markdown());
        }
        let skipped = self.scenarios.iter().flat_map(|scenario| &scenario.notes);
        for note in skipped.filter(|note| note.starts_with("SKIPPED")) {
            let _ = writeln!(out, "\n{note}.");
        }
        out
    }
}

impl ScenarioReport {
    fn curve_markdown(&self) -> String {
        let mut out = String::from("\n| offered | p50 | p95 | p99 | delivered |\n");
        out.push_str("| --- | --- | --- | --- | --- |\n");
        for point in &self.curve {
            let latency = point.latency;
            let _ = writeln!(
                out,
                "| {}/s{} | {} ms | {} ms | {} ms | {}/s |",
                number(point.offered_per_second.into()),
                point.held(),
                number(latency.p50_ms),
                number(latency.p95_ms),
                number(latency.p99_ms),
                number(point.delivered_per_second),
            );
        }
        out
    }

    /// Sums up the runs of a scenario; `ceilings` are before and after, `floor` is the lowest that counts.
    #[must_use]
    pub fn new(
        name: &'static str,
        settings: String,
        ceilings: (f64, f64),
        floor: f64,
        runs: &[Run],
    ) -> Self {
        let ceiling = f64::midpoint(ceilings.0, ceilings.1);
        let first = runs.first().map_or(&[][..], |run| &run.readings);
        let figures = first.iter().filter_map(|reading| {
            let values: Vec<f64> = runs
                .iter()
                .flat_map(|run| &run.readings)
                .filter(|other| other.what == reading.what)
                .map(|other| other.value)
                .collect();
            let (median, low, high) = median_and_range(&values)?;
            let percent =
                (reading.unit == "deliveries/s").then_some(median * 100.0 / ceiling.max(1.0));
            let times_svix = match reading.bound {
                Bound::OfCeiling { svix, .. } => percent.map(|percent| percent / svix),
                _ => None,
            };
            Some(Figure {
                what: reading.what,
                unit: reading.unit,
                runs: values,
                median,
                range: (low, high),
                of_ceiling_percent: percent,
                times_svix,
                bound: reading.bound,
                verdict: reading.bound.judge(median, high, ceiling),
            })
        });
        Self {
            name,
            settings,
            ceiling_before: ceilings.0,
            ceiling_after: ceilings.1,
            is_void: ceiling < floor,
            limit: runs.last().and_then(|run| run.limit.clone()),
            notes: runs.last().map(|run| run.notes.clone()).unwrap_or_default(),
            figures: figures.collect(),
            curve: runs.last().map(|run| run.curve.clone()).unwrap_or_default(),
        }
    }

    /// Figures that fail the run; with `lost_only` those that say that something was lost.
    pub fn failures(&self, lost_only: bool) -> impl Iterator<Item = &Figure> {
        self.figures.iter().filter(move |figure| {
            figure.verdict == Verdict::Missed && (!lost_only || figure.bound == Bound::Never)
        })
    }

    /// The scenario as a table.
    #[must_use]
    pub fn table(&self) -> String {
        let mut out = format!(
            "\n{}: {}\n  ceiling before {}/s, after {}/s{}\n",
            self.name,
            self.settings,
            number(self.ceiling_before),
            number(self.ceiling_after),
            if self.is_void { " - VOID: below the floor" } else { "" },
        );
        let mut line = |cells: [&str; 7]| {
            let [what, median, range, must, goal, verdict, ceiling] = cells;
            let text = format!(
                "  {what:<34} {median:>22}  {range:<21} {must:>11} {goal:>11}  {verdict:<7} {ceiling}"
            );
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}", text.trim_end());
        };
        line(["", "median", "range", "must", "goal", "verdict", "of the ceiling"]);
        for figure in &self.figures {
            let (must, goal) = bounds(figure.bound);
            let range = format!("{}..{}", number(figure.range.0), number(figure.range.1));
            let share = figure.of_ceiling_percent.map(|percent| format!("{percent:.1} %"));
            let times = figure.times_svix.map(|times| format!(" ({times:.1} x Svix)"));
            line([
                figure.what,
                &format!("{} {}", number(figure.median), figure.unit),
                &range,
                &must,
                &goal,
                word(figure.verdict),
                &format!("{}{}", share.unwrap_or_default(), times.unwrap_or_default()),
            ]);
        }
        for point in &self.curve {
            let Point { latency, .. } = point;
            let _ = writeln!(
                out,
                "  {:>9} events/s{}: p50 {}, p95 {}, p99 {} ms; {}/s delivered",
                number(point.offered_per_second.into()),
                point.held(),
                number(latency.p50_ms),
                number(latency.p95_ms),
                number(latency.p99_ms),
                number(point.delivered_per_second),
            );
        }
        for note in &self.notes {
            let _ = writeln!(out, "  {note}");
        }
        if let Some(limit) = &self.limit {
            let _ = writeln!(out, "  limited by {limit}");
        }
        out
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Told => "",
        Verdict::Goal => "goal",
        Verdict::Met => "met",
        Verdict::Below => "below",
        Verdict::Missed => "MISSED",
    }
}

fn bounds(bound: Bound) -> (String, String) {
    let side = |sign: &str, value: Option<f64>| {
        value.map_or_else(String::new, |value| format!("{sign} {}", number(value)))
    };
    match bound {
        Bound::Told => (String::new(), String::new()),
        Bound::AtMost { must, goal } => (side("<=", must), side("<=", goal)),
        Bound::AtLeast { must, goal } => (side(">=", must), side(">=", goal)),
        Bound::Between { low, high } => {
            (format!("{} to {}", number(low), number(high)), String::new())
        }
        Bound::OfCeiling { must, goal, .. } => (format!(">= {must} %"), format!(">= {goal} %")),
        Bound::Never => ("none".to_owned(), String::new()),
    }
}

/// A number as a reader wants it: thousands apart, decimals only where they tell something.
#[must_use]
pub fn number(value: f64) -> String {
    if value.abs() < 100.0 {
        let text = format!("{value:.2}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return if text == "-0" { "0" } else { text }.to_owned();
    }
    let digits = format!("{:.0}", value.abs());
    let mut out = if value < 0.0 { "-".to_owned() } else { String::new() };
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Report, ScenarioReport, number};
    use crate::scenario::Run;
    use crate::targets::{Bound, Verdict};

    fn run(delivered: f64, missing: f64) -> Run {
        let mut run = Run::default();
        let share = Bound::OfCeiling { must: 8.0, goal: 20.0, svix: 1.8 };
        run.read("delivered", "deliveries/s", delivered, share);
        run.read("missing", "deliveries", missing, Bound::Never);
        run
    }

    #[test]
    fn sums_runs_up_beside_the_mean_ceiling() {
        let runs = [run(9_000.0, 0.0), run(12_000.0, 1.0), run(10_800.0, 0.0)];
        let report =
            ScenarioReport::new("saturated", String::new(), (58_000.0, 62_000.0), 45_000.0, &runs);
        let delivered = &report.figures[0];
        assert_eq!((delivered.median, delivered.range), (10_800.0, (9_000.0, 12_000.0)));
        assert_eq!(delivered.of_ceiling_percent, Some(18.0));
        assert_eq!(delivered.times_svix, Some(10.0));
        assert_eq!(delivered.verdict, Verdict::Met);
        assert_eq!(report.failures(true).count(), 1, "one run lost something");
        assert!(report.table().contains("18.0 % (10.0 x Svix)"), "{}", report.table());
        assert!(!report.is_void);
        let report = Report {
            mode: "embedded",
            machine: "2 cores".to_owned(),
            made_at: 0,
            ceiling_with_reqwest: 1.0,
            scenarios: vec![report],
        };
        let table = report.markdown();
        for part in [
            "2 cores; the ceiling was 60,000/s (58,000 to 62,000).",
            "| saturated | delivered | 10,800 deliveries/s, 18.0 % | 9,000 to 12,000 | >= 8 % | >= 20 % |",
            "| saturated | missing | 0 deliveries **missed** | 0 to 1 | none |  |",
        ] {
            assert!(table.contains(part), "{part}: {table}");
        }
    }

    #[test]
    fn a_low_ceiling_voids_the_figures() {
        let report =
            ScenarioReport::new("saturated", String::new(), (30_000.0, 40_000.0), 45_000.0, &[]);
        assert!(report.is_void);
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(number(63_400.4), "63,400");
        assert_eq!(number(1_234_567.0), "1,234,567");
        assert_eq!(number(2.5), "2.5");
        assert_eq!(number(0.0), "0");
        assert_eq!(number(-0.001), "0");
        assert_eq!(number(-0.5), "-0.5");
        assert_eq!(number(999.6), "1,000");
    }
}
