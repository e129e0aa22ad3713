use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use engine::operator_key::hash;

use super::{KeyError, Keys, Making, check, file_for, open};
use crate::connect::{self, Connections, Tenure};
use crate::migrate;
use crate::settings::{DatabaseSettings, KeySettings, MasterKey, SecretText};

const NONE: KeySettings =
    KeySettings { admin: None, master: None, admin_also: None, master_also: None };

struct Deployment {
    folder: tempfile::TempDir,
    settings: DatabaseSettings,
    connections: Connections,
}

impl Deployment {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let settings =
            DatabaseSettings::Sqlite { path: folder.path().join("posthaste.db"), create: true };
        let tenure = Tenure::Sole { stop: CancellationToken::new() };
        let connections = connect::open(&settings, tenure).await.expect("it opens");
        migrate::run(&settings, &connections).await.expect("migrates");
        Self { folder, settings, connections }
    }

    async fn start(&self, keys: &KeySettings) -> Result<Keys, KeyError> {
        open(&self.connections.database, keys, &file_for(&self.settings), Making::Allowed).await
    }

    fn key_file(&self) -> std::path::PathBuf {
        self.folder.path().join("posthaste.key")
    }

    /// Every byte that the deployment has on disk.
    fn bytes_on_disk(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.folder.path()).expect("a folder");
        files
            .flat_map(|entry| std::fs::read(entry.expect("an entry").path()).expect("a file"))
            .collect()
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn a_first_start_makes_the_key_file_for_its_owner_alone() {
    let deployment = Deployment::new().await;
    let keys = deployment.start(&NONE).await.expect("keys are made");
    assert_eq!(keys.new_key_file.as_deref(), Some(file_for(&deployment.settings).as_path()));
    let metadata =
        std::fs::metadata(deployment.key_file()).expect("the file is beside the database");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(deployment.key_file()).expect("readable");
    assert!(MasterKey::parse(&text).is_some() && text.ends_with('\n'));
    assert!(!deployment.folder.path().join("posthaste.key.new").exists());
}

#[tokio::test]
async fn a_second_start_finds_both_keys_again() {
    let deployment = Deployment::new().await;
    let first = deployment.start(&NONE).await.expect("keys are made");
    let sealed = first.sealer.seal(b"row", b"secret");
    let second = deployment.start(&NONE).await.expect("keys are found");
    assert_eq!(second.sealer.open(b"row", &sealed).expect("the same key").as_slice(), b"secret");
    assert_eq!(second.operator.present, first.operator.present);
    assert!(second.new_operator_key.is_none() && second.new_key_file.is_none());
}

#[tokio::test]
async fn the_operator_key_is_shown_once_and_kept_hashed() {
    let deployment = Deployment::new().await;
    let keys = deployment.start(&NONE).await.expect("keys are made");
    let key = keys.new_operator_key.expect("made just now");
    assert!((20..=200).contains(&key.expose().len()));
    assert_eq!(hash(key.expose()), keys.operator.present);
    let kept = deployment.bytes_on_disk();
    assert!(contains(&kept, &keys.operator.present));
    assert!(!contains(&kept, key.expose().as_bytes()));
}

#[tokio::test]
async fn an_operator_key_of_the_settings_is_taken_as_it_is() {
    let deployment = Deployment::new().await;
    let given = KeySettings { admin: Some(SecretText::new("an operator key as it is")), ..NONE };
    let keys = deployment.start(&given).await.expect("keys");
    assert_eq!(keys.operator.present, hash("an operator key as it is"));
    assert!(keys.new_operator_key.is_none());
}

#[tokio::test]
async fn another_master_key_stops_the_process_with_one_line() {
    let deployment = Deployment::new().await;
    deployment.start(&NONE).await.expect("keys are made");
    let other = KeySettings { master: Some(MasterKey::generate()), ..NONE };
    let line = deployment.start(&other).await.expect_err("another key").to_string();
    assert!(line.starts_with("the master key (POSTHASTE_MASTER_KEY) does not open"), "{line}");
    assert!(!line.contains('\n'));
    let read = &deployment.connections.database.read;
    assert!(check(read, &other, Path::new("/nonexistent")).await.is_err());
    assert!(check(read, &NONE, &deployment.key_file()).await.expect("the right key"));
}

#[tokio::test]
async fn a_lost_key_file_is_not_made_anew_over_a_sealed_database() {
    let deployment = Deployment::new().await;
    deployment.start(&NONE).await.expect("keys are made");
    std::fs::remove_file(deployment.key_file()).expect("it was there");
    let refused = deployment.start(&NONE).await.expect_err("nothing opens the database");
    assert!(matches!(refused, KeyError::Lost { .. }), "{refused}");
    assert!(!deployment.key_file().exists());
}

#[tokio::test]
async fn a_start_cut_off_after_the_file_goes_on_with_it() {
    let deployment = Deployment::new().await;
    let key = super::file::make(&deployment.key_file()).expect("a file");
    let keys = deployment.start(&NONE).await.expect("the file is found");
    assert!(keys.new_key_file.is_none());
    let sealed = engine::sealer::Sealer::new(key.expose()).seal(b"row", b"secret");
    assert!(keys.sealer.open(b"row", &sealed).is_ok());
}

#[tokio::test]
async fn where_several_processes_run_no_key_is_made() {
    let deployment = Deployment::new().await;
    let database = &deployment.connections.database;
    let path = deployment.key_file();
    let line =
        open(database, &NONE, &path, Making::Refused).await.expect_err("no master key").to_string();
    assert!(line.starts_with("POSTHASTE_MASTER_KEY must be set"), "{line}");
    let sealed = KeySettings { master: Some(MasterKey::generate()), ..NONE };
    let line = open(database, &sealed, &path, Making::Refused)
        .await
        .expect_err("no operator key")
        .to_string();
    assert!(line.starts_with("POSTHASTE_ADMIN_KEY must be set"), "{line}");
    assert!(!path.exists());
}

#[tokio::test]
async fn a_key_file_that_can_not_be_used_is_one_line_that_names_it() {
    let deployment = Deployment::new().await;
    let database = &deployment.connections.database;
    let nowhere = deployment.folder.path().join("no/posthaste.key");
    let line =
        open(database, &NONE, &nowhere, Making::Allowed).await.expect_err("no folder").to_string();
    assert!(line.contains("no/posthaste.key cannot be made: No such file"), "{line}");
    std::fs::write(deployment.key_file(), "not a key").expect("a file");
    let line = deployment.start(&NONE).await.expect_err("no key in it").to_string();
    assert!(line.ends_with("posthaste.key does not hold base64 of 32 bytes"), "{line}");
}
