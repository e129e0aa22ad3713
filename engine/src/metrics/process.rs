//! What Linux says of this process, under the names that every exporter has for it. Other systems say
//! nothing here.

use std::fs::read_to_string;

use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::histogram::to_f64;

/// Of what `/proc` counts time in, whatever the kernel itself counts in.
const TICKS_PER_SECOND: f64 = 100.0;
const KIB: u64 = 1024;

pub(super) fn register(registry: &mut Registry) {
    if let Some(bytes) = read_to_string("/proc/self/status").ok().as_deref().and_then(resident) {
        let bytes = ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
        registry.register("process_resident_memory_bytes", "Memory that is in use", bytes);
    }
    if let Some(seconds) = read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu_seconds) {
        let help = "Time of processors that was used";
        registry.register("process_cpu_seconds", help, ConstCounter::new(seconds));
    }
}

/// `VmRSS:     12345 kB`.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * KIB)
}

/// User and system time: the 14th and 15th field; the second is a name in brackets that may hold
/// anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(|field| field.parse::<u64>().ok());
    let ticks = times.next()?? + times.next()??;
    Some(to_f64(ticks) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_time_are_read_from_what_linux_writes() {
        assert_eq!(resident("VmPeak:\t  9 kB\nVmRSS:\t   12 kB\nThreads:\t3\n"), Some(12_288));
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 1 2 3 4 250 150 0 0 20 0 3 0 5 6 7";
        assert_eq!(cpu_seconds(stat), Some(4.0));
        assert_eq!(cpu_seconds("7 (a) S 1"), None);
    }
}
