//! The files of the pages: compiled in, compressed once, and kept by browsers for a year, because a
//! changed file has another name. The portal and the operator's pages have the same.

use std::io::Write as _;
use std::sync::LazyLock;

use actix_web::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY,
};
use actix_web::web::{Bytes, Path};
use actix_web::{HttpRequest, HttpResponse};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::web::http::error::Problem;
use crate::web::http::response::Response;

/// Where the files of this build are.
#[derive(Debug)]
pub struct Assets {
    /// The styles.
    pub css: String,
    /// Our own script.
    pub js: String,
    /// The library that keeps parts of a page up to date.
    pub htmx: String,
    /// The icon.
    pub icon: String,
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    name: String,
    content_type: &'static str,
    plain: &'static [u8],
    gzip: Option<Bytes>,
}

/// The files; the same in every process of one build.
pub static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let css = File::of("portal", "css", include_bytes!("../../../static/portal/portal.css"));
    let js = File::of("portal", "js", include_bytes!("../../../static/portal/portal.js"));
    let htmx = File::of("htmx", "js", include_bytes!("../../../static/portal/htmx.min.js"));
    let icon = File::of("icon", "svg", include_bytes!("../../../static/portal/icon.svg"));
    Assets {
        css: css.address(),
        js: js.address(),
        htmx: htmx.address(),
        icon: icon.address(),
        files: vec![css, js, htmx, icon],
    }
});

impl File {
    fn of(stem: &str, ending: &str, plain: &'static [u8]) -> Self {
        let hash: String = blake3::hash(plain).to_hex().chars().take(12).collect();
        let content_type = match ending {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            _ => "image/svg+xml",
        };
        Self {
            name: format!("{stem}-{hash}.{ending}"),
            content_type,
            plain,
            gzip: compressed(plain).ok(),
        }
    }

    fn address(&self) -> String {
        format!("/portal/assets/{}", self.name)
    }
}

fn compressed(plain: &[u8]) -> std::io::Result<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain)?;
    encoder.finish().map(Bytes::from)
}

/// `GET /portal/assets/{name}`.
pub async fn send(path: Path<String>, req: HttpRequest) -> Response {
    let file = ASSETS.files.iter().find(|file| file.name == path.as_str());
    let file = file.ok_or(Problem::UnknownRoute)?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((CONTENT_TYPE, file.content_type))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((VARY, "Accept-Encoding"));
    let accepted = req.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    match &file.gzip {
        Some(gzip) if accepted.is_some_and(takes_gzip) => {
            Ok(answer.insert_header((CONTENT_ENCODING, "gzip")).body(gzip.clone()))
        }
        _ => Ok(answer.body(file.plain)),
    }
}

fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let refused = weight.trim().trim_start_matches("q=").parse::<f32>() == Ok(0.0);
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_needs_less_than_60_kilobytes_of_files() {
        let bytes: usize = ASSETS.files.iter().map(|f| f.gzip.as_ref().unwrap().len()).sum();
        assert!(bytes < 60 * 1024, "{bytes}");
    }

    #[test]
    fn only_who_takes_gzip_gets_it() {
        assert!(takes_gzip("deflate, gzip;q=0.5, br"));
        assert!(!takes_gzip("br") && !takes_gzip("gzip;q=0, br") && !takes_gzip(""));
    }

    #[test]
    fn our_files_name_no_other_site() {
        for file in ASSETS.files.iter().filter(|file| !file.name.starts_with("htmx")) {
            let text = std::str::from_utf8(file.plain).unwrap();
            let text = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("http://") && !text.contains("https://"), "{}", file.name);
            assert!(!text.contains("url(") && !text.contains("@import"), "{}", file.name);
        }
    }
}
