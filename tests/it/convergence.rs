//! Whatever HR did, and whichever webhooks were lost, doubled, late or out of order: after a full
//! sync the application agrees with HR, nothing was told twice, and another sync changes nothing
//! (S-04, S-05, S-21 … S-25, S-31). The scripts are random and repeatable: the seed is printed on
//! failure.
//!
//! Long because one machine plays HR, the network and the checks of a random script.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::ToSpan;
use jiff::civil::Date;
use rollcall::clock::{SeededRandom, Timestamp};
use rollcall::domain::employee::clean_text;
use rollcall::sandbox::{
    ChangeError, Changed, Edit, Hire, HookFaults, Leave, PersonView, SentHook, Standing,
};
use serde_json::{Value, json};

use crate::audit::tells_how_it_came;
use crate::hr::{below, hooks, no_hooks, person};
use crate::support::{Connected, Options, TestApp, behaviours};

behaviours!(
    s_04_any_changes_with_any_hooks_end_as_hr_has_them,
    s_32_no_changes_with_any_hooks_take_access_from_more_than_the_limit,
);

/// How many scripts, and how long.
const SEEDS: std::ops::Range<u64> = 3..7;
const STEPS: usize = 60;

/// Tells the seed when a test fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the seed was {}", self.0);
        }
    }
}

/// The HR department and the network between, acting at random.
struct Script<'a> {
    app: &'a TestApp,
    connected: &'a Connected,
    random: SeededRandom,
    step: usize,
    /// Hooks that are still under way.
    late: Vec<SentHook>,
    /// First name, last name and e-mail of people whose records are closed or deleted.
    vacated: Vec<(String, String, String)>,
    /// Who was given another name; their addresses are not used again, as for the gateway they
    /// would go to somebody else, which an admin has to decide (S-20).
    renamed: HashSet<String>,
    /// How many of the changes, of a hundred, are people who leave or are deleted.
    leavers_percent: usize,
    /// E-mails went from one person to another since the last full sync.
    exchanged: bool,
    /// What was done, for the reader of a failure.
    told: Vec<String>,
}

impl Drop for Script<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the script was:\n{}", self.told.join("\n"));
        }
    }
}

impl<'a> Script<'a> {
    fn new(app: &'a TestApp, connected: &'a Connected, seed: u64) -> Self {
        Self {
            app,
            connected,
            random: SeededRandom::new(seed),
            step: 0,
            late: Vec::new(),
            vacated: Vec::new(),
            renamed: HashSet::new(),
            leavers_percent: 0,
            exchanged: false,
            told: Vec::new(),
        }
    }

    fn below(&self, bound: usize) -> usize {
        below(&self.random, bound)
    }

    fn chance(&self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn note(&mut self, what: String) {
        self.told.push(format!("{:>3} {} {what}", self.step, self.app.hr().today()));
    }

    fn anybody(&self) -> PersonView {
        let people = self.app.hr().people();
        people[self.below(people.len())].clone()
    }

    fn day(&self, before: i64, after: i64) -> Date {
        let span = usize::try_from(before + after + 1).expect("a small number");
        let days = i64::try_from(self.below(span)).expect("a small number") - before;
        self.app.hr().today().saturating_add(days.days())
    }

    fn fresh_email(&self) -> String {
        format!("fresh.{}.{}@acme.example", self.step, self.below(1_000_000))
    }

    async fn run(&mut self, steps: usize) {
        for step in 0..steps {
            self.step = step;
            let faults = HookFaults {
                dropped: self.chance(40),
                doubled: self.chance(30),
                reordered: self.chance(30),
                old_employee_id: self.chance(30),
                tell_rehire: self.chance(50),
                ..HookFaults::default()
            };
            self.app.hr().set_faults(hooks(faults));
            self.change().await;
            self.network().await;
        }
        self.app.hr().set_faults(no_hooks());
        self.app.drain().await;
    }

    /// Late hooks arrive, work is done, time passes.
    async fn network(&mut self) {
        while !self.late.is_empty() && self.chance(25) {
            let hook = self.late.swap_remove(self.below(self.late.len()));
            self.note(format!("a late hook about {}", hook.employee_id));
            let url = &self.connected.hook_url;
            let status = self.app.hook(url, &hook.content_type, hook.body).await;
            assert!((200..300).contains(&status), "{status}");
        }
        if self.chance(40) {
            self.note("drained".to_owned());
            self.app.drain().await;
        }
        let longest = match self.below(20) {
            0 => 30 * Timestamp::HOUR,
            1 => 45 * Timestamp::MINUTE,
            2..6 => 2 * Timestamp::MINUTE,
            _ => 50,
        };
        let longest = usize::try_from(longest).expect("a small number");
        let passed = i64::try_from(1 + self.below(longest)).expect("a small number");
        self.app.clock.advance(passed);
    }

    /// Keeps the hooks that were not sent; some arrive later.
    fn took(&mut self, made: Result<Changed, ChangeError>, what: &str) {
        match made {
            Ok(changed) => {
                let PersonView { employee_id, unique_key, email, .. } = &changed.person;
                self.note(format!("{what}: {employee_id} {unique_key} {email}"));
                if self.app.hr().faults().hooks.dropped {
                    self.late.extend(changed.hooks);
                }
            }
            // HR's own rules forbid some changes.
            Err(error) => self.note(format!("{what}: {error:?}")),
        }
    }

    async fn edit(&mut self, who: &PersonView, edit: Edit, what: &str) {
        let made = self.app.hr().edit(&who.employee_id, &edit).await;
        self.took(made, what);
    }

    /// Nobody's address goes to somebody else whom the gateway has not seen give up their own: that
    /// would wait for an admin (S-24), rightly. So a full sync sees exchanged addresses before one
    /// of them goes.
    async fn see_exchanges(&mut self) {
        if std::mem::take(&mut self.exchanged) {
            self.note("a full sync".to_owned());
            full_sync(self.app, self.connected).await;
        }
    }

    async fn change(&mut self) {
        let who = self.anybody();
        let text = |words: [&str; 3]| Some(words[self.below(3)].to_owned());
        let extra = self.chance(self.leavers_percent);
        let what = if extra { [10, 10, 13][self.below(3)] } else { self.below(16) };
        match what {
            0 => self.hire().await,
            1 => {
                let department = text(["Sales", "Fresh Fields", ""]);
                self.edit(&who, Edit { department, ..Edit::default() }, "department").await;
            }
            2 => {
                let job_role = text(["Glazier", "Baker", "  Head  of   Bread "]);
                let location = text(["Site 1", "Site 2", ""]);
                self.edit(&who, Edit { job_role, location, ..Edit::default() }, "job").await;
            }
            3 | 4 => {
                let boss = self.anybody().employee_id;
                let boss = if self.chance(20) { String::new() } else { boss };
                let edit = Edit { reports_to: Some(boss), ..Edit::default() };
                self.edit(&who, edit, "manager").await;
            }
            5 | 6 => {
                let email = Some(self.fresh_email());
                self.edit(&who, Edit { email, ..Edit::default() }, "e-mail").await;
            }
            7 => self.swap(&who).await,
            8 => self.rename(&who).await,
            9 => {
                let start_date = Some(self.day(5, 3).to_string());
                self.edit(&who, Edit { start_date, ..Edit::default() }, "start").await;
            }
            10 | 11 => self.leave(&who).await,
            12 => self.rehire().await,
            13 => self.delete(&who).await,
            14 => {
                let employee_id = Some(format!("N{}-{}", self.step, self.below(1000)));
                self.edit(&who, Edit { employee_id, ..Edit::default() }, "id").await;
            }
            _ => self.hire_again().await,
        }
    }

    async fn hire(&mut self) {
        let hire = Hire {
            start_date: Some(self.day(5, 3).to_string()),
            reports_to: self.chance(50).then(|| self.anybody().employee_id),
            ..person("New", &format!("Comer-{}", self.step), &self.fresh_email())
        };
        let made = self.app.hr().hire(&hire).await;
        self.took(made, "hired");
    }

    /// Somebody who left comes back under another number, with name and e-mail of before.
    async fn hire_again(&mut self) {
        if self.vacated.is_empty() {
            return;
        }
        let (first, last, email) = self.vacated.swap_remove(self.below(self.vacated.len()));
        let made = self.app.hr().hire(&person(&first, &last, &email)).await;
        self.took(made, "hired again");
    }

    async fn rename(&mut self, who: &PersonView) {
        if !self.vacated.iter().any(|(_, last, _)| *last == who.last_name) {
            self.renamed.insert(who.unique_key.clone());
            let last_name = Some(format!("Name-{}", self.step));
            self.edit(who, Edit { last_name, ..Edit::default() }, "name").await;
        }
    }

    /// Two people exchange their e-mails, or one who has none gets one.
    async fn swap(&mut self, who: &PersonView) {
        let other = self.anybody();
        let email = |email: &str| Edit { email: Some(email.to_owned()), ..Edit::default() };
        // While a leaver waits to lose access, their address is not free for others (S-24): what
        // becomes of it is an admin's to decide, and no script's.
        let people = self.app.hr().people();
        let waits = |person: &PersonView| {
            self.leavers_percent > 0
                && people.iter().any(|one| {
                    one.unique_key != person.unique_key
                        && one.standing == Standing::Left
                        && (&one.first_name, &one.last_name)
                            == (&person.first_name, &person.last_name)
                })
        };
        let is_alone = other.email.is_empty() || who.email.is_empty();
        if is_alone || other.unique_key == who.unique_key || waits(who) || waits(&other) {
            let fresh = self.fresh_email();
            return self.edit(who, email(&fresh), "e-mail").await;
        }
        self.exchanged = true;
        let parked = self.fresh_email();
        self.edit(who, email(&parked), "parked").await;
        self.edit(&other, email(&who.email), "swapped").await;
        self.network().await;
        self.edit(who, email(&other.email), "swapped").await;
    }

    async fn leave(&mut self, who: &PersonView) {
        let immediately = self.chance(30);
        let leaving_date = self.day(3, 4);
        let is_over = immediately || leaving_date < self.app.hr().today();
        let blank_email = is_over && self.chance(40) && who.standing == Standing::Active;
        if blank_email {
            self.see_exchanges().await;
        }
        let reason = String::new();
        let leave = Leave { leaving_date, immediately, blank_email, reason };
        let made = self.app.hr().leave(&who.employee_id, &leave).await;
        if blank_email && made.is_ok() {
            self.vacate(who);
        }
        self.took(made, "left");
    }

    async fn delete(&mut self, who: &PersonView) {
        self.see_exchanges().await;
        let made = self.app.hr().delete(&who.employee_id).await;
        self.vacate(who);
        self.took(made, "deleted");
    }

    fn vacate(&mut self, who: &PersonView) {
        if !who.email.is_empty() && !self.renamed.contains(&who.unique_key) {
            let (first, last) = (who.first_name.clone(), who.last_name.clone());
            self.vacated.push((first, last, who.email.clone()));
        }
    }

    /// Somebody's leaving is taken back; who has no e-mail any more gets a new one first.
    async fn rehire(&mut self) {
        let people = self.app.hr().people();
        let leavers: Vec<&PersonView> =
            people.iter().filter(|it| it.standing != Standing::Active).collect();
        if leavers.is_empty() {
            return;
        }
        let who = leavers[self.below(leavers.len())];
        if who.email.is_empty() {
            let email = Some(self.fresh_email());
            self.edit(who, Edit { email, ..Edit::default() }, "e-mail").await;
        }
        let made = self.app.hr().rehire(&who.employee_id).await;
        self.took(made, "came back");
    }
}

async fn full_sync(app: &TestApp, connected: &Connected) {
    app.drain().await;
    app.sync_now(connected).await.ok();
    app.drain().await;
}

/// What the gateway has of the people: the linked account of each external key.
fn links(app: &TestApp) -> HashMap<String, String> {
    let sql = "SELECT u.external_key || ' ' || l.account_id AS value \
               FROM links l JOIN directory_users u ON u.id = l.directory_user_id";
    let rows = app.raw().values(sql);
    let pairs = rows.iter().filter_map(|row| row.rsplit_once(' '));
    pairs.map(|(key, account)| (key.to_owned(), account.to_owned())).collect()
}

/// What of a person is not in their account, by the key alone: who is employed has an account like
/// the record, who is not has none that is active, and no account stands for nobody.
async fn differences(app: &TestApp, connected: &Connected) -> Vec<String> {
    let (people, links, today) = (app.hr().people(), links(app), app.hr().today());
    let accounts = app.accounts(&connected.organization).await;
    let by_id: HashMap<&str, &Value> =
        accounts.iter().map(|it| (it["id"].as_str().expect("an id"), it)).collect();
    let account_of = |person: &PersonView| {
        links.get(&person.unique_key).map(|id| *by_id.get(id.as_str()).expect("a linked account"))
    };
    let mut found = Vec::new();
    for person in &people {
        let Some(account) = account_of(person) else {
            if person.standing != Standing::Left && !person.email.is_empty() {
                found.push(format!("no account: {person:?}"));
            }
            continue;
        };
        let manager = person.reports_to.as_ref().and_then(|id| app.hr().person(id));
        let manager = manager.as_ref().and_then(account_of).map(|it| it["id"].clone());
        found.extend(unlike(account, person, manager.unwrap_or_default(), today));
    }
    let keys: HashSet<&str> = people.iter().map(|it| it.unique_key.as_str()).collect();
    for (key, id) in links.iter().filter(|(key, _)| !keys.contains(key.as_str())) {
        if by_id[id.as_str()]["status"] != "inactive" {
            found.push(format!("{key} is gone from HR and has {id}"));
        }
    }
    let linked: HashSet<&String> = links.values().collect();
    let managed = accounts.iter().filter(|it| it["managed_by"] == connected.directory.as_str());
    assert_eq!(managed.count(), linked.len(), "each managed account has its person");
    found
}

/// How an account differs from a record.
fn unlike(account: &Value, person: &PersonView, manager: Value, today: Date) -> Vec<String> {
    let starts_later = person.start_date.parse::<Date>().is_ok_and(|start| start > today);
    let status = match person.standing {
        Standing::Left => "inactive",
        _ if starts_later && account["status"] != "active" => "pending",
        _ => "active",
    };
    let text = |text: &str| json!(clean_text(text));
    let mut expected = vec![
        ("first_name", text(&person.first_name)),
        ("last_name", text(&person.last_name)),
        ("department", text(&person.department)),
        ("position", text(&person.job_role)),
        ("office_location", text(&person.location)),
        ("start_date", text(&person.start_date)),
        ("leaving_date", json!(person.leaving_date)),
        ("manager_account_id", manager),
        ("status", json!(status)),
    ];
    // A linked leaver keeps the last known address (S-07).
    if !person.email.is_empty() {
        expected.push(("email", text(&person.email)));
    }
    let different = expected.into_iter().filter(|(name, value)| account[name] != *value);
    different
        .map(|(name, value)| format!("{name} is {}, not {value}, of {person:?}", account[name]))
        .collect()
}

/// Everything that another application of the same could change.
async fn everything(app: &TestApp, connected: &Connected) -> BTreeMap<&'static str, Vec<String>> {
    let shown = |values: Vec<Value>| values.iter().map(Value::to_string).collect::<Vec<_>>();
    let user = "SELECT id || ' ' || external_key || ' ' || state || ' ' || record || ' ' || \
                CAST(version AS TEXT) AS value FROM directory_users ORDER BY id";
    let link = "SELECT id || ' ' || directory_user_id || ' ' || account_id AS value \
                FROM links ORDER BY id";
    let member = "SELECT directory_user_id || ' ' || group_id AS value \
                  FROM group_memberships ORDER BY directory_user_id";
    let change = "SELECT id AS value FROM account_changes ORDER BY id";
    let event = "SELECT event_type || ' ' || data AS value FROM events ORDER BY number";
    let holds = app.all(&format!("/directories/{}/holds", connected.directory)).await;
    let mut problems = app.row_problems(connected).await;
    for problem in &mut problems {
        // When it was last seen: each full sync looks again.
        problem.as_object_mut().expect("an object").remove("updated_at");
    }
    BTreeMap::from([
        ("accounts", shown(app.accounts(&connected.organization).await)),
        ("directory users", app.raw().values(user)),
        ("links", app.raw().values(link)),
        ("memberships", app.raw().values(member)),
        ("changes", app.raw().values(change)),
        ("events", app.raw().values(event)),
        ("holds", shown(holds)),
        ("row problems", shown(problems)),
    ])
}

/// Asserts that nothing was told twice, that versions only rise, that memberships are told turn and
/// turn about, and that who believes the events knows what is.
async fn told_once(app: &TestApp) {
    let mut versions: HashMap<String, i64> = HashMap::new();
    let mut last: HashMap<String, Value> = HashMap::new();
    let mut members: HashSet<(String, String)> = HashSet::new();
    for event in app.events("").await {
        let (kind, data) = (event["event"].as_str().expect("a type"), &event["data"]);
        let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
        match kind {
            "dsync.user.created" | "dsync.user.updated" | "dsync.user.deleted" => {
                let version = data["version"].as_i64().expect("a version");
                let before = versions.insert(id(data), version);
                assert!(before.is_none_or(|it| it < version), "{before:?} before {event:#}");
                assert_eq!(kind == "dsync.user.created", before.is_none(), "{event:#}");
                last.insert(id(data), data.clone());
            }
            "dsync.group.user_added" => {
                let pair = (id(&data["user"]), id(&data["group"]));
                assert!(members.insert(pair), "already a member: {event:#}");
            }
            "dsync.group.user_removed" => {
                let pair = (id(&data["user"]), id(&data["group"]));
                assert!(members.remove(&pair), "no member: {event:#}");
            }
            _ => {}
        }
    }
    let sql = "SELECT directory_user_id || ' ' || group_id AS value FROM group_memberships";
    let stored = app.raw().values(sql);
    let stored = stored.iter().filter_map(|row| row.split_once(' '));
    let stored: HashSet<_> = stored.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    assert_eq!(members, stored, "the memberships that were told");
    let sql = "SELECT u.id || ' ' || CAST(u.version AS TEXT) || ' ' || \
               CASE WHEN u.waits_for_start THEN 'inactive' ELSE u.state END || ' ' || \
               COALESCE(l.account_id, 'null') AS value \
               FROM directory_users u LEFT JOIN links l ON l.directory_user_id = u.id";
    for row in app.raw().values(sql) {
        let parts: Vec<&str> = row.split(' ').collect();
        let data = &last[parts[0]];
        assert_eq!(data["version"].to_string(), parts[1], "{data:#}");
        assert_eq!(data["state"], parts[2], "{data:#}");
        let account = data["account_id"].as_str().unwrap_or("null");
        assert_eq!(account, parts[3], "{data:#}");
    }
}

/// Asserts that another full sync changes nothing at all.
async fn another_changes_nothing(app: &TestApp, connected: &Connected) {
    let before = everything(app, connected).await;
    full_sync(app, connected).await;
    let after = everything(app, connected).await;
    for (what, rows) in &before {
        assert_eq!(rows, &after[what], "{what}");
    }
}

async fn s_04_any_changes_with_any_hooks_end_as_hr_has_them(app: TestApp) {
    for seed in SEEDS {
        let _seed = Seed(seed);
        let env = vec![
            ("ROLLCALL__SYNC__GUARD_SHARE", "1.0".to_owned()),
            ("ROLLCALL__SYNC__GUARD_MAX_COUNT", "100000".to_owned()),
        ];
        let app = app.another(Options { people: Some(25), env, ..Options::default() }).await;
        let connected = app.connected().await;
        let mut script = Script::new(&app, &connected, seed);
        script.run(STEPS).await;
        full_sync(&app, &connected).await;
        let found = differences(&app, &connected).await;
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert!(app.open_holds(&connected).await.is_empty());
        tells_how_it_came(&app, &connected.organization).await;
        told_once(&app).await;
        another_changes_nothing(&app, &connected).await;
    }
}

/// When accounts lost access, without those whose leaving date was known before: it was counted
/// then.
fn losses(app: &TestApp, connected: &Connected) -> Vec<i64> {
    let sql = format!(
        "SELECT account_id || ' ' || CAST(created_at_ms AS TEXT) || ' ' || changes AS value \
         FROM account_changes WHERE organization_id = '{}' ORDER BY id",
        connected.organization
    );
    let mut known_since: HashMap<String, i64> = HashMap::new();
    let mut times = Vec::new();
    for row in app.raw().values(&sql) {
        let parts: Vec<&str> = row.splitn(3, ' ').collect();
        let at: i64 = parts[1].parse().expect("a number");
        let changes: Value = serde_json::from_str(parts[2]).expect("JSON");
        if !changes["leaving_date"].is_null() {
            known_since.insert(parts[0].to_owned(), at);
        }
        let since = known_since.get(parts[0]).copied().unwrap_or(at);
        let lost = changes["status"] == json!({"from": "active", "to": "inactive"});
        if lost && at == since {
            times.push(at);
        }
    }
    times.sort_unstable();
    times
}

async fn s_32_no_changes_with_any_hooks_take_access_from_more_than_the_limit(app: TestApp) {
    const LIMIT: usize = 5;
    let mut waited = 0;
    for seed in SEEDS {
        let _seed = Seed(seed);
        let app = app.another(Options { people: Some(40), ..Options::default() }).await;
        let connected = app.connected().await;
        let mut script = Script::new(&app, &connected, seed);
        script.leavers_percent = 50;
        script.run(STEPS).await;
        full_sync(&app, &connected).await;
        let times = losses(&app, &connected);
        for window in times.windows(LIMIT + 1) {
            assert!(window[LIMIT] - window[0] >= Timestamp::HOUR, "{times:?}");
        }
        told_once(&app).await;
        tells_how_it_came(&app, &connected.organization).await;
        another_changes_nothing(&app, &connected).await;

        // With an admin's word everything is as HR has it.
        for _ in 0..2 {
            for hold in app.open_holds(&connected).await {
                // Who was hired again while their old record still waits to lose access has to
                // wait for that too (S-22), and not for an admin.
                if hold["kind"] != "deactivations" {
                    assert_eq!(hold["kind"], "link", "{hold:#}");
                    continue;
                }
                let (directory, id) = (&connected.directory, hold["id"].as_str().unwrap());
                let path = format!("/directories/{directory}/holds/{id}/approve");
                app.post(&path, json!({"list_version": hold["list_version"]})).await.ok();
                waited += 1;
            }
            full_sync(&app, &connected).await;
        }
        full_sync(&app, &connected).await;
        let found = differences(&app, &connected).await;
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert!(app.open_holds(&connected).await.is_empty());
        told_once(&app).await;
        another_changes_nothing(&app, &connected).await;
    }
    assert!(waited > 0, "no script ever reached the limit");
}
