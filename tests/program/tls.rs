//! TLS, and the files that it takes.

use crate::certificates::{Authority, Pair};
use crate::run::{Running, Server, command, run};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Files that go with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tidings-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn serve(arguments: &[&str]) -> Server {
    Server::listening(Running::start(command(&["serve", "--addr", "127.0.0.1:0", "--log", "info"]).args(arguments)))
}

#[test]
fn each_transport_speaks_it_with_whom_the_file_vouches_for() {
    let (folder, authority) = (Folder::new("transports"), Authority::new());
    let Pair { chain, key } = authority.vouch_for(&["127.0.0.1"]);
    let (cert, key) = (folder.write("cert", chain), folder.write("key", key));
    let roots = folder.write("roots", authority.pem());
    let server = serve(&["--cert", &cert, "--key", &key]);
    assert!(server.url.starts_with("https://127.0.0.1:"), "{}", server.url);
    let topic = server.topic("news");
    run(&["publish", &topic, "hello", "--cacert", &roots], b"").assert_code(0);
    for via in ["sse", "ws", "stream", "long", "short"] {
        let options = ["--via", via, "--after", "oldest", "--count", "1", "--cacert", &roots];
        let got = run(&[&["subscribe", &topic][..], &options].concat(), b"");
        assert_eq!(got.assert_code(0).stdout, "hello\n");
    }
    // The scheme says which transport, where nothing else does.
    let wss = topic.replace("https", "wss");
    let got = run(&["subscribe", &wss, "--after", "oldest", "--count", "1", "--cacert", &roots], b"");
    assert_eq!(got.assert_code(0).stdout, "hello\n");

    // Nobody whom the system trusts vouches for it.
    for command in [&["subscribe", &topic][..], &["publish", &topic, "x"]] {
        let refused = run(command, b"");
        assert!(
            refused.assert_code(1).stderr.ends_with("nobody who is trusted vouches for the server's certificate\n")
        );
        assert_eq!(refused.stderr.lines().count(), 1);
    }
}

#[test]
fn sighup_reads_the_certificate_again() {
    let (folder, authority, next) = (Folder::new("sighup"), Authority::new(), Authority::new());
    let pair = authority.vouch_for(&["127.0.0.1"]);
    // Both in one file.
    let file = folder.write("both", pair.chain + &pair.key);
    let roots = folder.write("roots", next.pem());
    let server = serve(&["--cert", &file]);
    let told = |words: &str| {
        while !server.running.said().expect("a line").contains(words) {}
    };
    let hangup = || {
        let pid = server.running.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
    };
    let publish = || run(&["publish", &server.topic("news"), "x", "--cacert", &roots], b"");
    publish().assert_code(1);
    folder.write("both", "nothing of use");
    hangup();
    told("the old certificate stays");
    let pair = next.vouch_for(&["127.0.0.1"]);
    folder.write("both", pair.chain + &pair.key);
    hangup();
    told("the certificate was read again");
    publish().assert_code(0);
    server.running.terminate();
    server.running.end().assert_code(0);
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let (folder, authority) = (Folder::new("files"), Authority::new());
    let (one, other) = (authority.vouch_for(&["h"]), authority.vouch_for(&["h"]));
    let (cert, key) = (folder.write("cert", one.chain), folder.write("key", one.key));
    let (other, missing) = (folder.write("other", other.key), folder.path("missing"));
    for (arguments, why) in [
        (&["serve", "--cert", &cert, "--key", &missing][..], "missing: No such file"),
        (&["serve", "--cert", &missing, "--key", &key], "missing: No such file"),
        (&["serve", "--cert", &cert, "--key", &other], "the key is not that of the certificate"),
        (&["serve", "--cert", &cert], "there is no private key in it"),
        (&["serve", "--cert", &key], "there is no certificate in it"),
        (&["publish", "https://127.0.0.1:1/", "x", "--cacert", &missing], "missing: No such file"),
        (&["subscribe", "https://127.0.0.1:1/", "--cacert", &key], "key: there is no certificate in it"),
    ] {
        let ended = run(arguments, b"");
        assert!(ended.assert_code(1).stderr.contains(why), "{ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
}
