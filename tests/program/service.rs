//! As a service of a manager that wants to be told, by datagrams (`sd_notify`).

use crate::run::{PATIENCE, Running, Server, command};
use std::os::unix::net::UnixDatagram;

#[test]
fn the_service_manager_is_told_when_it_is_ready_and_when_it_stops() {
    let folder = std::env::temp_dir().join(format!("tidings-service-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut datagram = [0; 256];
        let len = manager.recv(&mut datagram).unwrap();
        String::from_utf8(datagram[..len].to_vec()).unwrap()
    };
    let running = Running::start(command(&["serve", "--addr", "127.0.0.1:0"]).env("NOTIFY_SOCKET", &path));
    assert_eq!(told().trim_end(), "READY=1");
    let url = running.line().unwrap().strip_prefix("listening on ").unwrap().to_owned();
    let server = Server { running, url };
    server.running.terminate();
    assert_eq!(told().trim_end(), "STOPPING=1");
    assert_eq!(server.running.end().assert_code(0).stderr, "tidings: draining\n");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_manager_that_is_not_there_is_no_reason_not_to_serve() {
    let mut command = command(&["serve", "--addr", "127.0.0.1:0"]);
    let running = Running::start(command.env("NOTIFY_SOCKET", "/nowhere/notify"));
    assert!(running.line().unwrap().starts_with("listening on "));
    assert!(running.said().unwrap().starts_with("tidings: the service manager cannot be told: "));
    running.terminate();
    running.end().assert_code(0);
}
