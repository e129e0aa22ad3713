//! How the tenant portal looks, and which sites may show it inside their own pages.

use url::Url;

use super::key::{Key, Kind};
use super::reader::Reader;

pub(super) const FRAME_ORIGINS: Key =
    Key::new("portal_frame_origins", "POSTHASTE_PORTAL_FRAME_ORIGINS", Kind::List);
pub(super) const NAME: Key =
    Key::new("portal_name", "POSTHASTE_PORTAL_NAME", Kind::Text).optional();
pub(super) const PRIMARY_COLOR: Key =
    Key::new("portal_primary_color", "POSTHASTE_PORTAL_PRIMARY_COLOR", Kind::Text).optional();
pub(super) const LOGO_URL: Key =
    Key::new("portal_logo_url", "POSTHASTE_PORTAL_LOGO_URL", Kind::Text).optional();

/// Characters of a name: it stands in the head of every page.
const NAME_CHARACTERS: usize = 64;

/// How the tenant portal looks, and which sites may show it inside their own pages.
#[derive(Debug, Clone)]
pub struct PortalSettings {
    /// Origins of pages that may show the portal in an `iframe` (default: none).
    pub frame_origins: Vec<String>,
    /// What stands in the head of its pages (default: none, and Posthaste's name stands there).
    pub name: Option<String>,
    /// Its main colour, `#rrggbb` (default: Posthaste's).
    pub primary_color: Option<String>,
    /// An image in the head of its pages (default: none).
    pub logo_url: Option<Url>,
}

impl PortalSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let frame_origins = reader.read(&FRAME_ORIGINS, parse_origins);
        let name = reader.optional(&NAME, parse_name);
        let primary_color = reader.optional(&PRIMARY_COLOR, parse_color);
        let logo_url = reader.optional(&LOGO_URL, parse_logo_url);
        Some(Self {
            frame_origins: frame_origins?,
            name: name?,
            primary_color: primary_color?,
            logo_url: logo_url?,
        })
    }
}

/// Origins (RFC 6454) between commas or spaces, as a content security policy names them.
fn parse_origins(text: &str) -> Result<Vec<String>, String> {
    let must = "must be origins such as https://app.example.com between commas or spaces";
    let items = text.split([',', ' ', '\t', '\n']).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let url = web_url(item).ok_or(must)?;
            let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
            if !is_bare {
                return Err(must.to_owned());
            }
            Ok(url.origin().ascii_serialization())
        })
        .collect()
}

fn parse_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    if name.chars().count() > NAME_CHARACTERS || name.chars().any(char::is_control) {
        return Err(format!("must be at most {NAME_CHARACTERS} characters on one line"));
    }
    Ok(name.to_owned())
}

fn parse_color(text: &str) -> Result<String, String> {
    let digits = text.trim().strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err("must be a colour such as #4c6ef5".to_owned());
    }
    Ok(text.trim().to_ascii_lowercase())
}

fn parse_logo_url(text: &str) -> Result<Url, String> {
    web_url(text.trim()).ok_or_else(|| "must be an http or https url of an image".to_owned())
}

fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.has_host();
    (is_plain && matches!(url.scheme(), "http" | "https")).then_some(url)
}
