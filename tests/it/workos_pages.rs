//! Pages of the surface for WorkOS SDKs: cursors, scope, and lists that change while they are read
//! (wire contract §3, C-03, C-04, C-14).

use std::collections::BTreeSet;

use reqwest::Method;
use rollcall::clock::SeededRandom;
use serde_json::{Value, json};

use crate::hr::{YESTERDAY, below, on, person};
use crate::support::{TestApp, behaviours};
use crate::systems::System;
use crate::workos::{ids, members, users};

behaviours!(
    c_14_a_page_without_scope_stays_in_its_directory,
    c_14_a_page_that_has_no_scope_is_refused,
    c_04_pages_are_cut_as_the_contract_says,
    c_03_who_stays_is_listed_once_while_others_come_and_go,
    c_03_what_stays_is_listed_once_in_every_order,
);

async fn c_14_a_page_without_scope_stays_in_its_directory(app: TestApp) {
    let people_hr = app.connected_to(System::PeopleHr).await;
    let breathe_hr = app.connected_to(System::BreatheHr).await;
    for connected in [&people_hr, &breathe_hr] {
        let everybody: BTreeSet<String> =
            users(&app, connected).await.iter().map(|u| u["id"].to_string()).collect();
        for list in ["directory_users", "directory_groups"] {
            for order in ["desc", "asc"] {
                // As Python 5 does it: the scope is on the first page only.
                let first =
                    format!("/{list}?limit=7&order={order}&directory={}", connected.directory);
                let mut page = app.root_get(&first).await;
                let mut seen: Vec<Value> = page["data"].as_array().unwrap().clone();
                while let Some(after) = page["list_metadata"]["after"].as_str() {
                    let next = format!("/{list}?limit=7&after={after}&order={order}");
                    page = app.root_get(&next).await;
                    seen.extend(page["data"].as_array().unwrap().iter().cloned());
                }
                assert!(seen.iter().all(|item| item["directory_id"] == connected.directory));
                let unique: BTreeSet<String> = seen.iter().map(|u| u["id"].to_string()).collect();
                assert_eq!(unique.len(), seen.len());
                if list == "directory_users" {
                    assert_eq!(unique, everybody);
                }
            }
        }
    }
    // A scope that is named counts, wherever the cursor comes from.
    let other = users(&app, &breathe_hr).await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/directory_users?directory={}&after={other}", people_hr.directory);
    let page = app.root_get(&path).await;
    let items = page["data"].as_array().unwrap();
    assert!(items.iter().all(|item| item["directory_id"] == people_hr.directory), "{page}");
}

async fn c_14_a_page_that_has_no_scope_is_refused(app: TestApp) {
    let connected = app.connected().await;
    let user = users(&app, &connected).await[3]["id"].as_str().unwrap().to_owned();
    let path = format!("/directory_groups?directory={}", connected.directory);
    let group = ids(&app.root_get(&path).await)[1].clone();
    app.root(Method::DELETE, &format!("/directories/{}", connected.directory), None).await;
    for path in [
        format!("/directory_users?after={user}"),
        format!("/directory_users?before={user}"),
        format!("/directory_groups?after={group}"),
        "/directory_users?limit=5".to_owned(),
        "/directory_groups?limit=5".to_owned(),
    ] {
        // An empty page would look like the end of the list.
        let refused = app.root(Method::GET, &path, None).await;
        refused.problem(422, "invalid_request_parameters");
        assert_eq!(refused.body["errors"][0]["field"], "directory", "{path}");
    }
    // With a scope the cursor is as good as ever.
    let path = format!("/directory_users?directory={}&after={user}", connected.directory);
    assert_eq!(app.root_get(&path).await["data"], json!([]));
}

async fn c_04_pages_are_cut_as_the_contract_says(app: TestApp) {
    for number in 0..5 {
        app.organization(&format!("Customer {number}"), &[]).await;
        app.clock.advance(1);
    }
    let page = async |query: &str| app.root_get(&format!("/organizations?{query}")).await;
    let all = ids(&page("limit=100").await);
    assert_eq!(all.len(), 5);
    assert!(all.is_sorted_by(|a, b| a > b), "newest first");
    let cut = |from: usize, to: usize| all[from..to].to_vec();
    let around = |list: &Value| {
        let side = |name: &str| list["list_metadata"][name].as_str().map(str::to_owned);
        (side("before"), side("after"))
    };
    let first = page("limit=2").await;
    assert_eq!((ids(&first), around(&first)), (cut(0, 2), (None, Some(all[1].clone()))));
    let second = page(&format!("limit=2&after={}", all[1])).await;
    let both = (Some(all[2].clone()), Some(all[3].clone()));
    assert_eq!((ids(&second), around(&second)), (cut(2, 4), both.clone()));
    let nearest = page(&format!("limit=2&before={}", all[4])).await;
    assert_eq!((ids(&nearest), around(&nearest)), (cut(2, 4), both));
    let last = page(&format!("limit=2&after={}", all[3])).await;
    assert_eq!((ids(&last), around(&last)), (cut(4, 5), (Some(all[4].clone()), None)));
    // `normal` is newest first, with the cursors exchanged.
    let older = page(&format!("limit=2&order=normal&before={}", all[1])).await;
    assert_eq!(ids(&older), cut(2, 4));
    assert_eq!(around(&older), (Some(all[3].clone()), Some(all[2].clone())));
    let newer = page(&format!("limit=2&order=normal&after={}", all[3])).await;
    assert_eq!(ids(&newer), cut(1, 3));
    let oldest = page("order=asc&limit=1").await;
    assert_eq!(ids(&oldest), cut(4, 5));
    assert_eq!(members(&first), BTreeSet::from(["object", "data", "list_metadata"]));
    for query in ["limit=0", "limit=101", "limit=abc", "order=up", "after=x", "before=directory_1"]
    {
        let wrong = app.root(Method::GET, &format!("/organizations?{query}"), None).await;
        wrong.problem(422, "invalid_request_parameters");
    }
}

/// The next page's cursor as an SDK walks with this order.
fn walk_with(order: &str) -> &'static str {
    if order == "normal" { "before" } else { "after" }
}

async fn c_03_who_stays_is_listed_once_while_others_come_and_go(app: TestApp) {
    let connected = app.connected().await;
    let path = format!("/directories/{}", connected.directory);
    app.patch(&path, json!({"inactive_policy": "delete"})).await.ok();
    for order in ["desc", "asc", "normal"] {
        let before: BTreeSet<String> =
            users(&app, &connected).await.iter().map(|u| u["id"].to_string()).collect();
        let mut seen: Vec<String> = Vec::new();
        let mut cursor = String::new();
        for step in 0.. {
            let path = format!(
                "/directory_users?directory={}&limit=6&order={order}{cursor}",
                connected.directory
            );
            let page = app.root_get(&path).await;
            seen.extend(page["data"].as_array().unwrap().iter().map(|u| u["id"].to_string()));
            let with = walk_with(order);
            let Some(id) = page["list_metadata"][with].as_str() else { break };
            cursor = format!("&{with}={id}");
            app.clock.advance(1);
            // The guard would hold more than a few leavers.
            if step == 2 {
                let leaver = app.employee(1);
                app.hr().leave(&leaver, &on(YESTERDAY)).await.unwrap();
            }
            let email = format!("new{step}.{order}@customer.example");
            app.hire(&person("New", "Comer", &email)).await;
            app.drain().await;
        }
        let after: BTreeSet<String> =
            users(&app, &connected).await.iter().map(|u| u["id"].to_string()).collect();
        assert!(after != before, "somebody came and somebody went");
        let once: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(once.len(), seen.len(), "{order}: somebody is listed twice");
        let stayed: BTreeSet<String> = before.intersection(&after).cloned().collect();
        assert!(once.is_superset(&stayed), "{order}: somebody is missing");
    }
}

async fn c_03_what_stays_is_listed_once_in_every_order(app: TestApp) {
    let random = SeededRandom::new(11);
    let make = async || {
        // Several of one millisecond, too.
        app.clock.advance(i64::try_from(below(&random, 2)).unwrap());
        app.organization("Customer", &[]).await
    };
    let mut present: Vec<String> = Vec::new();
    for _ in 0..25 {
        present.push(make().await);
    }
    for order in ["desc", "asc", "normal"] {
        for _ in 0..3 {
            app.clock.advance(1);
            let limit = 1 + below(&random, 6);
            let (mut stable, mut seen) = (present.clone(), Vec::new());
            let mut cursor = String::new();
            loop {
                let path = format!("/organizations?limit={limit}&order={order}{cursor}");
                let page = app.root_get(&path).await;
                seen.extend(ids(&page));
                let with = walk_with(order);
                let Some(id) = page["list_metadata"][with].as_str() else { break };
                cursor = format!("&{with}={id}");
                if below(&random, 2) == 0 {
                    present.push(make().await);
                } else if present.len() > 12 {
                    // The one under the cursor as well as any other.
                    let at = present.iter().position(|other| other == id);
                    let any = below(&random, present.len());
                    let gone = present.remove(at.filter(|_| below(&random, 2) == 0).unwrap_or(any));
                    stable.retain(|other| *other != gone);
                    let path = format!("/organizations/{gone}");
                    assert_eq!(app.root(Method::DELETE, &path, None).await.status, 204);
                }
            }
            let once: BTreeSet<&String> = seen.iter().collect();
            assert_eq!(once.len(), seen.len(), "{order} by {limit}: {seen:?}");
            let missing: Vec<&String> = stable.iter().filter(|id| !once.contains(id)).collect();
            assert!(missing.is_empty(), "{order} by {limit}: {missing:?}");
        }
    }
}
