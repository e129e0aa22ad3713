//! Messages to Slack's incoming webhooks, and what Slack answers (docs/formats.md).

use serde_json::{Value, json};

use crate::event::Envelope;
use crate::limits;
use crate::outcome::Meaning;
use crate::template::{Template, TemplateFault, pretty};
use crate::tenant::RateLimit;

/// What Slack takes on a webhook: the rate of a subscription that names none.
pub fn rate_limit() -> RateLimit {
    RateLimit::new(limits::SLACK_PER_SECOND, Some(1)).expect("within the ranges")
}

/// What is posted: the object that the template makes, or else `{"text": …}` with what it makes; without a template
/// the type, and the data in a block of code.
///
/// # Errors
/// When the template fails on the event.
pub fn body(template: Option<&Template>, envelope: Envelope<'_>) -> Result<Vec<u8>, TemplateFault> {
    let text = match template {
        None => default_text(&envelope),
        Some(template) => {
            let output = template.render(envelope)?;
            if matches!(serde_json::from_str(&output), Ok(Value::Object(_))) {
                return Ok(output.into_bytes());
            }
            cut(output.trim(), limits::SLACK_TEXT_CHARS)
        }
    };
    Ok(json!({ "text": text }).to_string().into_bytes())
}

fn default_text(envelope: &Envelope<'_>) -> String {
    const END: &str = "\n```";
    let start = format!("*{}*\n```\n", escaped(envelope.event_type));
    let room = limits::SLACK_TEXT_CHARS - start.chars().count() - END.chars().count();
    // What ends a block of code must not stand in it.
    let data = escaped(&pretty(envelope.data)).replace("```", "'''");
    format!("{start}{}{END}", cut(&data, room))
}

/// The three characters that mean something to Slack.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        None => text.to_owned(),
        Some(_) => text.chars().take(chars - 1).chain(['…']).collect(),
    }
}

/// What an answer that is no success means, and what mends it. The body names the reason; a webhook that was revoked
/// is gone for good.
pub fn meaning(status: u16, body: &[u8]) -> Option<Meaning> {
    if (200..300).contains(&status) {
        return None;
    }
    let reason = std::str::from_utf8(body).unwrap_or_default().trim();
    let mend = match reason {
        "no_service" | "no_active_hooks" => {
            "the webhook was revoked or its app removed; make another in Slack and set its url"
        }
        "no_team" | "team_disabled" => {
            "the workspace is gone or disabled; use a webhook of another"
        }
        "channel_is_archived" => {
            "the channel is archived; restore it, or make a webhook for another"
        }
        "channel_not_found" => "the channel is gone; make a webhook for another",
        "action_prohibited" => "the workspace's administrators do not allow it; ask them",
        "invalid_token" => "the url is not the webhook's; copy it again from Slack",
        "invalid_payload" | "no_text" => {
            "Slack cannot read the message; look at the template's output"
        }
        "posting_to_general_channel_denied" => {
            "only some may post to the general channel; make a webhook for another"
        }
        "rollup_error" | "rate_limited" => {
            "too many messages; Slack takes one a second on a webhook"
        }
        _ if status == 429 => {
            let text = "Slack: too many messages; it takes one a second on a webhook";
            return Some(Meaning { text: text.to_owned(), is_gone: false });
        }
        _ => return None,
    };
    let is_gone = status == 404 && reason == "no_service";
    Some(Meaning { text: format!("Slack: {reason}: {mend}"), is_gone })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EventId;
    use crate::time::Timestamp;

    fn envelope(data: &str) -> Envelope<'_> {
        Envelope {
            id: EventId::derive(Timestamp::from_unix_ms(0), &[]),
            event_type: "order.paid",
            timestamp: "2026-01-21T12:00:00Z",
            data,
            metadata: "{}",
            correlation_id: None,
            version: None,
        }
    }

    fn text_of(template: Option<&str>, data: &str) -> String {
        let template = template.map(|text| Template::parse(text).expect("a template"));
        let made = body(template.as_ref(), envelope(data)).expect("made");
        let made: Value = serde_json::from_slice(&made).expect("JSON");
        made["text"].as_str().expect("a text").to_owned()
    }

    #[test]
    fn without_a_template_it_is_the_type_and_the_data_as_code() {
        let text = text_of(None, r#"{"b":"<a&b> ```","a":1}"#);
        let expected =
            "*order.paid*\n```\n{\n  \"b\": \"&lt;a&amp;b&gt; '''\",\n  \"a\": 1\n}\n```";
        assert_eq!(text, expected);
        // What cannot be read as JSON values is shown as it is.
        assert!(text_of(None, "1e400").contains("1e400"));
    }

    #[test]
    fn a_text_has_as_many_characters_as_slack_takes() {
        let long = format!("\"{}\"", "é".repeat(limits::SLACK_TEXT_CHARS));
        for template in [None, Some("{{ data }}{{ data }}")] {
            let text = text_of(template, &long);
            assert_eq!(text.chars().count(), limits::SLACK_TEXT_CHARS);
            assert!(text.contains('…'), "{template:?}");
        }
    }

    #[test]
    fn an_object_that_a_template_makes_is_sent_as_it_is() {
        let template = Template::parse(r#"{"blocks": [ {{ data|tojson }} ]}"#).expect("a template");
        let made = body(Some(&template), envelope("\"x\"")).expect("made");
        assert_eq!(made, br#"{"blocks": [ "x" ]}"#);
        assert_eq!(text_of(Some("[{{ data }}]"), "1"), "[1]");
    }

    #[test]
    fn answers_are_named_with_what_mends_them() {
        for (status, body) in [
            (404, "no_service"),
            (404, "no_team"),
            (410, "channel_is_archived"),
            (403, "action_prohibited"),
            (403, "invalid_token"),
            (400, "invalid_payload"),
        ] {
            let told = meaning(status, body.as_bytes()).expect("known");
            assert!(told.text.starts_with(&format!("Slack: {body}: ")), "{told:?}");
            assert_eq!(told.is_gone, body == "no_service");
        }
        assert!(meaning(429, b"").is_some_and(|told| told.text.contains("one a second")));
        assert_eq!((meaning(500, b"\xff oops"), meaning(200, b"no_service")), (None, None));
        assert!(meaning(400, b"no_service\n").is_some_and(|told| !told.is_gone));
    }
}
