//! Who asks, where proxies stand in between.

use crate::client::{EventSource, HANDSHAKE};
use crate::running::run;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex};
use tidings::server::{Access, Builder, EventStream, IpNet, ProxyHeader, Server, WebSocket};
use tidings::{sse, ws};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What a hook sees of requests from 127.0.0.1, each with one of these headers.
#[track_caller]
fn check(builder: Builder, cases: &[(impl AsRef<str>, &str)]) {
    let seen = Arc::new(Mutex::new(String::new()));
    let told = Arc::clone(&seen);
    let server = run(builder.authorize(move |request| {
        assert!(request.peer_addr.ip().is_loopback());
        assert!(format!("{request:?}").contains(&format!("client_addr: {}", request.client_addr)));
        *told.lock().unwrap() = request.client_addr.to_string();
        Access::Granted
    }));
    let mut client = server.client();
    for (headers, expected) in cases {
        let headers = headers.as_ref();
        let lines: String = headers.split('|').flat_map(|line| [line, "\r\n"]).collect();
        client.request("GET", "/topics/news", &lines);
        assert_eq!(client.response().status, 200, "{headers}");
        assert_eq!(*seen.lock().unwrap(), *expected, "{headers}");
    }
}

/// Trusts this machine and everything in `10.0.0.0/8` and `2001:db8:a::/48`.
fn behind_proxies() -> Builder {
    let [v4, v6] = ["10.0.0.0/8", "2001:db8:a::/48"].map(|prefix| prefix.parse::<IpNet>().unwrap());
    Server::builder().trust_proxy(LOCALHOST).trust_proxy(v4).trust_proxy(v6)
}

#[test]
fn what_a_peer_says_that_is_no_trusted_proxy_counts_for_nothing() {
    let cases = [
        ("X-Forwarded-For: 192.0.2.1", "127.0.0.1"),
        ("Forwarded: for=192.0.2.1", "127.0.0.1"),
        ("X-Real-IP: 192.0.2.1", "127.0.0.1"),
    ];
    check(Server::builder(), &cases);
    let others = [Ipv4Addr::new(127, 0, 0, 2).into(), IpAddr::from(Ipv6Addr::LOCALHOST)];
    check(others.into_iter().fold(Server::builder(), Builder::trust_proxy), &cases);
    check(Server::builder().proxy_header(ProxyHeader::Forwarded), &cases);
}

#[test]
fn a_proxy_may_be_named_as_ipv4_in_ipv6() {
    for proxies in ["::ffff:127.0.0.1/128", "::ffff:127.9.9.9/104", "::ffff:0:0/96"] {
        let builder = Server::builder().trust_proxy(proxies.parse::<IpNet>().unwrap());
        let expected = if proxies.ends_with("/96") { "198.51.100.7" } else { "192.0.2.1" };
        check(builder, &[("X-Forwarded-For: 198.51.100.7, 192.0.2.1", expected)]);
    }
}

#[test]
fn the_last_address_that_is_no_proxy_is_the_clients() {
    check(
        behind_proxies(),
        &[
            ("X-Forwarded-For: 192.0.2.1", "192.0.2.1"),
            ("X-Forwarded-For: 198.51.100.7, 192.0.2.1", "192.0.2.1"),
            ("X-Forwarded-For: 192.0.2.1, 10.0.0.1", "192.0.2.1"),
            ("X-Forwarded-For: 198.51.100.7,192.0.2.1 ,\t10.1.2.3 , 10.0.0.1", "192.0.2.1"),
            ("X-Forwarded-For: 192.0.2.1, 2001:db8:a::5", "192.0.2.1"),
            ("X-Forwarded-For: 192.0.2.1, 2001:db8:b::5", "2001:db8:b::5"),
            ("x-forwarded-for: 192.0.2.1|X-FORWARDED-FOR: 10.0.0.1", "192.0.2.1"),
            ("X-Forwarded-For: 198.51.100.7|Accept: */*|X-Forwarded-For: 192.0.2.1", "192.0.2.1"),
            ("X-Forwarded-For: 192.0.2.1:4711", "192.0.2.1"),
            ("X-Forwarded-For: [2001:db8::1]:4711", "2001:db8::1"),
            ("X-Forwarded-For: [2001:db8::1]", "2001:db8::1"),
            // IPv4 in an IPv6 address is IPv4, a proxy's too.
            ("X-Forwarded-For: 192.0.2.1, ::ffff:10.0.0.1", "192.0.2.1"),
            ("X-Forwarded-For: ::ffff:192.0.2.1", "192.0.2.1"),
            // Nobody but proxies: the first of them.
            ("X-Forwarded-For: 10.0.0.2, 10.0.0.1", "10.0.0.2"),
            ("Accept: */*", "127.0.0.1"),
        ],
    );
}

#[test]
fn the_trail_ends_at_what_is_no_address() {
    let mut cases = Vec::new();
    for garbage in [
        "",
        "unknown",
        "_hidden",
        "example.org",
        "192.0.2",
        "192.0.2.1.5",
        "192.0.2.1:",
        "192.0.2.1:x",
        "192.0.2.1:123456",
        "[192.0.2.1]",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]x",
        "[2001:db8::1]:",
        "fe80::1%eth0",
        "\"192.0.2.1\"",
        "unix:",
        "256.1.1.1",
        "0x7f.1",
        "192.0.2.1/32",
        "192.0.2.1 198.51.100.7",
        "\u{e4}",
        "\"",
    ] {
        cases.extend([
            (format!("X-Forwarded-For: 192.0.2.1, {garbage}"), "127.0.0.1"),
            (format!("X-Forwarded-For: 192.0.2.1, {garbage}, 10.0.0.1"), "10.0.0.1"),
            (format!("X-Forwarded-For: 192.0.2.1|X-Forwarded-For: {garbage}"), "127.0.0.1"),
            // What a client made up stands in front of what the proxy wrote.
            (format!("X-Forwarded-For: {garbage}, 192.0.2.1, 10.0.0.1"), "192.0.2.1"),
            (format!("X-Forwarded-For: {garbage}|X-Forwarded-For: 192.0.2.1"), "192.0.2.1"),
        ]);
    }
    check(behind_proxies(), &cases);
}

/// RFC 7239 §4 and §6.
#[test]
fn forwarded_is_read_as_its_rfc_has_it() {
    check(
        behind_proxies().proxy_header(ProxyHeader::Forwarded),
        &[
            ("Forwarded: for=192.0.2.1", "192.0.2.1"),
            ("Forwarded: FOR=192.0.2.1;proto=http;By=10.0.0.9", "192.0.2.1"),
            ("Forwarded: proto=https; for=192.0.2.1 ; host=example.org", "192.0.2.1"),
            ("Forwarded: for=\"192.0.2.1:4711\"", "192.0.2.1"),
            ("Forwarded: for=\"192.0.2.1:_hidden\"", "192.0.2.1"),
            ("Forwarded: for=\"[2001:db8::1]\"", "2001:db8::1"),
            ("Forwarded: for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("Forwarded: for=\"19\\2.0.2.1\"", "192.0.2.1"),
            ("Forwarded: for=192.0.2.1, for=10.0.0.1", "192.0.2.1"),
            ("Forwarded: for=192.0.2.1;host=\"a,b;c\", for=10.0.0.1;by=\"x, for=1.1.1.1\"", "192.0.2.1"),
            ("Forwarded: for=192.0.2.1;x=\"\\\", for=1.1.1.1\"", "192.0.2.1"),
            ("Forwarded: for=198.51.100.7|Forwarded: for=192.0.2.1", "192.0.2.1"),
            ("Forwarded: ;for=192.0.2.1;", "192.0.2.1"),
            ("Forwarded: for=unknown", "127.0.0.1"),
            ("Forwarded: for=192.0.2.1, for=\"_hidden:80\"", "127.0.0.1"),
            ("Forwarded: for=192.0.2.1, for=unknown, for=10.0.0.1", "10.0.0.1"),
            ("Forwarded: for=192.0.2.1, by=10.0.0.1", "127.0.0.1"),
            ("Forwarded: for=192.0.2.1;for=198.51.100.7", "127.0.0.1"),
            ("Forwarded: for=192.0.2.1, ", "127.0.0.1"),
            ("Forwarded: for = 192.0.2.1", "192.0.2.1"),
            ("Forwarded: for=\"192.0.2.1", "127.0.0.1"),
            ("Forwarded: for=192.0.2.1\"", "127.0.0.1"),
            ("Forwarded: for=\"192.0.2.1\\\"", "127.0.0.1"),
            ("Forwarded: for=\"", "127.0.0.1"),
            ("Forwarded: for=", "127.0.0.1"),
            ("Forwarded: for", "127.0.0.1"),
            ("Forwarded: 192.0.2.1", "127.0.0.1"),
            ("Forwarded: for=192.0.2.1;nonsense", "127.0.0.1"),
        ],
    );
}

/// What a client sends must not swallow what the proxy writes behind it.
#[test]
fn nothing_that_a_client_makes_up_reaches_what_the_proxy_wrote() {
    let mut cases = Vec::new();
    for forged in [
        "for=\"",
        "for=\"x",
        "for=1.1.1.1;x=\"",
        "\"",
        "\\",
        "\"\\",
        "for=1.1.1.1;x=\"\\",
        "for=1.1.1.1;",
        ";",
        "=",
        "for=",
        "for=1.1.1.1, for=\"a\\\"",
        "\u{e4}\"",
    ] {
        for written in ["for=192.0.2.1", "for=\"192.0.2.1:80\";by=\"_me\"", "by=\"a\\\"b\";for=192.0.2.1;proto=http"] {
            let one = format!("Forwarded: {forged}, {written}");
            let two = format!("Forwarded: {forged}|Forwarded: {written}");
            cases.extend([(one, "192.0.2.1"), (two, "192.0.2.1")]);
        }
    }
    check(behind_proxies().proxy_header(ProxyHeader::Forwarded), &cases);
}

/// A proxy that writes one of the headers passes the other one on, as the client made it up.
#[test]
fn the_other_header_is_never_read() {
    let both = "X-Forwarded-For: 192.0.2.1|Forwarded: for=198.51.100.7";
    check(behind_proxies(), &[(both, "192.0.2.1"), ("Forwarded: for=198.51.100.7", "127.0.0.1")]);
    let builder = behind_proxies().proxy_header(ProxyHeader::Forwarded);
    check(builder, &[(both, "198.51.100.7"), ("X-Forwarded-For: 192.0.2.1", "127.0.0.1")]);
}

#[test]
fn a_handler_knows_whom_it_serves() {
    let websocket = |socket: &mut WebSocket| socket.send_text(&socket.client_addr().to_string());
    let events = |events: &mut EventStream| events.send(&sse::Event::message(events.client_addr().to_string()));
    let builder = behind_proxies().websocket("/ws", ws::Config::default(), websocket).event_stream("/events", events);
    let server = run(builder);
    let mut client = server.client();
    client.request("GET", "/ws", &format!("{HANDSHAKE}X-Forwarded-For: 192.0.2.1\r\n"));
    assert_eq!(client.head().status, 101);
    assert_eq!(client.raw(2 + "192.0.2.1".len())[2..], *b"192.0.2.1");
    let mut source = EventSource::open(server.client(), "/events", "X-Forwarded-For: 2001:db8::1\r\n");
    assert_eq!(source.event().unwrap().data, "2001:db8::1");
}
