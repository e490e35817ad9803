//! The lists of the portal: finding people, and lists that are longer than a page.

use std::collections::BTreeSet;

use rollcall::sandbox::{Edit, Hire};

use crate::browser::Browser;
use crate::hr::person;
use crate::support::{Connected, Options, TestApp, behaviours};

behaviours!(
    people_are_found_by_name_e_mail_and_number,
    who_has_another_name_is_found_by_that_one,
    where_nobody_is_found_the_page_says_what_to_try,
    people_are_looked_for_in_their_department,
    long_lists_lead_on_and_back,
);

fn people_of(connected: &Connected) -> String {
    format!("/portal/directories/{}/people", connected.directory)
}

/// The path that looks for a text.
fn find(connected: &Connected, text: &str) -> String {
    let query = serde_urlencoded::to_string([("find", text)]).unwrap();
    format!("{}?{query}", people_of(connected))
}

async fn found(browser: &mut Browser<'_>, connected: &Connected, text: &str) -> Vec<String> {
    browser.open(&find(connected, text)).await;
    names(browser)
}

/// The names on the page, in order.
fn names(browser: &Browser<'_>) -> Vec<String> {
    let cells = browser.page.text.split("role=\"rowheader\">").skip(1);
    cells.map(|cell| cell.split('<').next().unwrap().to_owned()).collect()
}

async fn with_people(app: &TestApp) -> Connected {
    let hire = |first: &str, last: &str, number: &str| Hire {
        employee_id: Some(number.to_owned()),
        department: Some("Zoology".to_owned()),
        ..person(first, last, &format!("{}@zoo.example", number.to_lowercase()))
    };
    app.hire(&hire("Jörg", "Müllermeister", "ZX1")).await;
    app.hire(&hire("Zaphira", "O’Quilligan", "ZX2")).await;
    app.hire(&hire("Mary-Zane", "Müllerin", "zy%3")).await;
    app.connected().await
}

async fn people_are_found_by_name_e_mail_and_number(app: TestApp) {
    let connected = with_people(&app).await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let (joerg, zaphira, mary) =
        ("Jörg Müllermeister", "Zaphira O’Quilligan", "Mary-Zane Müllerin");
    for (text, expected) in [
        ("müllerm", vec![joerg]),
        ("MULLERM", vec![joerg]),
        ("jorg mullerm", vec![joerg]),
        ("Müllermeister, J", vec![joerg]),
        ("oquill", vec![zaphira]),
        ("O'Quill", vec![zaphira]),
        ("  zaph ", vec![zaphira]),
        ("mary zane", vec![mary]),
        ("zx1@ZOO", vec![joerg]),
        ("zx2", vec![zaphira]),
        ("ZX2", vec![zaphira]),
        ("zy%", vec![mary]),
        ("Müllermeister J Z", vec![]),
        ("quilligan", vec![]),
        ("zx_", vec![]),
        ("%", vec![]),
        ("\\", vec![]),
    ] {
        assert_eq!(found(&mut browser, &connected, text).await, expected, "{text}");
        assert_eq!(browser.page.status, 200);
    }
    let mut several = found(&mut browser, &connected, "muller").await;
    several.sort();
    assert_eq!(several, [joerg, mary]);
    let mut several = found(&mut browser, &connected, "zx").await;
    several.sort();
    assert_eq!(several, [joerg, zaphira]);
    // Nothing but blanks looks for nobody in particular.
    assert!(found(&mut browser, &connected, "  ").await.len() > 10);
}

async fn who_has_another_name_is_found_by_that_one(app: TestApp) {
    let connected = with_people(&app).await;
    let id =
        app.hr().people().iter().find(|p| p.first_name == "Zaphira").unwrap().employee_id.clone();
    app.edit(&id, Edit { last_name: Some("Ångström".to_owned()), ..Edit::default() }).await;
    app.drain().await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    assert_eq!(found(&mut browser, &connected, "angst").await, ["Zaphira Ångström"]);
    assert_eq!(found(&mut browser, &connected, "angstrom zaph").await, ["Zaphira Ångström"]);
    assert!(found(&mut browser, &connected, "oquill").await.is_empty());
}

async fn where_nobody_is_found_the_page_says_what_to_try(app: TestApp) {
    let connected = app.connected().await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    assert!(found(&mut browser, &connected, "<b>nobody</b>").await.is_empty());
    browser.page.says("Nobody is found. Try the beginning of the first or the last name");
    browser.page.says("Fewer letters find more.").is_silent_about("<b>nobody");
    assert_eq!(browser.page.values("find"), Vec::<String>::new(), "it is written with its id");
    assert!(browser.page.text.contains("value=\"&#60;b&#62;nobody&#60;/b&#62;\""));
    browser.page.says("Show everybody");
}

async fn people_are_looked_for_in_their_department(app: TestApp) {
    let connected = with_people(&app).await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    browser.open(&format!("/portal/directories/{}/groups", connected.directory)).await;
    let row = browser.page.text.split("<a href=\"").find(|row| row.contains(">Zoology<")).unwrap();
    let zoology = row.split('"').next().unwrap().replace("&#38;", "&");
    browser.open(&zoology).await.says("People in Zoology");
    assert_eq!(names(&browser).len(), 3);
    browser.open(&format!("{zoology}&find=muller")).await;
    assert_eq!(names(&browser).len(), 2);
    let other = somebody_else(&app);
    browser.open(&format!("{zoology}&find={other}")).await;
    browser.page.says("Nobody is found in this department.");
    let everybody = browser.page.attribute("href", &format!("{}?find=", people_of(&connected)));
    browser.open(&everybody.unwrap()).await;
    assert_eq!(names(&browser).len(), 1);
}

/// The e-mail of somebody of another department.
fn somebody_else(app: &TestApp) -> String {
    let people = app.hr().people();
    let one = people.iter().find(|one| one.department != "Zoology" && !one.email.is_empty());
    one.unwrap().email.clone()
}

/// Goes through a list from the newest to the oldest and back; the names on each page.
async fn there_and_back(browser: &mut Browser<'_>, first: &str) -> Vec<Vec<String>> {
    let link = |browser: &Browser<'_>, rel: &str| {
        let (before, _) = browser.page.text.split_once(&format!("\" rel=\"{rel}\""))?;
        let (_, href) = before.rsplit_once("href=\"")?;
        Some(href.replace("&#38;", "&"))
    };
    browser.open(first).await;
    assert_eq!(link(browser, "prev"), None, "nothing is before the first page");
    let mut pages = vec![names(browser)];
    while let Some(next) = link(browser, "next") {
        browser.open(&next).await;
        pages.push(names(browser));
    }
    let mut back = vec![names(browser)];
    while let Some(previous) = link(browser, "prev") {
        browser.open(&previous).await;
        back.push(names(browser));
    }
    back.reverse();
    assert_eq!(pages, back, "the way back shows the same");
    pages
}

async fn long_lists_lead_on_and_back(app: TestApp) {
    let app = app.another(Options { people: Some(130), ..Options::default() }).await;
    let one_name = |number: usize| {
        let first = format!("Qwert{}", "abcdefghij".chars().nth(number % 10).unwrap());
        Hire {
            employee_id: Some(format!("QQ{number}")),
            ..person(&first, &format!("N{number}"), &format!("q{number}@q.example"))
        }
    };
    for number in 0..60 {
        app.hire(&one_name(number)).await;
    }
    let connected = app.connected().await;
    let mut browser = Browser::visit(&app, &connected.organization).await;
    let pages = there_and_back(&mut browser, &people_of(&connected)).await;
    let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
    assert_eq!((sizes[0], sizes[1], sizes[2]), (50, 50, 50));
    let counts = &app.show(&connected).await["counts"];
    let all = counts["active"].as_u64().unwrap() + counts["inactive"].as_u64().unwrap();
    assert_eq!(sizes.iter().sum::<usize>(), usize::try_from(all).unwrap());

    // By last names, as on any list of people, and each person once.
    let shown: Vec<String> = pages.concat();
    let hired: Vec<&String> = shown.iter().filter(|name| name.starts_with("Qwert")).collect();
    let mut sorted = hired.clone();
    sorted.sort_by_key(|name| name.split_once(' ').unwrap().1);
    assert_eq!((hired.len(), hired), (60, sorted));

    // A part of the list stays that part on its other pages.
    let pages = there_and_back(&mut browser, &find(&connected, "qwert")).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [50, 10]);
    let names: BTreeSet<&String> = pages.iter().flatten().collect();
    assert_eq!(names.len(), 60);
    assert!(names.iter().all(|name| name.starts_with("Qwert")));
    assert_eq!(found(&mut browser, &connected, "qwerta").await.len(), 6);

    // One change for each account that was made.
    let pages = there_and_back(&mut browser, "/portal/changes").await;
    assert!(pages.len() > 3 && pages[..pages.len() - 1].iter().all(|page| page.len() == 50));
    let accounts = app.accounts(&connected.organization).await.len();
    assert!(pages.iter().flatten().count() >= accounts);
}
