//! Life of a directory: set-up, new key, disable, set-up again (L-01 … L-09).

use crate::support::{TestApp, behaviours};

behaviours!(l_05_complete_set_up_runs_the_first_full_sync);

async fn l_05_complete_set_up_runs_the_first_full_sync(app: TestApp) {
    let connected = app.connected().await;
    let run = app.last_run(&connected).await;
    assert_eq!(run["trigger"], "setup");
    assert_eq!(run["state"], "succeeded");
    assert_eq!(run["counts"]["seen"], 40);
    let working = app.hr().current_employee_ids().len();
    let accounts = app.accounts(&connected.organization).await;
    assert_eq!(accounts.len(), working);
    assert!(accounts.iter().all(|account| account["managed_by"] == connected.directory.as_str()));
}
