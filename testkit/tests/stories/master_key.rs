//! Everything that is sealed is sealed again when the master key is replaced, wherever it stands.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::database::query_all;
use engine::reseal::reseal;
use engine::sealer::Sealer;
use sea_orm::DbBackend;
use serde_json::json;
use testkit::TestApp;

use crate::stories;

stories! {
    nothing_in_any_column_is_left_under_the_former_master_key
}

async fn nothing_in_any_column_is_left_under_the_former_master_key(app: TestApp) {
    let tenant = app.operator.new_tenant().await;
    let certificate = json!({
        "certificate": include_str!("../../../domain/tests/certificates/rsa.pem"),
        "private_key": include_str!("../../../domain/tests/certificates/rsa.key"),
    });
    let wanted = json!({
        "url": "https://localhost:59999/",
        "status": "paused",
        "headers": {"x-token": "one"},
        "client_certificate": certificate,
    });
    let once = [("idempotency-key", "once")];
    let body = Some(wanted.to_string());
    let made = tenant.api.try_call(reqwest::Method::POST, "/subscriptions", body, &once).await;
    let made = made.expect("an answer").expect(201);
    let path = format!("/subscriptions/{}", made["id"].as_str().expect("an id"));
    tenant.api.patch(&path, json!({"headers": {"x-token": "two"}})).await.expect(200);

    // The master key of the tests.
    let former_key: [u8; 32] = std::array::from_fn(|index| index as u8);
    let former = Sealer::new(former_key);
    let expected = [
        "idempotency_keys.answer",
        // The proof of the key, which is the start's own matter (boot::keys).
        "instance.value",
        "subscription_secrets.sealed",
        "subscription_states.document",
        "subscriptions.client_certificate_sealed",
        "subscriptions.headers_sealed",
    ];
    assert_eq!(places_of(&app, &former).await, expected);
    let present = Sealer::new([7; 32]).opening_also(former_key);
    let resealed = reseal(&app.engine.database, &present, |_| {}).await.expect("all of it opens");
    assert_eq!(resealed, 6, "one of each, and two states");
    assert_eq!(places_of(&app, &former).await, ["instance.value"]);
    let again = reseal(&app.engine.database, &present, |_| {}).await.expect("all of it opens");
    assert_eq!(again, 0);
    app.stop().await;
}

/// The columns, of all there are, in which something is sealed by this key, in order.
async fn places_of(app: &TestApp, sealer: &Sealer) -> Vec<String> {
    let db = &app.engine.database.read;
    let is_postgres = app.engine.database.backend() == DbBackend::Postgres;
    let columns = match is_postgres {
        true => {
            "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = 'public' AND data_type IN ('bytea', 'json', 'text')"
        }
        false => {
            "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND c.type IN ('BLOB', 'TEXT')"
        }
    };
    let digits: String = sealer.header().iter().map(|byte| format!("{byte:02x}")).collect();
    // Of sealed bytes in base64, as many characters as the header alone decides.
    let encoded: String = STANDARD.encode(sealer.header()).chars().take(6).collect();
    let mut places = Vec::new();
    for row in query_all(db, columns, Vec::new()).await.expect("columns") {
        let get = |index| row.get::<String>(index).expect("a name");
        let (table, column) = (get(0), get(1));
        let (shown, wanted) = match get(2).as_str() {
            "bytea" => (format!("encode({column}, 'hex')"), format!("{digits}%")),
            "BLOB" => (format!("lower(hex({column}))"), format!("{digits}%")),
            _ => (format!("CAST({column} AS TEXT)"), format!("%\"{encoded}%")),
        };
        let sql = format!("SELECT 1 FROM {table} WHERE {shown} LIKE ? LIMIT 1");
        if !query_all(db, &sql, vec![wanted.into()]).await.expect("rows").is_empty() {
            places.push(format!("{table}.{column}"));
        }
    }
    places.sort_unstable();
    places
}
