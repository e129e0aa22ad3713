//! The file that a master key is kept in when the settings bring none.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::KeyError;
use crate::settings::MasterKey;

/// The file's name.
pub(super) const NAME: &str = "posthaste.key";
/// Its owner alone may read it.
const MODE: u32 = 0o600;
/// The bits of others.
const OTHERS: u32 = 0o077;

/// The key in the file, or `None` when there is no file.
pub(super) fn read(path: &Path) -> Result<Option<MasterKey>, KeyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(KeyError::File { path: path.to_owned(), act: "read", source });
        }
    };
    if fs::metadata(path).is_ok_and(|metadata| metadata.mode() & OTHERS != 0) {
        tracing::warn!(path = %path.display(), "other users may read the master key; chmod 600 it");
    }
    MasterKey::parse(&text).map(Some).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
}

/// Makes a key and keeps it. The file appears whole or not at all, and is on the disk when this
/// returns: what is sealed next could be opened by nothing else.
pub(super) fn make(path: &Path) -> Result<MasterKey, KeyError> {
    let key = MasterKey::generate();
    write_whole(path, &key).map_err(|source| KeyError::File {
        path: path.to_owned(),
        act: "made",
        source,
    })?;
    Ok(key)
}

/// Where the key is that takes the place of the one at `path`.
pub(super) fn next_path(path: &Path) -> PathBuf {
    path.with_extension("key.next")
}

/// The key that takes the place of the one at `path`: made now, unless it has been before a crash.
pub(super) fn next(path: &Path) -> Result<MasterKey, KeyError> {
    let next = next_path(path);
    match read(&next)? {
        Some(key) => Ok(key),
        None => make(&next),
    }
}

/// Puts the next key in the place of the one at `path`.
pub(super) fn take_over(path: &Path) -> Result<(), KeyError> {
    let renamed = fs::rename(next_path(path), path).and_then(|()| sync_folder_of(path));
    renamed.map_err(|source| KeyError::File { path: path.to_owned(), act: "replaced", source })
}

fn write_whole(path: &Path, key: &MasterKey) -> std::io::Result<()> {
    let unfinished = path.with_extension("key.new");
    // Left over from a crash, perhaps with other permissions.
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&unfinished)?;
    file.write_all(key.to_text().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    sync_folder_of(path)
}

fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
