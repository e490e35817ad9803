//! The hooks of the HR system: what they say and how they are written and sent.
//!
//! A hook carries one field of one person, has no id, time or signature, and is sent once: the
//! vendor is not known to try again. Must not look at people; it only carries what it is given.

use reqwest::header::CONTENT_TYPE;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use super::super::person::{Change, Field, Person};
use super::faults::{HookEncoding, HookFaults};
use crate::clock::{Clock, Timestamp};

/// Whether the sandbox sends hooks by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookSending {
    /// Every change sends its hooks and waits until they are answered.
    #[default]
    Immediate,
    /// Hooks are only written down, in the answer to the change.
    Off,
}

/// What became of a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookOutcome {
    /// The receiver answered, with whatever status.
    Answered,
    /// The receiver could not be reached or did not answer in time.
    Failed,
    /// A fault switch dropped it.
    Dropped,
    /// Sending is off or no webhook URL is set.
    NotSent,
}

/// One hook, sent or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentHook {
    /// 1 new starter, 2 detail changed, 3 marked as leaver, 18 deleted.
    pub action_id: u32,
    /// Whom it is about.
    pub employee_id: String,
    /// The field, as the HR system's pages call it, when the hook is about one.
    pub field_name: Option<String>,
    /// What became of it.
    pub outcome: HookOutcome,
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
    /// Its Content-Type; empty for none.
    pub content_type: String,
    /// Its body.
    pub body: String,
}

/// What a hook says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HookMessage {
    action_id: u32,
    action: &'static str,
    employee_id: String,
    /// The id before the change, when the change is one of the id.
    old_employee_id: Option<String>,
    /// Further keys and values, in the vendor's order.
    details: Vec<(&'static str, String)>,
}

impl HookMessage {
    pub(super) fn starter(employee_id: &str) -> Self {
        Self::plain(1, "New Starter Added", employee_id)
    }

    pub(super) fn leaver(employee_id: &str) -> Self {
        Self::plain(3, "Marked Leaver", employee_id)
    }

    pub(super) fn deleted(employee_id: &str) -> Self {
        Self::plain(18, "Employee Deleted", employee_id)
    }

    /// A changed field of somebody who is now known by `employee_id`.
    pub(super) fn detail(before: &Person, employee_id: &str, change: &Change) -> Self {
        let id_changed = change.field == Field::EmployeeId;
        let mut message = Self::plain(2, "Employee Detail Updated", employee_id);
        message.old_employee_id = id_changed.then(|| before.employee_id.clone());
        message.details = vec![
            ("FieldName", change.field.label().to_owned()),
            ("NewValue", change.new.clone()),
            ("OldValue", change.old.clone()),
            ("Reason", change.reason.clone()),
        ];
        message
    }

    fn plain(action_id: u32, action: &'static str, employee_id: &str) -> Self {
        let employee_id = employee_id.to_owned();
        Self { action_id, action, employee_id, old_employee_id: None, details: Vec::new() }
    }

    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("ActionId", self.action_id.to_string()),
            ("Action", self.action.to_owned()),
            ("EmployeeId", self.employee_id.clone()),
        ];
        pairs.extend(self.details.iter().cloned());
        pairs
    }

    fn json(&self, faults: &HookFaults) -> String {
        let body = Body { message: self, string_action_id: faults.string_action_id };
        let object = serde_json::to_string(&body).unwrap_or_default();
        if faults.in_array { format!("[{object}]") } else { object }
    }

    /// The body and its Content-Type.
    fn written(&self, faults: &HookFaults) -> (String, String) {
        let form = "application/x-www-form-urlencoded";
        let json = "application/json; charset=utf-8";
        let (content_type, body) = match faults.encoding {
            HookEncoding::Json => (json, self.json(faults)),
            HookEncoding::JsonInString => {
                (json, serde_json::to_string(&self.json(faults)).unwrap_or_default())
            }
            HookEncoding::Form => {
                (form, serde_urlencoded::to_string(self.pairs()).unwrap_or_default())
            }
            HookEncoding::JsonInForm => {
                let pair = [("payload", self.json(faults))];
                (form, serde_urlencoded::to_string(pair).unwrap_or_default())
            }
            HookEncoding::Text => {
                let pairs = self.pairs().into_iter().map(|(key, value)| format!("{key}:{value}"));
                ("text/plain; charset=utf-8", pairs.collect::<Vec<_>>().join(", "))
            }
        };
        (faults.content_type.clone().unwrap_or_else(|| content_type.to_owned()), body)
    }

    fn unsent(&self, faults: &HookFaults, outcome: HookOutcome) -> SentHook {
        let (content_type, body) = self.written(faults);
        let field = self.details.iter().find(|(key, _)| *key == "FieldName");
        SentHook {
            action_id: self.action_id,
            employee_id: self.employee_id.clone(),
            field_name: field.map(|(_, label)| label.clone()),
            outcome,
            status: None,
            error: None,
            sent_at: None,
            answered_at: None,
            content_type,
            body,
        }
    }
}

struct Body<'a> {
    message: &'a HookMessage,
    string_action_id: bool,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.message.pairs() {
            if key == "ActionId" && !self.string_action_id {
                map.serialize_entry(key, &self.message.action_id)?;
            } else {
                map.serialize_entry(key, &value)?;
            }
        }
        map.end()
    }
}

/// Writes the hooks of one change as the faults want them, not sent yet.
pub(super) fn prepare(mut messages: Vec<HookMessage>, faults: &HookFaults) -> Vec<SentHook> {
    if faults.reordered {
        messages.reverse();
    }
    let outcome = if faults.dropped { HookOutcome::Dropped } else { HookOutcome::NotSent };
    let mut hooks = Vec::with_capacity(messages.len());
    for mut message in messages {
        if let (true, Some(old)) = (faults.old_employee_id, message.old_employee_id.take()) {
            message.employee_id = old;
        }
        let hook = message.unsent(faults, outcome);
        if faults.doubled {
            hooks.push(hook.clone());
        }
        hooks.push(hook);
    }
    hooks
}

/// Makes the client that sends hooks.
pub(super) fn client() -> std::io::Result<reqwest::Client> {
    // An error says that there is a provider already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    #[expect(
        clippy::disallowed_methods,
        reason = "the sandbox plays the HR system; it shares nothing with the providers"
    )]
    let builder = reqwest::Client::builder();
    // Changes may come from several runtimes, and a connection dies with the runtime that made it.
    let builder = builder.pool_max_idle_per_host(0).no_proxy();
    let builder = builder.redirect(reqwest::redirect::Policy::none());
    let builder = builder.timeout(std::time::Duration::from_secs(10));
    builder.build().map_err(std::io::Error::other)
}

/// Sends one hook and waits for the answer.
pub(super) async fn send(
    client: &reqwest::Client,
    url: &str,
    clock: &dyn Clock,
    hook: &mut SentHook,
) {
    let mut request = client.post(url).body(hook.body.clone());
    if !hook.content_type.is_empty() {
        request = request.header(CONTENT_TYPE, &hook.content_type);
    }
    hook.sent_at = Some(clock.now());
    match request.send().await {
        Ok(answer) => {
            hook.outcome = HookOutcome::Answered;
            hook.status = Some(answer.status().as_u16());
            hook.answered_at = Some(clock.now());
        }
        Err(error) => {
            hook.outcome = HookOutcome::Failed;
            // The URL carries the receiver's token.
            hook.error = Some(error.without_url().to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaver(faults: &HookFaults) -> (String, String) {
        HookMessage::leaver("PW 1").written(faults)
    }

    #[test]
    fn a_hook_is_written_as_the_switches_say() {
        let mut faults = HookFaults::default();
        let json = r#"{"ActionId":3,"Action":"Marked Leaver","EmployeeId":"PW 1"}"#;
        assert_eq!(leaver(&faults).1, json);
        faults.in_array = true;
        assert_eq!(leaver(&faults).1, format!("[{json}]"));
        faults = HookFaults { string_action_id: true, ..HookFaults::default() };
        assert!(leaver(&faults).1.starts_with(r#"{"ActionId":"3","#));
        faults = HookFaults { encoding: HookEncoding::Form, ..HookFaults::default() };
        assert_eq!(leaver(&faults).1, "ActionId=3&Action=Marked+Leaver&EmployeeId=PW+1");
        assert_eq!(leaver(&faults).0, "application/x-www-form-urlencoded");
        faults.encoding = HookEncoding::JsonInString;
        faults.content_type = Some("text/plain".into());
        assert_eq!(serde_json::from_str::<String>(&leaver(&faults).1).unwrap(), json);
        assert_eq!(leaver(&faults).0, "text/plain");
        faults.encoding = HookEncoding::Text;
        assert_eq!(leaver(&faults).1, "ActionId:3, Action:Marked Leaver, EmployeeId:PW 1");
    }

    #[test]
    fn hooks_are_doubled_and_turned_round() {
        let messages = vec![HookMessage::starter("A"), HookMessage::deleted("B")];
        let faults = HookFaults { doubled: true, reordered: true, ..HookFaults::default() };
        let ids: Vec<u32> = prepare(messages, &faults).iter().map(|hook| hook.action_id).collect();
        assert_eq!(ids, [18, 18, 1, 1]);
    }
}
