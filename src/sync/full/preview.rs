//! The preview: what a full sync would do now (L-05).
//!
//! It is *Read* and *Plan* of a full sync without *Apply*: everybody is read as by a run
//! ([`crate::sync::full::list`]), and the plans of both passes are folded over one read snapshot
//! with the functions that [`crate::sync::apply`] folds them with.
//!
//! Invariants:
//! - Nothing is written and no event is sent. A question to the HR system costs what every question
//!   costs: its calls are noted in the budget, and it takes an observation number.
//! - On an unchanged database and HR system, the next full sync does what the preview says. The
//!   `counts` are those of the run; the lists are what is there when it has ended.
//!
//! What this module must not do: decide ([`crate::sync::decide::person`] does), or note a failure
//! of the HR system, which is for runs to find out.

use crate::db::directories;
use crate::domain::directory::DirectoryState;
use crate::domain::ids::DirectoryId;
use crate::sync::full::look_ahead::{Preview, look_ahead};
use crate::sync::full::read;
use crate::sync::setup::credentials::find;
use crate::sync::setup::refusal::{SetupError, refusal};
use crate::sync::{Context, SyncError};

/// Reads everybody and says what a full sync would do now.
pub async fn preview(cx: &Context, id: &DirectoryId) -> Result<Preview, SetupError> {
    let directory = find(cx, id).await?;
    if directory.credential_sealed.is_none() {
        return Err(SetupError::NoCredential);
    }
    let reading = match read::read(cx, &directory).await {
        Err(SyncError::OtherCompany(doubt)) => return Ok(Preview::of_doubt(directory, &doubt)),
        read => read.map_err(|error| refusal(cx, error))?,
    };
    let (id, inner) = (id.clone(), cx.clone());
    cx.db
        .read(move |conn| {
            let directory = directories::find(conn, &id)?.ok_or(SetupError::NotFound)?;
            if directory.state == DirectoryState::Disabled {
                return Err(SetupError::Disabled);
            }
            Ok(look_ahead(conn, &inner, &directory, &reading)?)
        })
        .await
}
