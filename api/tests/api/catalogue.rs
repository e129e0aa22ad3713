use serde_json::{Value, json};
use testkit::{Tenant, TestApp};

use super::raw::{OPERATOR_KEY, Raw, send};

const LIST: &str = "
event_types:
  - name: order.paid
    description: An order was paid.
    versions:
      - version: '1'
        schema: &order {type: object, required: [amount]}
        example: {amount: 5}
  - name: order.lost
    versions: [{version: '1', schema: *order}]
";

/// Imports a document as the operator does for a tenant.
async fn import(app: &TestApp, tenant: &Tenant, query: &str, media: &str, body: &str) -> Raw {
    let key = format!("Bearer {OPERATOR_KEY}");
    let headers = [
        ("authorization", key.as_str()),
        ("posthaste-tenant", &tenant.id),
        ("content-type", media),
    ];
    let path = format!("/api/v1/webhooks/catalogue{query}");
    send(app, "POST", &path, &headers, body.as_bytes()).await
}

fn came_to(answer: &Raw) -> [usize; 4] {
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    ["created", "updated", "unchanged", "deleted"]
        .map(|name| answer[name].as_array().map_or(usize::MAX, Vec::len))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_is_imported_as_yaml_and_exported_as_it_is() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let yaml = "application/yaml";
    assert_eq!(came_to(&import(&app, &tenant, "?dry_run=true", yaml, LIST).await), [2, 0, 0, 0]);
    assert_eq!(tenant.list("/event-types").await.len(), 0, "it was only asked");
    assert_eq!(came_to(&import(&app, &tenant, "", yaml, LIST).await), [2, 0, 0, 0]);
    assert_eq!(came_to(&import(&app, &tenant, "", yaml, LIST).await), [0, 0, 2, 0]);
    let lost = tenant.api.get("/event-types/order.lost").await.expect(200);
    assert_eq!(lost["versions"][0]["schema"]["required"], json!(["amount"]));

    let exported = tenant.api.get("/catalogue").await;
    let again = import(&app, &tenant, "", "application/json", &exported.text).await;
    assert_eq!(came_to(&again), [0, 0, 2, 0]);
    let exported = tenant.api.get("/catalogue?format=yaml").await;
    assert_eq!(exported.headers["content-type"], "application/yaml");
    assert_eq!(came_to(&import(&app, &tenant, "", yaml, &exported.text).await), [0, 0, 2, 0]);

    let one = "event_types: [{name: order.lost, deprecated: true}]";
    let merged = import(&app, &tenant, "", "text/yaml; charset=utf-8", one).await;
    assert_eq!(came_to(&merged), [0, 1, 0, 0]);
    let replaced = import(&app, &tenant, "?mode=replace", yaml, one).await;
    assert_eq!(came_to(&replaced), [0, 0, 1, 1]);
    assert_eq!(tenant.list("/event-types").await.len(), 1);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_an_openapi_document_are_imported_and_exported() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    import(&app, &tenant, "", "application/yaml", LIST).await;
    let described = tenant.api.get("/catalogue?format=openapi").await;
    let document = described.json();
    let body =
        &document["webhooks"]["order.paid"]["post"]["requestBody"]["content"]["application/json"];
    assert_eq!(body["schema"]["properties"]["type"]["const"], "order.paid");
    assert_eq!(body["example"]["data"], json!({"amount": 5}));
    let again = import(&app, &tenant, "", "application/json", &described.text).await;
    assert_eq!(came_to(&again), [0, 0, 2, 0]);
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_starter_catalogue_can_be_imported() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let starter = tenant.api.get("/catalogue/starter?format=yaml").await;
    assert_eq!(came_to(&import(&app, &tenant, "", "application/yaml", &starter.text).await)[0], 21);
    let paid = tenant.api.get("/event-types/payment.succeeded").await.expect(200);
    assert!(paid["versions"][0]["example"]["amount"].is_number());
    app.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_document_is_told_at_its_place_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let tenant = app.operator.new_tenant().await;
    let wrong = async |media: &str, body: &str, status: u16| {
        let answer = import(&app, &tenant, "", media, body).await;
        assert_eq!(answer.status, status, "{answer:?}");
        answer.json()
    };
    let (yaml, json) = ("application/yaml", "application/json");
    wrong(yaml, "event_types: [", 400).await;
    wrong(json, "event_types: []", 400).await;
    wrong("application/xml", "<event_types/>", 415).await;
    wrong(yaml, "[]", 422).await;
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n".to_owned()
        + &(1..9).fold(String::new(), |text, n| {
            let (new, old) = ((b'a' + n) as char, (b'a' + n - 1) as char);
            text + &format!(
                "{new}: &{new} [*{old},*{old},*{old},*{old},*{old},*{old},*{old},*{old}]\n"
            )
        });
    wrong(yaml, &bomb, 400).await;
    let two = "event_types: [{name: a}, {name: b, versions: [{version: 1}]}, {name: a}]";
    let problem = wrong(yaml, two, 422).await;
    assert_eq!(problem["errors"][0]["pointer"], "/event_types/1");
    let two = "event_types: [{name: a}, {name: b c}, {name: a}]";
    let problem = wrong(yaml, two, 422).await;
    let pointers: Vec<&Value> =
        problem["errors"].as_array().expect("faults").iter().map(|one| &one["pointer"]).collect();
    assert_eq!(pointers, ["/event_types/1/name", "/event_types/2/name"]);
    assert_eq!(tenant.list("/event-types").await.len(), 0);
    app.stop().await;
}
