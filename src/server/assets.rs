//! The live page: files that are part of the program, and need nothing from anywhere else.

use super::response::Response;
use crate::http::Status;
use std::format;

struct Asset {
    path: &'static str,
    content_type: &'static str,
    body: &'static str,
}

macro_rules! assets {
    ($($path:literal $file:literal $content_type:expr;)*) => {
        &[$(Asset { path: $path, content_type: $content_type, body: include_str!(concat!("page/", $file)) },)*]
    };
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: &[Asset] = assets! {
    "/" "index.html" HTML;
    "/page.css" "page.css" CSS;
    "/page.js" "page.js" SCRIPT;
    "/page/icon.svg" "page/icon.svg" "image/svg+xml";
    "/page/lane.js" "page/lane.js" SCRIPT;
    "/page/ledger.js" "page/ledger.js" SCRIPT;
    "/page/names.js" "page/names.js" SCRIPT;
    "/page/publish.js" "page/publish.js" SCRIPT;
    "/page/reader.js" "page/reader.js" SCRIPT;
    "/page/tokens.js" "page/tokens.js" SCRIPT;
    "/page/transports.js" "page/transports.js" SCRIPT;
    "/page/view.js" "page/view.js" SCRIPT;
    "/page/wire.js" "page/wire.js" SCRIPT;
};

/// The file at that path. `host`: what the client calls this server.
pub(super) fn find(path: &str, host: Option<&str>) -> Option<Response> {
    let asset = ASSETS.iter().find(|asset| asset.path == path)?;
    // Messages are anybody's: nothing but these files may run or be loaded, so that no message can become a script. The
    // WebSocket is named, for not every browser counts it as the server's own.
    let host = host.unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self' ws://{host} wss://{host}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let response = Response::new(Status::OK)
        .with_body(asset.content_type, asset.body)
        // It may be kept, but not used without asking: the next version of the program has another.
        .with_header("Cache-Control", "no-cache")
        .with_header("X-Content-Type-Options", "nosniff")
        // The page's own address may have come with a token in it.
        .with_header("Referrer-Policy", "no-referrer")
        .with_header("Content-Security-Policy", policy);
    Some(response)
}
