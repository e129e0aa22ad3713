//! CPU seconds and memory, read from `/proc` for each process and thread that takes part.
//!
//! The server is a process, the generator and the receiver are threads of the bench; each is read by
//! itself, because on a small machine the load costs as much as the thing that is loaded.

use std::fs;

use anyhow::{Context, Result};

/// `/proc/<pid>/stat` counts in hundredths of a second on every Linux that user space can see.
const TICKS_PER_SECOND: f64 = 100.0;

/// A process's memory, in megabytes (10^6 bytes).
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Resident now.
    pub resident_mb: f64,
    /// The most that was ever resident.
    pub peak_mb: f64,
}

/// The machine's processor time since boot, in ticks.
#[derive(Debug, Clone, Copy)]
pub struct MachineTicks {
    total: u64,
    idle: u64,
    waiting_for_disk: u64,
}

/// A thread of this process, by its number in the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadId(String);

impl ThreadId {
    /// The thread that calls.
    ///
    /// # Errors
    /// When `/proc` is not there.
    pub fn current() -> Result<Self> {
        let link = fs::read_link("/proc/thread-self").context("reading /proc/thread-self")?;
        Ok(Self(link.file_name().unwrap_or_default().to_string_lossy().into_owned()))
    }

    /// Seconds of processor time that the thread has used; 0 once it has ended.
    #[must_use]
    pub fn cpu_s(&self) -> f64 {
        let nanoseconds = fs::read_to_string(format!("/proc/self/task/{}/schedstat", self.0))
            .ok()
            .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
        nanoseconds.unwrap_or(0.0) / 1e9
    }
}

/// Seconds of processor time, user and system, that a process has used with all its threads.
///
/// # Errors
/// When there is no such process.
pub fn process_cpu_s(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    cpu_ticks(&text)
        .map(|ticks| ticks / TICKS_PER_SECOND)
        .with_context(|| format!("{path} is strange"))
}

/// The same of a process and of its children, those that have ended among them.
///
/// # Errors
/// When there is no such process.
pub fn family_cpu_s(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let ended = field(&text, CHILDREN_USER).zip(field(&text, CHILDREN_USER + 1));
    let mut ticks = ended.map_or(0.0, |(user, system)| user + system);
    ticks += cpu_ticks(&text).with_context(|| format!("{path} is strange"))?;
    for entry in fs::read_dir("/proc").context("reading /proc")?.flatten() {
        // Whatever has ended since is counted with its parent by the next look.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        if field(&stat, PARENT) == Some(f64::from(pid)) {
            ticks += cpu_ticks(&stat).unwrap_or(0.0);
        }
    }
    Ok(ticks / TICKS_PER_SECOND)
}

/// What a process holds of the machine's memory.
///
/// # Errors
/// When there is no such process.
pub fn process_memory(pid: u32) -> Result<Memory> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let megabytes = |name: &str| -> Result<f64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kib.with_context(|| format!("no {name} in {path}"))? * 1024.0 / 1e6)
    };
    Ok(Memory { resident_mb: megabytes("VmRSS:")?, peak_mb: megabytes("VmHWM:")? })
}

impl MachineTicks {
    /// Reads the machine's counters.
    ///
    /// # Errors
    /// When `/proc/stat` is not there.
    pub fn read() -> Result<Self> {
        let text = fs::read_to_string("/proc/stat").context("reading /proc/stat")?;
        let line = text.lines().next().unwrap_or_default();
        // user nice system idle iowait irq softirq steal; guest time is already within user.
        let ticks: Vec<u64> =
            line.split_whitespace().skip(1).take(8).filter_map(|word| word.parse().ok()).collect();
        anyhow::ensure!(ticks.len() >= 5, "/proc/stat is strange");
        Ok(Self { total: ticks.iter().sum(), idle: ticks[3], waiting_for_disk: ticks[4] })
    }

    /// The shares of the time since `earlier`, in percent: idle, and idle for want of the disk.
    #[must_use]
    pub fn idle_and_disk_percent_since(&self, earlier: &Self) -> (f64, f64) {
        let total = self.total.saturating_sub(earlier.total).max(1) as f64;
        let share = |now: u64, then: u64| now.saturating_sub(then) as f64 * 100.0 / total;
        (share(self.idle, earlier.idle), share(self.waiting_for_disk, earlier.waiting_for_disk))
    }
}

/// The processor's name and the number of cores, for the head of a report.
#[must_use]
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split(':').nth(1))
        .map_or("unknown processor", str::trim);
    format!("{cores} cores, {name}")
}

/// Places of fields of `/proc/<pid>/stat`, counted from 1 as its manual does.
const PARENT: usize = 4;
const USER: usize = 14;
const CHILDREN_USER: usize = 16;

/// User and system ticks.
fn cpu_ticks(stat: &str) -> Option<f64> {
    Some(field(stat, USER)? + field(stat, USER + 1)?)
}

/// A number, counted after the name, which may hold spaces.
fn field(stat: &str, place: usize) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    fields.split_whitespace().nth(place - 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{ThreadId, cpu_ticks, process_cpu_s, process_memory};

    #[test]
    fn reads_the_ticks_behind_a_name_with_spaces_and_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 5 1 1 1";
        assert_eq!(cpu_ticks(stat), Some(300.0));
    }

    #[test]
    fn this_process_and_thread_have_figures() {
        let thread = ThreadId::current().expect("tests run on Linux");
        let before = thread.cpu_s();
        // The kernel counts at its ticks, so work goes on until it has counted some.
        let deadline = Instant::now() + Duration::from_secs(10);
        while thread.cpu_s() <= before && Instant::now() < deadline {
            std::hint::black_box((0..100_000_u64).fold(0, |sum, n| std::hint::black_box(sum ^ n)));
        }
        assert!(thread.cpu_s() > before);
        let pid = std::process::id();
        assert!(process_cpu_s(pid).is_ok());
        let memory = process_memory(pid).expect("this process exists");
        assert!(memory.peak_mb >= memory.resident_mb && memory.resident_mb > 1.0);
    }
}
