//! Holds that ask whose an employee number is (S-21).
//!
//! What this module must not do: decide whether to ask ([`crate::sync::decide::reused_numbers`]
//! does).

use crate::db::DbError;
use crate::db::holds::{self, HoldItem};
use crate::db::types::Json;
use crate::domain::employee::ExternalKey;
use crate::domain::hold::{self, HoldKind};
use crate::domain::ids::HoldItemId;
use crate::sync::apply::guard;
use crate::sync::apply::question;
use crate::sync::apply::write::Writing;
use crate::sync::decide::types::Question;
use crate::texts::Language;

impl Writing<'_, '_, '_> {
    /// Opens the hold that asks whose the number is, or brings it up to date.
    pub(crate) fn ask_about_number(
        &mut self,
        key: &ExternalKey,
        question: &Question,
    ) -> Result<(), DbError> {
        let (cx, kind) = (self.cx, HoldKind::ReusedNumber);
        let open_key = holds::open_key(&cx.directory.id, kind, key);
        let open = holds::find_open(self.tx, &open_key)?;
        let is_new = open.is_none();
        let hold = open.unwrap_or_else(|| {
            let reason = hold::number_may_be_reused().in_language(Language::English);
            guard::blank(cx.directory, kind, open_key, reason, cx.now, cx.random)
        });
        let item = HoldItem {
            id: HoldItemId::new(cx.now, cx.random),
            organization_id: hold.organization_id.clone(),
            directory_id: hold.directory_id.clone(),
            hold_id: hold.id.clone(),
            external_key: key.clone(),
            account_id: question.account_id.clone(),
            name: question.name.clone(),
            planned_change: Json(question.change.clone()),
            record_hash: Some(question.fingerprint.clone()),
            decision: None,
            done_at_ms: None,
            created_at_ms: cx.now,
            list_version: hold.list_version,
            left_at_ms: None,
        };
        question::ask(self.tx, &hold, is_new, item, cx.now)
    }
}
