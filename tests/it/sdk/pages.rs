//! Pages: walks that lose nobody and repeat nobody, cursors in every order, and the old Python
//! SDK that forgets its directory on the second page (C-03, C-04, C-14).

use std::collections::BTreeSet;

use rollcall::sandbox::Leave;
use serde_json::{Value, json};

use super::between::Gate;
use super::driver::{Sdk, ask, ask_at, good};
use super::{get, holds_for, ids, text};
use crate::hr::{YESTERDAY, on, person};
use crate::support::{Connected, Options, TestApp, behaviours, behaviours_of_place};
use crate::testdb::TestPlace;

behaviours!(
    c_04_cursors_lead_both_ways_in_every_order,
    c_04_a_limit_out_of_bounds_is_refused,
    c_14_the_second_page_of_an_old_python_sdk_stays_in_the_directory,
    c_14_without_cursor_and_scope_nobody_is_shown,
);
behaviours_of_place!(c_03_a_walk_meets_everybody_once_while_people_come_and_go);

/// People in HR, so that at least 250 of them are listed.
const PEOPLE: usize = 300;

/// The ids of the users of a directory, oldest first, past any SDK.
async fn everybody(app: &TestApp, directory: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/directory_users?directory={directory}&limit=100&order=asc{after}");
        let page = get(app, &path).await;
        all.extend(page.ids());
        match page.body["list_metadata"]["after"].as_str() {
            Some(id) => after = format!("&after={id}"),
            None => return all,
        }
    }
}

/// Who comes and who goes, in HR and then in the directory.
struct Changes<'a> {
    app: &'a TestApp,
    number: usize,
    gone: BTreeSet<String>,
}

impl Changes<'_> {
    /// By turns somebody is hired, and the very person that a page is to go on from leaves.
    async fn one_more(&mut self, path: &str) {
        self.number += 1;
        // Ids of one millisecond are in no order.
        self.app.clock.advance(1);
        let cursor = path.split(['?', '&']).find_map(|part| part.strip_prefix("after="));
        match cursor {
            Some(id) if self.number.is_multiple_of(2) => self.leaves(id).await,
            _ => {
                let email = format!("new.{}@acme.example", self.number);
                self.app.hire(&person("New", "Person", &email)).await;
            }
        }
        self.app.drain().await;
    }

    async fn leaves(&mut self, id: &str) {
        let user = get(self.app, &format!("/directory_users/{id}")).await;
        let people = self.app.hr().people();
        let leaver = people.iter().find(|person| user.body["email"] == person.email.as_str());
        let leaver = leaver.expect("somebody in HR").employee_id.clone();
        self.app.leave(&leaver, &Leave { immediately: true, ..on(YESTERDAY) }).await;
        self.gone.insert(id.to_owned());
    }
}

async fn c_03_a_walk_meets_everybody_once_while_people_come_and_go(place: TestPlace) {
    // Leavers leave the list, and more go in an hour than the guard usually lets.
    let env = vec![
        ("ROLLCALL__SYNC__GUARD_SHARE", "1.0".to_owned()),
        ("ROLLCALL__SYNC__GUARD_MAX_COUNT", "1000".to_owned()),
    ];
    let options = Options { people: Some(PEOPLE), env, ..Options::default() };
    let app = TestApp::start_with(place, options).await;
    let organization = app.organization("Customer Ltd", &["ann@customer.example"]).await;
    let connected = app.prepared(&organization).await;
    let path = format!("/directories/{}", connected.directory);
    app.patch(&path, json!({"inactive_policy": "delete"})).await.ok();
    app.complete(&connected).await;

    let changes = Changes { app: &app, number: 0, gone: BTreeSet::new() };
    let changes = tokio::sync::Mutex::new(changes);
    holds_for(&Sdk::ALL, async |sdk| {
        let mut changes = changes.lock().await;
        let before = everybody(&app, &connected.directory).await;
        assert!(before.len() >= 250, "{} people", before.len());
        let (found, asked) = walk(&app, sdk, &connected, &mut changes).await;
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), found.len(), "{sdk:?}: somebody was met twice");
        let after = everybody(&app, &connected.directory).await;
        let missed: Vec<_> = before.iter().filter(|id| !distinct.contains(id)).collect();
        assert!(missed.is_empty(), "{sdk:?} missed {missed:?}");
        assert!(asked.len() > 3, "{sdk:?} asked only {asked:?}");
        let gone = before.iter().filter(|id| changes.gone.contains(*id)).count();
        assert!(gone > 0, "somebody has to go");
        assert_eq!(before.iter().filter(|id| !after.contains(id)).count(), gone);
        assert!(after.iter().any(|id| !before.contains(id)), "somebody has to come");
    })
    .await;
}

/// The ids that an SDK's own walk meets while somebody comes or goes before each of the first
/// pages; and what it asked for.
async fn walk(
    app: &TestApp,
    sdk: Sdk,
    connected: &Connected,
    changes: &mut Changes<'_>,
) -> (Vec<String>, Vec<String>) {
    let mut gate = Gate::before(app).await;
    let (base, mut asked) = (gate.base.clone(), Vec::new());
    let query = json!({"query": {"directory": connected.directory}});
    let walk = ask_at(&base, app.key.reveal(), sdk, "walk_users", query);
    let mut walk = std::pin::pin!(walk);
    changes.number = changes.number.next_multiple_of(2);
    loop {
        let waiting = tokio::select! {
            found = &mut walk => return (ids(&good(sdk, "walk", found)), asked),
            waiting = gate.next() => waiting,
        };
        // Those for Node begin again after their first page, so nothing happens before it.
        if (1..=6).contains(&asked.len()) {
            changes.one_more(&waiting.path).await;
        }
        asked.push(waiting.path.clone());
        waiting.go();
    }
}

/// A page: the ids and the cursors.
type Page = (Vec<String>, Option<String>, Option<String>);

async fn page(app: &TestApp, sdk: Sdk, query: Value) -> Page {
    let page = good(sdk, "list_users", ask(app, sdk, "list_users", json!({"query": query})).await);
    let cursor = |name: &str| page["list_metadata"][name].as_str().map(str::to_owned);
    (ids(&page["data"]), cursor("before"), cursor("after"))
}

async fn c_04_cursors_lead_both_ways_in_every_order(app: TestApp) {
    let connected = app.connected().await;
    let directory = &connected.directory;
    let oldest_first = everybody(&app, directory).await;
    let newest_first: Vec<String> = oldest_first.iter().rev().cloned().collect();
    holds_for(&Sdk::ALL, async |sdk| {
        for (order, all) in [("asc", &oldest_first), ("desc", &newest_first)] {
            let ask = |name: &'static str, value: Option<String>| {
                let mut query = json!({"directory": directory, "order": order, "limit": 7});
                if let Some(value) = value {
                    query[name] = json!(value);
                }
                page(&app, sdk, query)
            };
            let (first, before, after) = ask("", None).await;
            assert_eq!((&*first, before), (&all[..7], None), "{sdk:?} {order}");
            assert_eq!(after.as_ref(), Some(&all[6]));
            let (second, before, after) = ask("after", after).await;
            assert_eq!(second, all[7..14], "{sdk:?} {order}");
            assert_eq!(before.as_ref(), Some(&all[7]), "something precedes");
            assert_eq!(after.as_ref(), Some(&all[13]));
            // The items nearest before the cursor, in the same order.
            let (back, before, after) = ask("before", before).await;
            assert_eq!((&*back, before), (&all[..7], None), "{sdk:?} {order}");
            assert_eq!(after.as_ref(), Some(&all[6]));
            let (last, _, after) = ask("after", Some(all[all.len() - 4].clone())).await;
            assert_eq!((&*last, after), (&all[all.len() - 3..], None), "the end");
            let (none, _, after) = ask("after", all.last().cloned()).await;
            assert_eq!((none.len(), after), (0, None), "behind the end");
        }
    })
    .await;
    // `normal` is newest first with the cursors swapped; the types of the Python SDK 5 forbid it.
    let sdks = [Sdk::Node7, Sdk::Node8, Sdk::Node11, Sdk::Python10, Sdk::Rust];
    holds_for(&sdks, async |sdk| {
        let ask = |name: &str, value: &str| {
            page(
                &app,
                sdk,
                json!({"directory": directory, "order": "normal", "limit": 7, name: value}),
            )
        };
        let (older, ..) = ask("before", &newest_first[6]).await;
        assert_eq!(older, newest_first[7..14], "{sdk:?}: `before` leads to older ones");
        let (newer, ..) = ask("after", &newest_first[7]).await;
        assert_eq!(newer, newest_first[..7], "{sdk:?}: `after` leads to newer ones");
    })
    .await;
}

async fn c_04_a_limit_out_of_bounds_is_refused(app: TestApp) {
    let connected = app.connected().await;
    holds_for(&Sdk::ALL, async |sdk| {
        for limit in [-1, 101, 1_000_000] {
            let query = json!({"query": {"directory": connected.directory, "limit": limit}});
            let thrown = ask(&app, sdk, "list_users", query).await;
            let thrown = thrown.expect_err("no such limit");
            assert_eq!(thrown.status, Some(422), "{sdk:?} {limit}: {thrown:?}");
        }
    })
    .await;
    let of_directory = format!("directory={}", connected.directory);
    let lists = [
        format!("/directory_users?{of_directory}"),
        format!("/directory_groups?{of_directory}"),
        "/events?events=dsync.user.created".to_owned(),
        "/directories?search=".to_owned(),
        "/organizations?search=".to_owned(),
        "/webhook_endpoints?order=desc".to_owned(),
    ];
    for path in lists {
        for limit in ["0", "101", "abc", "-1", "1.5", "99999999999999999999"] {
            let sent = get(&app, &format!("{path}&limit={limit}")).await;
            assert_eq!(sent.status, 422, "{path} {limit:?}: {}", sent.text);
        }
        for limit in ["1", "100"] {
            let sent = get(&app, &format!("{path}&limit={limit}")).await;
            assert_eq!(sent.status, 200, "{path} {limit:?}: {}", sent.text);
        }
        let path = path.replace("order=desc", "limit=10");
        let sent = get(&app, &format!("{path}&order=sideways")).await;
        assert_eq!(sent.status, 422, "{path}: {}", sent.text);
    }
}

async fn c_14_the_second_page_of_an_old_python_sdk_stays_in_the_directory(app: TestApp) {
    let first = app.connected().await;
    let organization = app.organization("Another Ltd", &["eve@another.example"]).await;
    let second = app.prepared(&organization).await;
    app.complete(&second).await;
    for connected in [&first, &second] {
        let mut gate = Gate::before(&app).await;
        let (base, query) = (gate.base.clone(), json!({"directory": connected.directory}));
        let query = json!({"query": query});
        let walk = ask_at(&base, app.key.reveal(), Sdk::Python5, "walk_users", query);
        let mut walk = std::pin::pin!(walk);
        let mut asked = Vec::new();
        let found = loop {
            tokio::select! {
                found = &mut walk => break good(Sdk::Python5, "walk", found),
                waiting = gate.next() => {
                    asked.push(waiting.path.clone());
                    waiting.go();
                }
            }
        };
        assert!(!asked[1].contains("directory="), "the SDK has been mended: {asked:?}");
        let found = found.as_array().expect("users");
        let own = |user: &&Value| user["directory_id"] == connected.directory.as_str();
        assert!(found.iter().all(|user| own(&user)), "people of another directory");
        let mut found: Vec<String> = found.iter().map(|user| text(&user["id"])).collect();
        found.sort();
        assert_eq!(found, everybody(&app, &connected.directory).await);
    }
}

async fn c_14_without_cursor_and_scope_nobody_is_shown(app: TestApp) {
    let connected = app.connected().await;
    for path in ["/directory_users", "/directory_groups"] {
        let sent = get(&app, path).await;
        assert_eq!(sent.status, 422, "{path}: {}", sent.text);
        let unknown = "directory_user_01HZZZZZZZZZZZZZZZZZZZZZZZ";
        let sent = get(&app, &format!("{path}?after={unknown}")).await;
        assert!((400..500).contains(&sent.status), "{path}: {}", sent.text);
        // Synonyms, as a release of the Python SDK sent them.
        let sent = get(&app, &format!("{path}?directory_id={}", connected.directory)).await;
        assert_eq!(sent.ids().len(), 10, "{path}");
    }
    for name in ["idp_id=PW1", "email=ann@customer.example"] {
        let sent = get(&app, &format!("/directory_users?{name}")).await;
        assert_eq!(sent.status, 422, "{name}: {}", sent.text);
    }
}
