//! A browser without JavaScript: it keeps its cookie, sends the forms of the page it shows, and
//! looks at every page with the eyes of somebody who guards secrets.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::systems::System;

/// What every page must send.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What is shown.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    pub status: u16,
    pub text: String,
    pub headers: Vec<(String, String)>,
    /// Where it is.
    pub path: String,
}

impl Shown {
    /// The values of a header.
    pub fn header(&self, name: &str) -> String {
        let of_name = self.headers.iter().filter(|(key, _)| key == name);
        of_name.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The page's words without its elements, in one line.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for part in self.text.split('<') {
            words.push_str(part.split_once('>').map_or(part, |(_, text)| text));
            words.push(' ');
        }
        let words = words.replace("&#38;", "&").replace("&#60;", "<").replace("&#62;", ">");
        words
            .replace("&#39;", "'")
            .replace("&#34;", "\"")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Asserts that the page says this.
    #[track_caller]
    pub fn says(&self, what: &str) -> &Self {
        let words = self.words();
        assert!(words.contains(what), "{what:?} is not on {} {}:\n{words}", self.status, self.path);
        self
    }

    /// Asserts that the page does not say this.
    #[track_caller]
    pub fn is_silent_about(&self, what: &str) -> &Self {
        assert!(!self.text.contains(what), "{what:?} is on {}", self.path);
        self
    }

    /// The first value of an attribute that begins like this.
    pub fn attribute(&self, name: &str, begins: &str) -> Option<String> {
        let start = format!("{name}=\"{begins}");
        let (_, rest) = self.text.split_once(&start)?;
        let (end, _) = rest.split_once('"')?;
        Some(format!("{begins}{end}").replace("&#38;", "&").replace("&amp;", "&"))
    }

    /// The values of the fields with this name.
    pub fn values(&self, field: &str) -> Vec<String> {
        let start = format!("name=\"{field}\" value=\"");
        let parts = self.text.split(&start).skip(1);
        parts.filter_map(|part| part.split_once('"')).map(|(value, _)| value.to_owned()).collect()
    }
}

/// A browser.
pub struct Browser<'a> {
    app: &'a TestApp,
    client: reqwest::Client,
    pub cookie: Option<String>,
    pub page: Shown,
    /// What no page may show.
    pub secrets: Vec<String>,
    /// What form the page is from, as the browser would tell it.
    pub origin: Option<String>,
}

impl<'a> Browser<'a> {
    pub fn new(app: &'a TestApp) -> Self {
        let never = reqwest::redirect::Policy::none();
        #[expect(clippy::disallowed_methods, reason = "the test plays the browser")]
        let client = reqwest::Client::builder().redirect(never).build().expect("a client");
        let origin = Some(format!("http://{}", app.running.address));
        Self { app, client, cookie: None, page: Shown::default(), secrets: Vec::new(), origin }
    }

    async fn send(&mut self, method: Method, path: &str, form: Option<&[(&str, &str)]>) -> &Shown {
        let url = format!("http://{}{path}", self.app.running.address);
        let mut request = self.client.request(method, url);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        if let Some(form) = form {
            let body = serde_urlencoded::to_string(form).expect("a form");
            request =
                request.header("content-type", "application/x-www-form-urlencoded").body(body);
            if let Some(origin) = &self.origin {
                request = request.header("origin", origin);
            }
        }
        let answer = request.send().await.expect("the gateway answers");
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
        self.page = Shown {
            status: answer.status().as_u16(),
            headers: answer.headers().iter().map(|(k, v)| (k.to_string(), text(v))).collect(),
            text: answer.text().await.expect("a text"),
            path: path.to_owned(),
        };
        self.guard();
        let cookies = self.page.header("set-cookie");
        if let Some(pair) = cookies.split(';').next().filter(|pair| !pair.is_empty()) {
            self.cookie = (!pair.ends_with('=')).then(|| pair.to_owned());
        }
        &self.page
    }

    /// What holds for every page.
    fn guard(&self) {
        let page = &self.page;
        assert_eq!(page.header("content-security-policy"), POLICY, "{}", page.path);
        assert_eq!(page.header("cache-control"), "no-store", "{}", page.path);
        assert_eq!(page.header("referrer-policy"), "same-origin", "{}", page.path);
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{}", page.path);
        assert!(!page.header("x-request-id").is_empty(), "{}", page.path);
        for inline in ["<style", " style=", "<script>", "onclick=", "javascript:", "src=\"http"] {
            assert!(!page.text.contains(inline), "{inline} is on {}", page.path);
        }
        for secret in &self.secrets {
            assert!(!page.text.contains(secret), "a secret is on {}", page.path);
        }
    }

    /// Opens a page.
    pub async fn open(&mut self, path: &str) -> &Shown {
        self.send(Method::GET, path, None).await
    }

    /// Sends a form with exactly these fields.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> &Shown {
        self.send(Method::POST, path, Some(fields)).await
    }

    /// Fills in a form of the page that is shown and sends it; follows where it leads.
    pub async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> &Shown {
        self.has_form(path);
        let csrf = self.page.values("csrf").first().cloned().expect("a form with its secret");
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        let form: Vec<(&str, &str)> = all;
        self.send(Method::POST, path, Some(&form)).await;
        self.follow().await
    }

    /// Fills in a form of the page that is shown, which needs no visit, and sends it.
    pub async fn submit_outside(&mut self, path: &str, fields: &[(&str, &str)]) -> &Shown {
        self.has_form(path);
        self.post(path, fields).await
    }

    #[track_caller]
    fn has_form(&self, path: &str) {
        let action = format!("action=\"{path}\"");
        assert!(self.page.text.contains(&action), "no form to {path} on {}", self.page.path);
    }

    /// Goes where the answer leads, if it leads anywhere.
    pub async fn follow(&mut self) -> &Shown {
        while self.page.status == StatusCode::SEE_OTHER.as_u16() {
            let location = self.page.header("location");
            let is_own = ["/portal", "/operator"].iter().any(|own| location.starts_with(own));
            assert!(is_own, "{location}");
            self.send(Method::GET, &location, None).await;
        }
        &self.page
    }

    /// Uses a link: looks at it, presses the button.
    pub async fn enter(&mut self, link: &str) -> &Shown {
        let path = path_of(link);
        self.open(&path).await;
        assert_eq!(self.page.status, 200, "{}", self.page.words());
        self.post(&path, &[]).await;
        self.follow().await
    }

    /// Gets in by a link of the application.
    pub async fn visit(app: &'a TestApp, organization: &str) -> Browser<'a> {
        let link = link(app, organization).await;
        let mut browser = Self::new(app);
        browser.enter(&link).await;
        assert_eq!(browser.page.status, 200, "{}", browser.page.words());
        browser
    }

    /// Gets to the operator's pages with the API key of the tests.
    pub async fn operate(app: &'a TestApp) -> Browser<'a> {
        Self::operate_with(app, app.key.reveal()).await
    }

    /// Gets to the operator's pages with this API key, which no page shows.
    pub async fn operate_with(app: &'a TestApp, key: &str) -> Browser<'a> {
        let mut browser = Self::new(app);
        browser.secrets.push(key.to_owned());
        browser.open("/operator").await;
        browser.submit_outside("/operator/sign_in", &[("api_key", key)]).await;
        let status = browser.follow().await.status;
        assert_eq!(status, 200, "{}", browser.page.words());
        browser
    }
}

/// The path of a link.
pub fn path_of(link: &str) -> String {
    let (_, rest) = link.split_once("://").expect("an address");
    rest.find('/').map(|at| rest[at..].to_owned()).expect("a path")
}

/// A link that the application makes.
pub async fn link(app: &TestApp, organization: &str) -> String {
    let path = format!("/organizations/{organization}/portal_links");
    let made = app.post(&path, json!({})).await.ok();
    made["url"].as_str().expect("a link").to_owned()
}

/// The fields of a form for a credential as the API takes it.
pub fn fields(credential: &Value) -> Vec<(String, String)> {
    let members = credential.as_object().expect("a credential");
    let field = |(name, value): (&String, &Value)| {
        (name.clone(), value.as_str().expect("a text").to_owned())
    };
    members.iter().map(field).collect()
}

impl System {
    /// What it is called on the pages.
    pub fn title(self) -> &'static str {
        match self {
            Self::PeopleHr => "People HR",
            Self::BreatheHr => "Breathe HR",
            Self::Hrworks => "HRworks",
        }
    }
}
