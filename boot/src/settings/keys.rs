//! The two keys of a deployment, and what counts beside them while they are replaced.

use super::key::{Key, Kind, Shown};
use super::reader::Reader;
use super::secret::{MasterKey, SecretText};

pub(super) const ADMIN_KEY: Key =
    Key::new("admin_key", "POSTHASTE_ADMIN_KEY", Kind::Text).shown(Shown::Never);
pub(super) const MASTER_KEY: Key =
    Key::new("master_key", "POSTHASTE_MASTER_KEY", Kind::Text).shown(Shown::Never);

pub(super) const ADMIN_KEY_ALSO: Key =
    Key::new("admin_key_also", "POSTHASTE_ADMIN_KEY_ALSO", Kind::Text)
        .shown(Shown::Never)
        .optional();
pub(super) const MASTER_KEY_ALSO: Key =
    Key::new("master_key_also", "POSTHASTE_MASTER_KEY_ALSO", Kind::Text)
        .shown(Shown::Never)
        .optional();

/// Characters of the operator key: long enough that it can't be guessed, short enough for a header.
const ADMIN_KEY_CHARS: std::ops::RangeInclusive<usize> = 20..=200;

/// The two keys of a deployment. Of the two, an empty one is a fault rather than unset: it is far more
/// often a secret that failed to arrive than a wish to have one made.
#[derive(Debug, Clone)]
pub struct KeySettings {
    /// The operator's key, taken as it is (default: made and printed once at the first start). Set it
    /// when keys come from a secret store, or to replace one that was lost.
    pub admin: Option<SecretText>,
    /// What seals secrets at rest (default: made in `posthaste.key` at the first start). Set it when
    /// keys come from a secret store.
    pub master: Option<MasterKey>,
    /// An operator key that counts beside the other (default: none). Set it while one replaces the other.
    pub admin_also: Option<SecretText>,
    /// A master key that opens what it sealed and seals nothing (default: none). Set it while one replaces
    /// the other.
    pub master_also: Option<MasterKey>,
}

impl KeySettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let admin = reader.optional(&ADMIN_KEY, parse_admin);
        let master = reader.optional(&MASTER_KEY, parse_master);
        let admin_also = reader.optional(&ADMIN_KEY_ALSO, parse_admin);
        let master_also = reader.optional(&MASTER_KEY_ALSO, parse_master);
        let keys = Self {
            admin: admin?,
            master: master?,
            admin_also: admin_also?,
            master_also: master_also?,
        };
        if keys.admin.is_none() && keys.admin_also.is_some() {
            reader.refuse(&ADMIN_KEY_ALSO, "goes with POSTHASTE_ADMIN_KEY; a key that Posthaste made is replaced by POST /operator-key/rotate");
        }
        if keys.master.is_none() && keys.master_also.is_some() {
            reader.refuse(&MASTER_KEY_ALSO, "goes with POSTHASTE_MASTER_KEY; posthaste.key is replaced by `posthaste keys rotate-master`");
        }
        Some(keys)
    }
}

fn parse_admin(text: &str) -> Result<SecretText, String> {
    let printable = text.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    if !printable || !ADMIN_KEY_CHARS.contains(&text.len()) {
        return Err("must be 20 to 200 printable ASCII characters".to_owned());
    }
    if text.trim() != text {
        return Err("must not begin or end with a space: HTTP cuts those off".to_owned());
    }
    Ok(SecretText::new(text))
}

fn parse_master(text: &str) -> Result<MasterKey, String> {
    MasterKey::parse(text).ok_or_else(|| {
        "must be base64 of 32 bytes, as `openssl rand -base64 32` writes it".to_owned()
    })
}
