//! One look at a page: what has to hold for every page, at both widths and in both themes. What is
//! wrong is noted, so that one run shows everything, and fails the test at its end.
//!
//! With `ROLLCALL_TEST_PICTURES=FOLDER` each look writes its four pictures there.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use url::Url;

use super::window::{NARROW, Theme, WIDE, Window};
use crate::sdk::installed;
use crate::testdb::Engine;

/// Where pictures go.
const PICTURES: &str = "ROLLCALL_TEST_PICTURES";

/// What axe judges by: WCAG 2.2 AA and what came before it, and good custom.
const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// How much may move by itself. Web Vitals call 0.1 good; nothing here has a reason to move.
const SHIFT_MAX: f64 = 0.001;

/// How much while the page still arrives: a busy machine draws it meanwhile, and the items of a
/// menu move by a few pixels. A line that appears late moves 0.02.
const SHIFT_ARRIVING_MAX: f64 = 0.01;

impl Window<'_> {
    /// Looks at the page, which is called `name` on pictures.
    pub async fn look(&self, name: &str) -> &Self {
        self.keeps_still(name).await;
        for (width, theme) in [
            (WIDE, Theme::Light),
            (WIDE, Theme::Dark),
            (NARROW, Theme::Light),
            (NARROW, Theme::Dark),
        ] {
            let judged = [(WIDE, Theme::Light), (NARROW, Theme::Dark)].contains(&(width, theme));
            let pictures = self.pictures();
            if !judged && pictures.is_none() {
                continue;
            }
            self.dress(width, theme).await;
            let at = format!("{name}-{width}-{}", theme.name());
            if let Some(folder) = pictures {
                self.picture(&folder.join(format!("{at}.png"))).await;
            }
            if judged {
                self.does_not_move_sideways(&at).await;
                // What is folded away has to hold too.
                self.run("return eyes.unfold(true);", json!([])).await;
                self.does_not_move_sideways(&format!("{at}, unfolded")).await;
                self.is_accessible(&at).await;
                self.run("return eyes.unfold(false);", json!([])).await;
            }
        }
        self.dress(self.width, Theme::Light).await;
        self.run("return eyes.looked();", json!([])).await;
        self.logs_nothing_bad(name).await;
        self
    }

    /// A look at a page that another story looks at well.
    pub async fn glance(&self, name: &str) -> &Self {
        if self.pictures().is_some() {
            return self.look(name).await;
        }
        self.keeps_still(name).await;
        self.does_not_move_sideways(name).await;
        self.run("return eyes.looked();", json!([])).await;
        self.logs_nothing_bad(name).await;
        self
    }

    /// A look at a mail, which has no page's landmarks around it.
    pub async fn glance_at_mail(&self, name: &str) {
        for width in [WIDE, NARROW] {
            for theme in [Theme::Light, Theme::Dark] {
                self.dress(width, theme).await;
                let at = format!("{name}-{width}-{}", theme.name());
                if let Some(folder) = self.pictures() {
                    self.picture(&folder.join(format!("{at}.png"))).await;
                }
                self.does_not_move_sideways(&at).await;
            }
        }
        self.dress(self.width, Theme::Light).await;
        self.logs_nothing_bad(name).await;
    }

    /// Nothing has moved by itself since the page was opened or looked at.
    pub async fn keeps_still(&self, name: &str) {
        let shifts = self.run("return eyes.shifts();", json!([])).await;
        let shifts = shifts.as_array().expect("a list");
        for (is_arriving, most) in [(true, SHIFT_ARRIVING_MAX), (false, SHIFT_MAX)] {
            let of_then = shifts.iter().filter(|shift| shift[2] == is_arriving);
            let sum: f64 = of_then.filter_map(|shift| shift[0].as_f64()).sum();
            if sum > most {
                self.chrome.complain(format!("{name}: {sum:.4} moved by itself: {shifts:?}"));
            }
        }
    }

    async fn does_not_move_sideways(&self, at: &str) {
        let wide = self.run("return eyes.sideways();", json!([])).await;
        if wide.as_array().is_none_or(|wide| !wide.is_empty()) {
            self.chrome.complain(format!("{at} can be moved sideways: {wide:#}"));
        }
    }

    async fn is_accessible(&self, at: &str) {
        let has_axe = self.run("return typeof axe === 'object';", json!([])).await;
        if has_axe == false {
            let folder = installed("axe").unwrap_or_else(|why| panic!("axe-core: {why}"));
            let axe = std::fs::read_to_string(folder.join("node_modules/axe-core/axe.min.js"));
            // The policy of the page does not concern what its reader brings along.
            self.run(&axe.expect("axe-core is installed"), json!([])).await;
        }
        let found = self.run("return eyes.judge(arguments[0]);", json!([TAGS])).await;
        for violation in found.as_array().expect("a list") {
            self.chrome.complain(format!("{at}: {}", violation.as_str().unwrap_or_default()));
        }
    }

    /// The console has nothing bad to say, and nobody but ourselves was asked for anything.
    pub async fn logs_nothing_bad(&self, name: &str) {
        let mut expected =
            std::mem::take(&mut *self.chrome.expected.lock().expect("nobody panicked there"));
        for entry in self.chrome.log("browser").await {
            let message = entry["message"].as_str().unwrap_or_default();
            if entry["level"] != "SEVERE" {
                continue;
            }
            match expected.iter().position(|expected| message.contains(expected.as_str())) {
                Some(index) => drop(expected.remove(index)),
                None => self.chrome.complain(format!("{name}: the console says: {message}")),
            }
        }
        for missing in expected {
            self.chrome.complain(format!("{name}: the console does not say: {missing}"));
        }
        for foreign in self.chrome.log("performance").await.iter().filter_map(foreign) {
            self.chrome.complain(format!("{name}: {foreign}"));
        }
    }

    /// Where pictures go. The second database's would be the same under the same names.
    fn pictures(&self) -> Option<PathBuf> {
        let folder = std::env::var_os(PICTURES).filter(|folder| !folder.is_empty());
        folder.filter(|_| self.app.place.engine == Engine::Sqlite).map(PathBuf::from)
    }

    async fn picture(&self, file: &Path) {
        let metrics = self.tool("Page.getLayoutMetrics", json!({})).await;
        let mut clip = metrics["cssContentSize"].clone();
        clip["scale"] = json!(1);
        let how = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let shot = self.tool("Page.captureScreenshot", how).await;
        let png = STANDARD.decode(shot["data"].as_str().expect("a picture")).expect("base64");
        let folder = file.parent().expect("a folder");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(file, png))
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// What a first visit loads, in bytes over the wire.
    pub async fn weight(&self) -> Vec<(String, u64)> {
        let entries = self.run("return eyes.weight();", json!([])).await;
        let entries = entries.as_array().expect("a list").iter();
        let entry = |entry: &Value| {
            (
                entry[0].as_str().unwrap_or_default().to_owned(),
                entry[1].as_u64().unwrap_or(u64::MAX),
            )
        };
        entries.map(entry).collect()
    }
}

/// A request of a page to another origin than its own.
fn foreign(entry: &Value) -> Option<String> {
    let message: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
    let message = &message["message"];
    if message["method"] != "Network.requestWillBeSent" {
        return None;
    }
    let page = message["params"]["documentURL"].as_str()?;
    let asked = message["params"]["request"]["url"].as_str()?;
    if !page.starts_with("http") {
        return None; // The browser's own page in a new window.
    }
    if asked.starts_with("data:") {
        return None; // Nobody is asked. Ours would be against the policy, which the console says.
    }
    let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin());
    (origin(page) != origin(asked)).then(|| format!("{page} asks {asked}"))
}
