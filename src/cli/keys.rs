//! `rollcall keys`: makes, lists and revokes keys to the API. Works beside a running server.

use crate::app::{AppError, Store};
use crate::config::Settings;
use crate::db::api_keys;
use crate::operations::api_keys as operations;

use super::{Context, in_runtime};

/// What to do with keys.
#[derive(Debug, clap::Args)]
pub struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Make a key and print it; it cannot be shown again
    Create {
        /// What the key is for
        #[arg(long)]
        name: String,
    },
    /// List the keys, without the keys themselves
    List,
    /// Make a key useless at once
    Revoke {
        /// The id or the name of the key
        #[arg(value_name = "ID-or-NAME")]
        id_or_name: String,
    },
}

impl Keys {
    /// Does it.
    pub fn run(&self, context: &mut Context<'_>) -> u8 {
        let settings = match context.settings() {
            Ok(settings) => settings,
            Err(code) => return code,
        };
        let done = in_runtime(self.act(&settings, context));
        done.unwrap_or_else(|error| context.fail(&error))
    }

    async fn act(&self, settings: &Settings, context: &mut Context<'_>) -> Result<u8, AppError> {
        let store = match self.action {
            // The first key may come before the first server.
            Action::Create { .. } => Store::open_or_make(settings).await?,
            Action::List | Action::Revoke { .. } => Store::open_existing(settings).await?,
        };
        match &self.action {
            Action::Create { name } => {
                let key = store.create_api_key(name).await?;
                context.answer(key.reveal());
            }
            Action::List => {
                for key in store.db.read(api_keys::all).await? {
                    let state = match key.revoked_at_ms {
                        Some(at) => format!("revoked {at}"),
                        None => "valid".to_owned(),
                    };
                    let (id, last4, name) = (key.id, key.last4, key.name);
                    let created = key.created_at_ms;
                    context.answer(&format!("{id}  …{last4}  made {created}  {state}  {name}"));
                }
            }
            Action::Revoke { id_or_name } => {
                let now = store.surroundings.clock.now();
                match operations::revoke(&store.db, id_or_name, now).await? {
                    0 => {
                        context.say(&format!("error: no valid key is called {id_or_name}"));
                        return Ok(1);
                    }
                    count => context.say(&format!("revoked {count} key(s)")),
                }
            }
        }
        Ok(0)
    }
}
