//! What somebody does in a window of a browser, in their own words: they open, click, fill in and
//! see. Waiting is asking again until a bound, never time alone.

use std::time::Duration;

use serde_json::{Value, json};

use super::driver::Chrome;
use crate::support::TestApp;

/// How long a person waits before they say that it does not work. Live parts ask every 3 s.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often they look meanwhile.
const LOOKS_EVERY: Duration = Duration::from_millis(40);
/// More presses of Tab than any page has stops.
const STOPS_MAX: usize = 120;

/// The clock of a page is moved on as that of the gateway is; nothing else waits for 3 s.
const HURRY: &str = "{
    const wait = window.setTimeout.bind(window);
    window.setTimeout = (work, after, ...rest) => wait(work, after === 3000 ? 300 : after, ...rest);
}";

const EYES: &str = include_str!("eyes.js");
/// How `WebDriver` calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub const TAB: &str = "\u{e004}";
pub const ENTER: &str = "\u{e007}";
pub const SPACE: &str = " ";
const CONTROL: &str = "\u{e009}";

/// The colours that somebody likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// Its name in CSS.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// How wide a phone is, and how wide a desk's screen.
pub const NARROW: u32 = 360;
pub const WIDE: u32 = 1440;

/// A window.
pub struct Window<'a> {
    pub chrome: &'a Chrome,
    pub app: &'a TestApp,
    name: String,
    /// How wide it is between looks.
    pub width: u32,
}

impl<'a> Window<'a> {
    /// Opens one of this width, in which the live parts of pages ask ten times as often.
    pub async fn open_at(chrome: &'a Chrome, app: &'a TestApp, width: u32) -> Self {
        let window = Self::open_unhurried(chrome, app, width).await;
        window.tool("Page.addScriptToEvaluateOnNewDocument", json!({"source": HURRY})).await;
        window
    }

    /// Opens one of this width.
    pub async fn open_unhurried(chrome: &'a Chrome, app: &'a TestApp, width: u32) -> Self {
        let name = chrome.new_window().await;
        let window = Self { chrome, app, name, width };
        window.dress(width, Theme::Light).await;
        let downloads = json!({"behavior": "allow", "downloadPath": chrome.folder()});
        chrome.tool(&window.name, "Browser.setDownloadBehavior", downloads).await;
        window
    }

    /// Takes this width and these colours on.
    pub async fn dress(&self, width: u32, theme: Theme) {
        let height = if width == NARROW { 740 } else { 900 };
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.tool("Emulation.setDeviceMetricsOverride", size).await;
        // Without transitions, so that no colour is judged on its way to another.
        let features = json!({"features": [
            {"name": "prefers-color-scheme", "value": theme.name()},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        self.tool("Emulation.setEmulatedMedia", features).await;
    }

    pub async fn tool(&self, command: &str, parameters: Value) -> Value {
        self.chrome.tool(&self.name, command, parameters).await
    }

    /// Calls one of `eyes.js`.
    pub async fn eyes(&self, which: &str, arguments: Value) -> Result<Value, String> {
        let script = format!("{EYES}\nreturn eyes.{which}(...arguments);");
        let body = json!({"script": script, "args": arguments});
        self.chrome.try_in(&self.name, "/execute/sync", body).await
    }

    /// Runs a script that calls `eyes`.
    pub async fn run(&self, script: &str, arguments: Value) -> Value {
        let script = format!("{EYES}\n{script}");
        let body = json!({"script": script, "args": arguments});
        self.chrome.in_window(&self.name, "/execute/sync", body).await
    }

    async fn send(&self, path: &str, body: Value) -> Value {
        self.chrome.in_window(&self.name, path, body).await
    }

    /// Asks again until there is an answer.
    async fn wait_for<T>(&self, what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
        let mut looks = tokio::time::interval(LOOKS_EVERY);
        let answered = tokio::time::timeout(PATIENCE, async {
            loop {
                looks.tick().await;
                if let Some(answer) = ask().await {
                    return answer;
                }
            }
        });
        match answered.await {
            Ok(answer) => answer,
            Err(late) => panic!("{what} ({late}):\n{}", self.words().await),
        }
    }

    /// The address, the title and the words of the page.
    pub async fn words(&self) -> String {
        let words = self.eyes("words", json!([])).await;
        words.map_or_else(|why| why, |words| words.as_str().unwrap_or_default().to_owned())
    }

    /// Opens an address, or a path of the gateway.
    pub async fn open(&self, address: &str) {
        let url = if address.starts_with('/') { self.app.url(address) } else { address.to_owned() };
        self.send("/url", json!({"url": url})).await;
    }

    /// The path of the page.
    pub async fn path(&self) -> String {
        let path = self.run("return location.pathname;", json!([])).await;
        path.as_str().expect("a path").to_owned()
    }

    /// Waits until the page says this.
    pub async fn sees(&self, text: &str) -> &Self {
        let says = async || match self.eyes("says", json!([text])).await {
            Ok(Value::Bool(true)) => Some(()),
            _ => None,
        };
        self.wait_for(&format!("{text:?} is not to be seen"), says).await;
        self
    }

    /// Waits until the page does not say this any more.
    pub async fn sees_no(&self, text: &str) -> &Self {
        let is_silent = async || match self.eyes("says", json!([text])).await {
            Ok(Value::Bool(false)) => Some(()),
            _ => None,
        };
        self.wait_for(&format!("{text:?} is still to be seen"), is_silent).await;
        self
    }

    /// The one element that this finds.
    async fn the(&self, which: &str, name: &str) -> String {
        let one = async || {
            let found = self.eyes(which, json!([name])).await.ok()?;
            let found = found.as_array().filter(|found| found.len() == 1)?;
            found[0][ELEMENT].as_str().map(str::to_owned)
        };
        self.wait_for(&format!("there is not exactly one {name:?} ({which})"), one).await
    }

    /// Does something to the one element that this finds, and again when a live part of the page
    /// replaced it between finding and doing. What was done to it is then gone with it.
    async fn to_the(&self, which: &str, name: &str, command: &str, body: Value) -> String {
        let done = async || {
            let element = self.the(which, name).await;
            let path = format!("/element/{element}/{command}");
            match self.chrome.try_in(&self.name, &path, body.clone()).await {
                Ok(_) => Some(element),
                Err(why) if why.contains("stale element reference") => None,
                Err(why) => panic!("{command} {name:?}: {}", why.replace("\\n", "\n")),
            }
        };
        self.wait_for(&format!("{name:?} is replaced again and again"), done).await
    }

    /// Presses the link, button or label with this name.
    pub async fn click(&self, name: &str) -> &Self {
        self.to_the("pressable", name, "click", json!({})).await;
        self
    }

    /// Writes into the field with this label, over what was there.
    pub async fn fill(&self, label: &str, text: &str) -> &Self {
        let element = self.to_the("fields", label, "clear", json!({})).await;
        self.send(&format!("/element/{element}/value"), json!({"text": text})).await;
        self
    }

    /// Puts what was copied into the field with this label.
    pub async fn paste(&self, label: &str) -> &Self {
        let element = self.to_the("fields", label, "clear", json!({})).await;
        let text = format!("{CONTROL}v");
        self.send(&format!("/element/{element}/value"), json!({"text": text})).await;
        self
    }

    /// What the field with this label holds.
    pub async fn value_of(&self, label: &str) -> String {
        let script = "return eyes.fields(arguments[0])[0]?.value ?? '';";
        self.run(script, json!([label])).await.as_str().expect("a text").to_owned()
    }

    /// Types at the keyboard, wherever the focus is.
    pub async fn type_in(&self, text: &str) -> &Self {
        let strokes = text.chars().flat_map(|key| {
            ["keyDown", "keyUp"].map(|kind| json!({"type": kind, "value": key.to_string()}))
        });
        let strokes: Vec<Value> = strokes.collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": strokes});
        self.send("/actions", json!({"actions": [keyboard]})).await;
        self
    }

    /// Presses Tab until the focus is on what is called so. Every stop on the way has to show that
    /// it has the focus.
    pub async fn tab_to(&self, name: &str) -> &Self {
        let mut stops = Vec::new();
        for _ in 0..STOPS_MAX {
            self.type_in(TAB).await;
            let focus = self.eyes("focus", json!([])).await.expect("the focus");
            let complaint = focus["complaint"].as_str().expect("a text");
            if !complaint.is_empty() {
                self.chrome.complain(format!("by keyboard to {name:?}: {complaint}"));
            }
            let stop = focus["name"].as_str().expect("a name").to_owned();
            if stop == name {
                return self;
            }
            stops.push(stop);
        }
        panic!("Tab does not lead to {name:?}, but to {stops:?}");
    }

    /// The same, and presses this key there.
    pub async fn press(&self, name: &str, key: &str) -> &Self {
        self.tab_to(name).await.type_in(key).await
    }

    /// Asserts that the focus is on what is called so.
    pub async fn has_focus_on(&self, name: &str) {
        let focus = self.eyes("focus", json!([])).await.expect("the focus");
        assert_eq!(focus["name"], name);
    }

    /// The whole name of what can be unfolded and begins so.
    pub async fn starting_with(&self, begins: &str) -> String {
        let script = "return [...document.querySelectorAll('summary')]
            .map((it) => words(it.textContent)).find((it) => it.startsWith(arguments[0]));";
        let found = self.run(script, json!([begins])).await;
        found.as_str().unwrap_or_else(|| panic!("nothing begins with {begins:?}")).to_owned()
    }

    /// Remembers the page as it is loaded now, for [`Self::is_same_page`].
    pub async fn remembers_page(&self) -> &Self {
        self.run("window.rollcallSame = true;", json!([])).await;
        self
    }

    /// Asserts that nothing was loaded anew since.
    pub async fn is_same_page(&self) -> &Self {
        let same = self.run("return window.rollcallSame === true;", json!([])).await;
        assert_eq!(same, true, "the page was loaded again:\n{}", self.words().await);
        self
    }

    /// A file that was loaded down, by its name.
    pub async fn file(&self, name: &str) -> String {
        let path = self.chrome.folder().join(name);
        let read = async || std::fs::read_to_string(&path).ok().filter(|text| !text.is_empty());
        self.wait_for(&format!("the file {name} does not come"), read).await
    }

    /// The next page is answered with this, and the console says so.
    pub fn expects(&self, status: u16) -> &Self {
        let expected = format!("responded with a status of {status} ");
        self.chrome.expected.lock().expect("nobody panicked there").push(expected);
        self
    }
}
