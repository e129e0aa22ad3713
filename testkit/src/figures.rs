//! Reads a page of figures as strictly as its format is written, so that a fault that Prometheus would
//! put up with, or pass over, is found.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The series of a page by name and labels, the latter as they are written: `name{label="value"}`.
#[derive(Debug, Clone)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Reads a page in Prometheus's text format, version 0.0.4.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(page: &str) -> Result<Self, String> {
        let mut reader = Reader::default();
        let body = page.strip_suffix('\n').ok_or("the last line has no end")?;
        for line in body.split('\n') {
            reader.read(line).map_err(|fault| format!("{fault}: {line}"))?;
        }
        reader.check_histograms()?;
        Ok(Self(reader.series))
    }

    /// A series' value; `None` when it is not there.
    pub fn find(&self, series: &str) -> Option<f64> {
        self.0.get(series).copied()
    }

    /// A series' value.
    ///
    /// # Panics
    /// When it is not there.
    #[track_caller]
    pub fn get(&self, series: &str) -> f64 {
        self.find(series).unwrap_or_else(|| panic!("no {series} in {:#?}", self.0))
    }

    /// What there is, without the values.
    pub fn series(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }
}

#[derive(Debug, Default)]
struct Reader {
    /// What each family is, by its name.
    types: HashMap<String, String>,
    /// The family whose lines are being read, and whether it has its type.
    current: String,
    series: BTreeMap<String, f64>,
    /// Buckets in their order, by the histogram's name and its other labels.
    buckets: BTreeMap<(String, String), Vec<(f64, f64)>>,
}

impl Reader {
    fn read(&mut self, line: &str) -> Result<(), String> {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').ok_or("a help without text")?;
            if text.is_empty() || !is_name(name) || self.types.contains_key(name) {
                return Err("a help that is empty, or of no name, or the second".to_owned());
            }
            name.clone_into(&mut self.current);
            return Ok(());
        }
        if let Some(of_type) = line.strip_prefix("# TYPE ") {
            let (name, kind) = of_type.split_once(' ').ok_or("a type without a name")?;
            if name != self.current || !["counter", "gauge", "histogram"].contains(&kind) {
                return Err("a type that does not follow its help, or is none".to_owned());
            }
            if self.types.insert(name.to_owned(), kind.to_owned()).is_some() {
                return Err("a family that is there already".to_owned());
            }
            return Ok(());
        }
        let (series, value) = line.rsplit_once(' ').ok_or("no value")?;
        let value: f64 = value.parse().map_err(|_| "a value that is no number")?;
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').ok_or("labels without end")?),
            None => (series, ""),
        };
        self.check_family(name)?;
        let labels = parse_labels(labels)?;
        if let Some(histogram) = name.strip_suffix("_bucket") {
            let bounds: Vec<&str> =
                labels.iter().filter(|(name, _)| *name == "le").map(|(_, bound)| *bound).collect();
            let [bound] = bounds[..] else { return Err("a bucket without a bound".to_owned()) };
            let bound = if bound == "+Inf" {
                f64::INFINITY
            } else {
                bound.parse().map_err(|_| "a bound that is no number")?
            };
            let others: Vec<String> = labels
                .iter()
                .filter(|(name, _)| *name != "le")
                .map(|(name, value)| format!("{name}=\"{value}\""))
                .collect();
            let of_histogram = (histogram.to_owned(), others.join(","));
            self.buckets.entry(of_histogram).or_default().push((bound, value));
        }
        match self.series.insert(series.to_owned(), value) {
            Some(_) => Err("a series that is there already".to_owned()),
            None => Ok(()),
        }
    }

    /// Whether a sample's name is one of the family that is being read.
    fn check_family(&self, name: &str) -> Result<(), String> {
        let kind = self.types.get(&self.current).map(String::as_str);
        let suffix = name.strip_prefix(self.current.as_str());
        let fits = match kind {
            Some("counter") => suffix == Some("") && name.ends_with("_total"),
            Some("gauge") => suffix == Some(""),
            Some("histogram") => {
                suffix.is_some_and(|suffix| ["_bucket", "_sum", "_count"].contains(&suffix))
            }
            _ => false,
        };
        if fits { Ok(()) } else { Err(format!("a sample that is none of {}", self.current)) }
    }

    /// Bounds rise, counts do not fall, and the last bucket holds all.
    fn check_histograms(&self) -> Result<(), String> {
        for ((name, labels), buckets) in &self.buckets {
            let rises = buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1);
            let braces = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
            let count = self.series.get(&format!("{name}_count{braces}"));
            let sum = self.series.get(&format!("{name}_sum{braces}"));
            let last = buckets.last().filter(|last| last.0 == f64::INFINITY).map(|last| &last.1);
            if !rises || count.is_none() || last != count || sum.is_none() {
                return Err(format!("a histogram that does not add up: {name}{braces}"));
            }
        }
        Ok(())
    }
}

fn parse_labels(text: &str) -> Result<Vec<(&str, &str)>, String> {
    let mut labels = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or("a label without a value")?;
        // Nothing of ours needs escaping.
        let (value, after) = after.split_once('"').ok_or("a value without an end")?;
        if !is_name(name) || value.contains('\\') || labels.iter().any(|(known, _)| *known == name)
        {
            return Err(format!("a label that is wrong: {name}"));
        }
        labels.push((name, value));
        rest = match after.strip_prefix(',') {
            Some("") => return Err("a comma too many".to_owned()),
            Some(further) => further,
            None if after.is_empty() => after,
            None => return Err("labels that run together".to_owned()),
        };
    }
    Ok(labels)
}

fn is_name(name: &str) -> bool {
    let is_part = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_page_is_read() {
        let page = "# HELP a_total A.\n# TYPE a_total counter\na_total{b=\"c\",d=\"e f\"} 2\n\
                    # HELP h H.\n# TYPE h histogram\nh_sum 1.5\nh_count 2\nh_bucket{le=\"1.0\"} 1\nh_bucket{le=\"+Inf\"} 2\n";
        let figures = Figures::parse(page).expect("a good page");
        assert_eq!(figures.get("a_total{b=\"c\",d=\"e f\"}"), 2.0);
        assert_eq!(figures.find("h_bucket{le=\"1.0\"}"), Some(1.0));
    }

    #[test]
    fn faults_are_found() {
        for page in [
            "a 1\n",
            "# HELP a A.\n# TYPE a gauge\na 1",
            "# HELP a A.\n# TYPE a counter\na 1\n",
            "# HELP a A.\n# TYPE a gauge\nb 1\n",
            "# HELP a A.\n# TYPE a gauge\na 1\na 1\n",
            "# HELP a A.\n# TYPE a gauge\na{b=\"c\",} 1\n",
            "# HELP a A.\n# TYPE a gauge\na x\n",
            "# HELP h H.\n# TYPE h histogram\nh_sum 1\nh_count 3\nh_bucket{le=\"+Inf\"} 2\n",
            "# HELP h H.\n# TYPE h histogram\nh_sum 1\nh_count 2\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\n",
        ] {
            assert!(Figures::parse(page).is_err(), "{page}");
        }
    }
}
