//! Wrong API keys are slowed by address, and a good one works all the same.

use rollcall::clock::Timestamp;

use crate::support::{TestApp, behaviours};

behaviours!(a_11_wrong_keys_are_slowed_on_both_surfaces, a_11_what_is_no_key_is_not_counted,);

/// Asks with this header; status, `Retry-After` and body.
async fn ask(app: &TestApp, path: &str, header: Option<&str>) -> (u16, Option<u32>, String) {
    let mut request = app.client.get(app.url(path));
    if let Some(header) = header {
        request = request.header("authorization", header);
    }
    let answer = request.send().await.unwrap();
    let wait = answer.headers().get("retry-after").map(|wait| wait.to_str().unwrap().to_owned());
    let wait = wait.map(|wait| wait.parse().unwrap());
    (answer.status().as_u16(), wait, answer.text().await.unwrap())
}

async fn a_11_wrong_keys_are_slowed_on_both_surfaces(app: TestApp) {
    let wrong = format!("Bearer sk_live_{}", "A".repeat(43));
    let good = format!("Bearer {}", app.key.reveal());
    let paths = ["/api/v1/organizations", "/directories"];
    for n in 0..10 {
        assert_eq!(ask(&app, paths[n % 2], Some(&wrong)).await.0, 401);
    }
    for path in paths {
        let (status, wait, body) = ask(&app, path, Some(&wrong)).await;
        assert_eq!(status, 429, "{body}");
        assert!((1..=61).contains(&wait.unwrap()), "{wait:?}");
        assert!(body.contains("too_many_wrong_keys") && !body.contains("AAAA"), "{body}");
        // The application behind the same address goes on, and that helps nobody who tries.
        assert_eq!(ask(&app, path, Some(&good)).await.0, 200);
        assert_eq!(ask(&app, path, Some("Bearer sk_live_x")).await.0, 429);
    }
    // So do very many good ones at once.
    let many = (0..50).map(|_| ask(&app, "/api/v1/organizations", Some(&good)));
    let answers = futures_util::future::join_all(many).await;
    assert!(answers.iter().all(|(status, ..)| *status == 200));
    app.clock.advance(Timestamp::MINUTE);
    assert_eq!(ask(&app, "/directories", Some(&wrong)).await.0, 401);
}

async fn a_11_what_is_no_key_is_not_counted(app: TestApp) {
    // Monitors and people who look into a browser have none.
    for _ in 0..30 {
        assert_eq!(ask(&app, "/api/v1/organizations", None).await.0, 401);
        assert_eq!(ask(&app, "/api/v1/organizations", Some("Basic YTpi")).await.0, 401);
    }
    assert_eq!(ask(&app, "/api/v1/organizations", Some("Bearer x")).await.0, 401);
}
