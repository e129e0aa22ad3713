//! `posthaste doctor`: says whether this deployment could start, without changing anything. It works
//! beside a running process.

use std::io::Write;
use std::process::ExitCode;

use boot::settings::Settings;
use boot::{connect, keys, migrate};
use serde::Serialize;

use crate::FAILED;
use crate::args::DoctorArgs;

#[derive(Debug, Serialize)]
struct Check {
    name: &'static str,
    ok: bool,
    detail: String,
}

/// Prints one line, or JSON entry, per check; fails when one of them does.
pub(crate) async fn doctor(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let (settings, _) = args.settings.load(false)?;
    let checks = examine(&settings).await;
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{:#}", serde_json::json!({ "checks": checks }))?;
    } else {
        for Check { name, ok, detail } in &checks {
            writeln!(out, "{} {name:<9} {detail}", if *ok { "ok  " } else { "FAIL" })?;
        }
    }
    let healthy = checks.iter().all(|check| check.ok);
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

async fn examine(settings: &Settings) -> Vec<Check> {
    let mut checks = vec![good("settings", "all of them can be used")];
    let db = match connect::look(&settings.database).await {
        Ok(db) => db,
        Err(error) => {
            checks.push(bad("database", &error));
            return checks;
        }
    };
    checks.push(good("database", "it can be reached"));
    match migrate::pending(&db).await {
        Ok(missing) if missing.is_empty() => checks.push(good("schema", "it is current")),
        Ok(missing) => {
            let detail = format!(
                "{} migrations are missing; `posthaste migrate` applies them",
                missing.len()
            );
            checks.push(Check { name: "schema", ok: false, detail });
            return checks;
        }
        Err(error) => {
            checks.push(bad("schema", &error));
            return checks;
        }
    }
    let key_file = keys::file_for(&settings.database);
    checks.push(match keys::check(&db, &settings.keys, &key_file).await {
        Ok(true) => good("keys", "the master key opens what the database holds"),
        Ok(false) => good("keys", "none yet; the first start makes them"),
        Err(error) => bad("keys", &error),
    });
    checks
}

fn good(name: &'static str, detail: &str) -> Check {
    Check { name, ok: true, detail: detail.to_owned() }
}

fn bad(name: &'static str, error: &impl std::fmt::Display) -> Check {
    Check { name, ok: false, detail: error.to_string() }
}
