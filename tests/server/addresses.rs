//! How many connections an address may have.

use crate::client::{Client, EventSource};
use crate::running::{Running, run, start_with};
use std::net::{IpAddr, Ipv4Addr};
use tidings::server::{Limits, Server};

const REASON: &str = r#"tidings_refusals_total{reason="connections_per_address"}"#;

fn limits(connections_per_address: usize) -> Limits {
    Limits { connections_per_address, ..Limits::default() }
}

#[test]
fn one_connection_too_many_of_an_address_is_503() {
    let server = start_with(&limits(2));
    let mut first = server.client();
    let mut source = EventSource::open(server.client(), "/topics/news", "");
    assert_eq!(first.get("/healthz").status, 200);
    for _ in 0..100 {
        let mut third = server.client();
        let answer = third.get("/healthz");
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
        third.expect_end();
    }
    server.publish("news", "1");
    assert_eq!(source.event().unwrap().data, "1");
    // A place is free again once the server has seen who had it go, be it by the loop or by a thread.
    drop(source);
    while server.client().get("/healthz").status != 200 {}
    let metrics = first.get("/metrics").text();
    let refused = metrics.lines().find_map(|line| line.strip_prefix(REASON)?.trim().parse::<u32>().ok());
    assert!(refused.unwrap() >= 100, "{metrics}");
    assert!(metrics.contains("tidings_refusals_total{reason=\"connections\"} 0\n"), "{metrics}");
}

/// All of 127.0.0.0/8 is this machine on Linux; elsewhere there is no second address to come from.
#[cfg(target_os = "linux")]
#[test]
fn each_address_has_as_many() {
    let addrs = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)];
    let on = |addr: Ipv4Addr, server: &Running| Client::connect_from(addr, server.addr);
    let server = start_with(&limits(1));
    let mut kept = Vec::new();
    for addr in addrs {
        let mut client = on(addr, &server);
        assert_eq!(client.get("/healthz").status, 200);
        assert_eq!(on(addr, &server).get("/healthz").status, 503);
        kept.push(client);
    }
    // The first ones are gone and forgotten; one that stays is not.
    let last = kept.pop();
    drop(kept);
    for n in 0..300_u32 {
        let mut client = on(Ipv4Addr::from_bits(0x7f01_0000 + n), &server);
        assert_eq!(client.get("/healthz").status, 200);
    }
    assert_eq!(on(addrs[2], &server).get("/healthz").status, 503);
    drop(last);
}

#[test]
fn connections_of_a_trusted_proxy_are_not_counted() {
    let server = run(Server::builder().limits(limits(1)).trust_proxy(IpAddr::from(Ipv4Addr::LOCALHOST)));
    let mut clients: Vec<Client> = (0..10).map(|_| server.client()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/healthz").status, 200);
    }
    assert_eq!(server.metric(REASON), 0);
}
