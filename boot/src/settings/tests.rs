use std::path::PathBuf;

use super::{
    DatabaseSettings, Environment, Faults, KEYS, Report, Settings, SettingsFile, Sources, load,
};

/// Good for 32 bytes.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn sources(variables: &[(&'static str, &str)]) -> Sources {
    Sources {
        file: SettingsFile::IfPresent(PathBuf::from("/nonexistent/posthaste.toml")),
        environment: Environment::of(variables),
        flags: Vec::new(),
        dev: false,
    }
}

fn with(variables: &[(&'static str, &str)]) -> Result<(Settings, Report), Faults> {
    load(&sources(variables))
}

fn settings(variables: &[(&'static str, &str)]) -> Settings {
    with(variables).expect("these are good").0
}

fn faults(variables: &[(&'static str, &str)]) -> String {
    with(variables).expect_err("these are wrong").to_string()
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("posthaste.toml");
    std::fs::write(&path, text).expect("a file in it");
    (folder, path)
}

#[test]
fn without_anything_set_the_documented_defaults_hold() {
    let settings = settings(&[]);
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.http.public_url, None);
    assert_eq!(settings.http.public_url(settings.http.listen), "http://127.0.0.1:8080");
    assert!(matches!(
        &settings.database,
        DatabaseSettings::Sqlite { path, create: true } if path.as_os_str() == "posthaste.db"
    ));
    assert!(settings.queue.redis_url.is_none());
    assert!(settings.keys.admin.is_none() && settings.keys.master.is_none());
    assert!(settings.egress.allow.is_empty() && settings.egress.deny.is_empty());
    assert!(settings.egress.require_https && !settings.dev);
    assert_eq!(settings.delivery.retry, domain::retry::RetryPolicy::default());
    assert_eq!(settings.delivery.worker_concurrency, 1024);
    assert_eq!(settings.intake.max_payload_bytes, 262_144);
    assert_eq!(settings.intake.max_inbound_bytes, 1_048_576);
    assert_eq!(settings.retention.retention_days, 30);
    assert_eq!(settings.log.filter, "info");
}

#[test]
fn good_values_of_each_variable_are_taken() {
    let twenty_steps = ["1s"; 20].join(",");
    let short_key = "k".repeat(20);
    let long_key = "~".repeat(200);
    let good: [(&str, &[&str]); 23] = [
        ("POSTHASTE_LISTEN", &["0.0.0.0:80", "[::]:8080", "127.0.0.1:0", "127.0.0.1:65535"]),
        (
            "POSTHASTE_PUBLIC_URL",
            &["https://a.example", "http://localhost:8080/", "https://a.example/hooks", ""],
        ),
        ("POSTHASTE_PORTAL_FRAME_ORIGINS", &["", "https://a.example, http://localhost:3000"]),
        ("POSTHASTE_PORTAL_NAME", &["", "Example & Söhne"]),
        ("POSTHASTE_PORTAL_PRIMARY_COLOR", &["", "#4c6ef5", "#ABCDEF"]),
        ("POSTHASTE_PORTAL_LOGO_URL", &["", "https://a.example/logo.svg"]),
        (
            "POSTHASTE_DATABASE_URL",
            &[
                "sqlite://a.db",
                "sqlite:a.db?mode=rw",
                "sqlite:///var/lib/a%20b.db?mode=rwc",
                "postgres://u:p@h/d",
                "postgresql://h:5432/d?sslmode=require",
            ],
        ),
        ("POSTHASTE_REDIS_URL", &[""]),
        ("POSTHASTE_ADMIN_KEY", &[&short_key, &long_key, "with inner spaces and ~!@#"]),
        ("POSTHASTE_MASTER_KEY", &[MASTER_KEY, MASTER_KEY.trim_end_matches('=')]),
        ("POSTHASTE_ADMIN_KEY_ALSO", &["", &short_key, &long_key]),
        ("POSTHASTE_MASTER_KEY_ALSO", &["", MASTER_KEY]),
        (
            "POSTHASTE_EGRESS_ALLOW",
            &["", "10.0.0.0/8", "10.0.0.0/8, fd00::/8  192.168.1.1", "::1/128"],
        ),
        ("POSTHASTE_EGRESS_DENY", &["", "0.0.0.0/0,::/0"]),
        ("POSTHASTE_EGRESS_PROXY", &["", "http://proxy.example:3128", "http://u:p@10.0.0.5"]),
        ("POSTHASTE_EGRESS_PORTS", &["", "443", "443, 8443  8000-8999", "1-65535"]),
        ("POSTHASTE_REQUIRE_HTTPS", &["true", "false", "1", "0"]),
        ("POSTHASTE_RETRY_SCHEDULE", &["100ms", "0.1s", "1.5s, 2m,3h,7d", &twenty_steps]),
        ("POSTHASTE_WORKER_CONCURRENCY", &["1", "32768"]),
        ("POSTHASTE_MAX_PAYLOAD_BYTES", &["1", "16777216"]),
        ("POSTHASTE_MAX_INBOUND_BYTES", &["1", "67108864"]),
        ("POSTHASTE_RETENTION_DAYS", &["1", "3650"]),
        ("POSTHASTE_LOG", &["debug", "INFO", "info,engine=debug,queue::memory=trace", "off"]),
    ];
    assert_eq!(good.len(), KEYS.len());
    for (variable, values) in good {
        for value in values {
            let mut variables = vec![(variable, *value)];
            // A key beside another.
            match variable {
                "POSTHASTE_ADMIN_KEY_ALSO" => variables.push(("POSTHASTE_ADMIN_KEY", &long_key)),
                "POSTHASTE_MASTER_KEY_ALSO" => variables.push(("POSTHASTE_MASTER_KEY", MASTER_KEY)),
                _ => {}
            }
            let loaded = with(&variables);
            assert!(loaded.is_ok(), "{variable}={value}: {loaded:?}");
        }
    }
}

#[test]
fn wrong_values_of_each_variable_are_one_line_that_names_it() {
    let long_schedule = ["1s"; 21].join(",");
    let long_key = "k".repeat(201);
    let wrong: [(&str, &[&str]); 23] = [
        (
            "POSTHASTE_LISTEN",
            &["", "8080", "localhost:8080", "127.0.0.1", "127.0.0.1:65536", "two\nlines"],
        ),
        (
            "POSTHASTE_PUBLIC_URL",
            &["a.example", "ftp://a", "https://u:p@a", "https://a?b", "https://a#b"],
        ),
        (
            "POSTHASTE_PORTAL_FRAME_ORIGINS",
            &[
                "a.example",
                "https://a.example/b",
                "https://a.example; script-src *",
                "data:",
                "'self'",
            ],
        ),
        ("POSTHASTE_PORTAL_NAME", &["two\nlines", &long_key]),
        ("POSTHASTE_PORTAL_PRIMARY_COLOR", &["red", "#abc", "#12345g"]),
        (
            "POSTHASTE_PORTAL_LOGO_URL",
            &["logo.svg", "javascript:alert(1)", "https://u:p@a.example/"],
        ),
        (
            "POSTHASTE_DATABASE_URL",
            &[
                "",
                "posthaste.db",
                "mysql://h/d",
                "sqlite::memory:",
                "sqlite://:memory:",
                "sqlite://",
                "sqlite://a.db?mode=memory",
                "sqlite://a.db?mode=ro",
                "sqlite://a.db?cache=shared",
                "postgres://u:p@h:99999/d",
            ],
        ),
        ("POSTHASTE_REDIS_URL", &["redis://127.0.0.1", "http://127.0.0.1", "127.0.0.1:6379"]),
        (
            "POSTHASTE_ADMIN_KEY",
            &[
                "",
                "nineteen-characters",
                &long_key,
                "tab\tis not printable",
                "ends with a space    ",
            ],
        ),
        (
            "POSTHASTE_MASTER_KEY",
            &["", "secret", "AAECAwQFBgcICQoLDA0ODw==", "not base64 at all, not at all!"],
        ),
        ("POSTHASTE_ADMIN_KEY_ALSO", &["nineteen-characters", &long_key]),
        ("POSTHASTE_MASTER_KEY_ALSO", &["secret", "AAECAwQFBgcICQoLDA0ODw=="]),
        ("POSTHASTE_EGRESS_ALLOW", &["10.0.0.0/33", "localhost", "10.0.0.0/8;::1"]),
        (
            "POSTHASTE_EGRESS_PROXY",
            &["proxy.example:3128", "https://a", "socks5://a", "http://a/b"],
        ),
        (
            "POSTHASTE_EGRESS_PORTS",
            &[",", "0", "65536", "443-", "-443", "8999-8000", "+443", "https", "80;443"],
        ),
        ("POSTHASTE_EGRESS_DENY", &["10.0.0.0-10.0.0.9"]),
        ("POSTHASTE_REQUIRE_HTTPS", &["", "yes", "TRUE!", "2"]),
        (
            "POSTHASTE_RETRY_SCHEDULE",
            &[
                "",
                "5",
                "s",
                "5s,",
                "99ms",
                "0.05s",
                "-5s",
                "1e3s",
                "nans",
                "infs",
                "5 parsecs",
                "8d",
                &long_schedule,
            ],
        ),
        ("POSTHASTE_WORKER_CONCURRENCY", &["", "0", "-1", "1.5", "32769", "many"]),
        ("POSTHASTE_MAX_PAYLOAD_BYTES", &["0", "16777217", "256KiB"]),
        ("POSTHASTE_MAX_INBOUND_BYTES", &["0", "67108865"]),
        ("POSTHASTE_RETENTION_DAYS", &["0", "3651", "30d"]),
        ("POSTHASTE_LOG", &["", "loud", "engine", "info,engine=loud"]),
    ];
    assert_eq!(wrong.len(), KEYS.len());
    for (variable, values) in wrong {
        for value in values {
            let line = faults(&[(variable, value)]);
            assert!(line.starts_with(&format!("{variable}: ")), "{variable}={value}: {line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}

#[test]
fn all_faults_are_reported_together() {
    let lines = faults(&[
        ("POSTHASTE_LISTEN", "here"),
        ("POSTHASTE_RETENTION_DAYS", "never"),
        ("POSTHASTE_LOG", "loud"),
    ]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.contains("POSTHASTE_LISTEN: must be an IP address and a port"), "{lines}");
    assert!(lines.ends_with("info,engine=debug, not \"loud\""), "{lines}");
}

#[test]
fn redis_beside_sqlite_is_refused() {
    let line = faults(&[("POSTHASTE_REDIS_URL", "redis://127.0.0.1:6379")]);
    assert!(line.starts_with("POSTHASTE_REDIS_URL: goes with Postgres only"), "{line}");
    let both = [
        ("POSTHASTE_REDIS_URL", "redis://127.0.0.1:6379"),
        ("POSTHASTE_DATABASE_URL", "postgres://127.0.0.1/posthaste"),
    ];
    assert!(settings(&both).queue.redis_url.is_some());
}

#[test]
fn flags_go_before_variables_before_the_file_before_defaults() {
    let (_folder, path) =
        file("retention_days = 10\nworker_concurrency = 10\nmax_payload_bytes = 10");
    let mut sources =
        sources(&[("POSTHASTE_WORKER_CONCURRENCY", "20"), ("POSTHASTE_MAX_PAYLOAD_BYTES", "20")]);
    sources.file = SettingsFile::Required(path.clone());
    sources.flags = vec![("max_payload_bytes", "30".to_owned())];
    let (settings, report) = load(&sources).expect("all good");
    assert_eq!(settings.retention.retention_days, 10);
    assert_eq!(settings.delivery.worker_concurrency, 20);
    assert_eq!(settings.intake.max_payload_bytes, 30);
    assert_eq!(settings.intake.max_inbound_bytes, 1_048_576);
    let report = report.to_json();
    assert_eq!(report["retention_days"]["source"], "file");
    assert_eq!(report["retention_days"]["file"], path.display().to_string());
    assert_eq!(report["worker_concurrency"]["source"], "variable");
    assert_eq!(report["max_payload_bytes"]["source"], "flag");
    assert_eq!(report["max_payload_bytes"]["value"], 30);
    assert_eq!(report["max_inbound_bytes"]["source"], "default");
}

#[test]
fn the_file_takes_typed_values_and_lists() {
    let (_folder, path) = file(
        "require_https = false\nretry_schedule = [\"1s\", \"2s\"]\negress_allow = [\"10.0.0.0/8\", \"::1/128\"]\n\
         egress_ports = [443, \"8000-8999\"]\n\
         egress_deny = \"192.168.0.0/16\"\nretention_days = \"7\"",
    );
    let mut sources = sources(&[]);
    sources.file = SettingsFile::IfPresent(path);
    let (settings, _) = load(&sources).expect("all good");
    assert!(!settings.egress.require_https);
    assert_eq!(settings.delivery.retry.schedule_s(), [1.0, 2.0]);
    assert_eq!(settings.egress.allow.len(), 2);
    assert_eq!(settings.egress.deny.len(), 1);
    assert_eq!(settings.egress.ports, [443..=443, 8000..=8999]);
    assert_eq!(settings.retention.retention_days, 7);
}

#[test]
fn what_is_wrong_in_the_file_is_said_with_its_place() {
    let cases = [
        ("retension_days = 3", "unknown key \"retension_days\""),
        ("[http]\nlisten = \"a\"", "unknown key \"http\""),
        ("listen = {a = 1}", "POSTHASTE_LISTEN (listen in "),
        ("retention_days = 0", "POSTHASTE_RETENTION_DAYS (retention_days in "),
        ("log = \"info\"\nadmin_key = \"sesame", "posthaste.toml, line 2: "),
    ];
    for (text, expected) in cases {
        let (_folder, path) = file(text);
        let mut sources = sources(&[]);
        sources.file = SettingsFile::IfPresent(path);
        let line = load(&sources).expect_err("wrong").to_string();
        assert!(line.contains(expected), "{text}: {line}");
        assert!(!line.contains('\n') && !line.contains("sesame"), "{line}");
    }
}

#[test]
fn a_wrong_flag_is_wrong_usage_and_a_wrong_variable_is_not() {
    let mut wrong_flag = sources(&[]);
    wrong_flag.flags = vec![("listen", "here".to_owned())];
    let faults = load(&wrong_flag).expect_err("wrong");
    assert!(faults.wrong_usage());
    assert!(faults.to_string().starts_with("POSTHASTE_LISTEN (--listen): "), "{faults}");

    let mut wrong_file = sources(&[]);
    wrong_file.file = SettingsFile::Required(PathBuf::from("/nonexistent/posthaste.toml"));
    assert!(load(&wrong_file).expect_err("wrong").wrong_usage());
    assert!(!with(&[("POSTHASTE_LISTEN", "here")]).expect_err("wrong").wrong_usage());
}

#[test]
fn dev_adds_this_machine_to_what_is_allowed() {
    let mut sources =
        sources(&[("POSTHASTE_EGRESS_ALLOW", "10.0.0.0/8"), ("POSTHASTE_REQUIRE_HTTPS", "true")]);
    sources.dev = true;
    let (settings, report) = load(&sources).expect("all good");
    let allowed: Vec<String> = settings.egress.allow.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, ["10.0.0.0/8", "127.0.0.0/8", "::1/128"]);
    assert!(!settings.egress.require_https && settings.dev);
    assert_eq!(report.to_json()["require_https"]["source"], "dev");
}

#[test]
fn a_key_beside_another_is_refused_without_the_other() {
    for (variable, value, with) in [
        ("POSTHASTE_ADMIN_KEY_ALSO", "open sesame open sesame", "POSTHASTE_ADMIN_KEY;"),
        ("POSTHASTE_MASTER_KEY_ALSO", MASTER_KEY, "POSTHASTE_MASTER_KEY;"),
    ] {
        let line = faults(&[(variable, value)]);
        assert!(line.starts_with(variable) && line.contains(with), "{line}");
        assert!(!line.contains(value) && line.lines().count() == 1, "{line}");
    }
}

#[test]
fn no_secret_is_printed() {
    let variables = [
        ("POSTHASTE_ADMIN_KEY", "open sesame open sesame"),
        ("POSTHASTE_MASTER_KEY", MASTER_KEY),
        ("POSTHASTE_ADMIN_KEY_ALSO", "close sesame close sesame"),
        ("POSTHASTE_MASTER_KEY_ALSO", MASTER_KEY),
        (
            "POSTHASTE_DATABASE_URL",
            "postgres://ali:sesame@db.example/forty?password=sesame&sslmode=require",
        ),
        ("POSTHASTE_REDIS_URL", "redis://:sesame@cache.example:6379/0"),
        ("POSTHASTE_EGRESS_PROXY", "http://ali:sesame@proxy.example:3128"),
    ];
    let (settings, report) = with(&variables).expect("all good");
    let printed = format!("{settings:?}\n{}\n{}", report.to_text(), report.to_json());
    assert!(!printed.contains("sesame") && !printed.contains(MASTER_KEY), "{printed}");
    let text = report.to_text();
    assert!(
        text.contains("postgres://ali:***@db.example/forty?password=***&sslmode=require"),
        "{text}"
    );
    assert!(text.contains("redis://:***@cache.example:6379/0"), "{text}");
    assert!(text.contains("http://ali:***@proxy.example:3128"), "{text}");
    assert!(text.contains("admin_key = \"***\""), "{text}");
    // Nor is one when it is wrong.
    let wrong = [
        ("POSTHASTE_ADMIN_KEY", "sesame"),
        ("POSTHASTE_MASTER_KEY", "sesame"),
        ("POSTHASTE_ADMIN_KEY_ALSO", "sesame"),
        ("POSTHASTE_MASTER_KEY_ALSO", "sesame"),
        ("POSTHASTE_DATABASE_URL", "postgres://ali:sesame@db:99999/x"),
        ("POSTHASTE_REDIS_URL", "http://:sesame@cache"),
        ("POSTHASTE_EGRESS_PROXY", "https://ali:sesame@proxy"),
    ];
    let lines = faults(&wrong);
    assert_eq!(lines.lines().count(), 7, "{lines}");
    assert!(!lines.contains("sesame"), "{lines}");
}

#[test]
fn the_report_can_stand_as_a_settings_file() {
    let (_, report) = with(&[("POSTHASTE_EGRESS_ALLOW", "10.0.0.0/8 ::1")]).expect("all good");
    let text = report.to_text();
    assert!(text.contains("# redis_url is not set"), "{text}");
    assert!(text.contains("public_url = \"http://127.0.0.1:8080\""), "{text}");
    let (_folder, path) = file(&text);
    let mut again = sources(&[]);
    again.file = SettingsFile::Required(path);
    let (settings, _) = load(&again).expect("what was printed is good");
    assert_eq!(settings.egress.allow.len(), 2);
    assert_eq!(settings.delivery.retry, domain::retry::RetryPolicy::default());
}

#[test]
fn an_empty_optional_variable_leaves_what_the_file_says() {
    let (_folder, path) = file("public_url = \"https://hooks.example.com\"");
    let mut sources = sources(&[("POSTHASTE_PUBLIC_URL", "")]);
    sources.file = SettingsFile::Required(path);
    let (settings, _) = load(&sources).expect("all good");
    assert_eq!(settings.http.public_url.as_deref(), Some("https://hooks.example.com"));
}

#[test]
fn every_key_is_in_the_default_file_with_its_variable() {
    let text = include_str!("../../../posthaste.default.toml");
    for key in KEYS {
        assert!(text.contains(&format!("\n# {}: ", key.variable)), "{}", key.variable);
        assert!(
            text.contains(&format!("\n{} = ", key.name))
                || text.contains(&format!("\n# {} = ", key.name))
        );
        assert_eq!(key.variable, format!("POSTHASTE_{}", key.name.to_uppercase()));
    }
}

#[test]
fn the_portals_look_is_taken_in_one_form() {
    let settings = settings(&[
        ("POSTHASTE_PORTAL_FRAME_ORIGINS", "https://app.example.com/, http://localhost:3000"),
        ("POSTHASTE_PORTAL_NAME", " Example "),
        ("POSTHASTE_PORTAL_PRIMARY_COLOR", "#4C6EF5"),
        ("POSTHASTE_PORTAL_LOGO_URL", "https://example.com/logo.svg"),
    ]);
    let portal = settings.portal;
    assert_eq!(portal.frame_origins, ["https://app.example.com", "http://localhost:3000"]);
    assert_eq!(portal.name.as_deref(), Some("Example"));
    assert_eq!(portal.primary_color.as_deref(), Some("#4c6ef5"));
    assert_eq!(portal.logo_url.expect("a url").as_str(), "https://example.com/logo.svg");
}
