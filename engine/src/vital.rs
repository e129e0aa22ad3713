//! Tasks without which the process is of no use.

/// Ends the process when it is dropped by a panic: with such a task gone nothing would be accepted,
/// sent or recorded any more, and nobody would notice. Nothing is lost by it: a start finds all that
/// was accepted in the database.
pub(crate) struct Vital(pub &'static str);

impl Drop for Vital {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(task = self.0, "task.panicked");
            std::process::abort();
        }
    }
}
