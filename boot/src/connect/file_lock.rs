//! The lock beside a SQLite file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::ConnectError;

/// Held until dropped, and let go by the system when the process dies in whatever way. The lock's
/// file stays: were it removed, a third process could lock a new one while a second waits on the old.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Locks `<database>.lock` and writes this process's id into it.
    pub(super) fn take(database: &Path) -> Result<Self, ConnectError> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let fault = |source| ConnectError::LockFile { path: path.clone(), source };
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Only to name the other process: what can't be read is left out.
                let pid =
                    file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(ConnectError::Taken { lock: path.display().to_string(), pid });
            }
            Err(TryLockError::Error(source)) => return Err(fault(source)),
        }
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        written.map_err(fault)?;
        Ok(Self { _file: file })
    }
}
