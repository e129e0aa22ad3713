//! Figures as they are stored: numbers, histograms and sums in few bytes.

use domain::histogram::Histogram;
use domain::stats::Sums;
use domain::varint;

/// What can be read is written and read again as the same, and adds up without overflowing.
pub fn figures(data: &[u8]) {
    numbers(data);
    histogram(data);
    sums(data);
}

fn numbers(mut bytes: &[u8]) {
    while let Ok(number) = varint::take(&mut bytes) {
        let mut written = Vec::new();
        varint::put(&mut written, number);
        assert!(written.len() <= 10);
        assert_eq!(varint::take(&mut written.as_slice()), Ok(number));
    }
}

fn histogram(mut bytes: &[u8]) {
    let Ok(mut histogram) = Histogram::decode(&mut bytes) else { return };
    let mut written = Vec::new();
    histogram.encode(&mut written);
    assert_eq!(Histogram::decode(&mut written.as_slice()).as_ref(), Ok(&histogram));
    let percentiles = [0, 1, 50, 95, 99, 100].map(|percent| histogram.percentile(percent));
    assert!(percentiles.is_sorted());
    assert_eq!(percentiles[0].is_some(), histogram.count() > 0);
    let count = histogram.count();
    histogram.merge(&histogram.clone());
    assert_eq!(histogram.count(), count.saturating_mul(2));
}

fn sums(mut bytes: &[u8]) {
    let Ok(mut sums) = Sums::decode(&mut bytes) else { return };
    let mut written = Vec::new();
    sums.encode(&mut written);
    assert_eq!(Sums::decode(&mut written.as_slice()).as_ref(), Ok(&sums));
    let attempts = sums.attempts();
    sums.merge(&sums.clone());
    assert_eq!(sums.attempts(), attempts.saturating_mul(2));
    assert!(sums.succeeded() <= sums.attempts());
}
