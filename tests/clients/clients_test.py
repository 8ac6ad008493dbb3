"""curl and Python's `websockets` against the server. Every test has a topic of its own."""

import json
import signal
import time
import unittest

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from peers import TIMEOUT, Curl, Server, curl

EVENT_STREAM = ("-H", "Accept: text/event-stream")
NDJSON = ("-H", "Accept: application/x-ndjson")
WEBSOCKET = ("-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13",
             "-H", "Sec-WebSocket-Key: dGlkaW5ncyB0aWRpbmdzIQ==")
WEBSOCKET_ACCEPT = "UZTbPVpdfl1Md5LbRwAMeYkDiwk="
TEXT_FRAME = 0x81


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.__exit__)

    def setUp(self):
        self.topic = f"{self.server.url}/topics/{self.id().rsplit('.', 1)[-1]}"
        self.websocket_topic = self.topic.replace("http:", "ws:", 1)

    def publish(self, data, query=""):
        """Publishes by curl and returns the cursor."""
        answer = curl("--data-binary", data, self.topic + query)
        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual(list(answer.json), ["id"])
        return answer.json["id"]

    def poll(self, query=""):
        answer = curl(self.topic + query)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertTrue(answer.headers["content-type"].startswith("application/json"))
        return answer.json


class WithCurl(Case):
    def test_publish_counts_up_within_one_epoch(self):
        first, second = self.publish("a"), self.publish("b")
        epoch = first.split("-")[0]
        self.assertEqual([first, second], [f"{epoch}-1", f"{epoch}-2"])

    def test_short_poll(self):
        first, second = self.publish("one"), self.publish("zwei ☃\nlines", "?event=greeting")
        messages = [{"id": first, "data": "one"}, {"id": second, "event": "greeting", "data": "zwei ☃\nlines"}]
        self.assertEqual(self.poll(), {"events": messages, "next": second, "more": False})
        self.assertEqual(self.poll(f"?after={first}"), {"events": messages[1:], "next": second, "more": False})
        self.assertEqual(self.poll("?after=oldest"), {"events": messages, "next": second, "more": False})
        self.assertEqual(self.poll("?after=now"), {"events": [], "next": second, "more": False})

    def test_long_poll_is_answered_by_a_publish(self):
        first = self.publish("one")
        with Curl(f"{self.topic}?after={first}&wait=50") as held:
            second = self.publish("two")
            self.assertEqual(held.head().status, 200)
            answer = json.loads(held.rest()[0])
        self.assertEqual(answer, {"events": [{"id": second, "data": "two"}], "next": second, "more": False})

    def test_long_poll_ends_empty_after_its_wait(self):
        first = self.publish("one")
        for arguments in ([f"{self.topic}?after={first}&wait=1"], ["-H", "Prefer: wait=1", f"{self.topic}?after={first}"]):
            started = time.monotonic()
            answer = curl(*arguments)
            self.assertGreaterEqual(time.monotonic() - started, 0.9, arguments)
            self.assertEqual(answer.json, {"events": [], "next": first, "more": False})

    def test_event_stream(self):
        first = self.publish("one")
        with Curl(*EVENT_STREAM, f"{self.topic}?after=oldest") as stream:
            head = stream.head()
            self.assertEqual(head.status, 200)
            self.assertTrue(head.headers["content-type"].startswith("text/event-stream"))
            self.assertEqual(stream.event(), {"id": first, "data": "one"})
            second = self.publish("two\nlines", "?event=greeting")
            self.assertEqual(stream.event(), {"id": second, "event": "greeting", "data": "two\nlines"})
        with Curl(*EVENT_STREAM, "-H", f"Last-Event-ID: {first}", f"{self.topic}?after=oldest") as stream:
            stream.head()
            self.assertEqual(stream.event()["id"], second)

    def test_event_stream_starts_now(self):
        self.publish("one")
        with Curl(*EVENT_STREAM, self.topic) as stream:
            self.assertEqual(stream.head().status, 200)
            second = self.publish("two")
            self.assertEqual(stream.event(), {"id": second, "data": "two"})

    def test_event_stream_says_that_messages_were_lost(self):
        first = self.publish("one")
        with Curl(*EVENT_STREAM, "-H", "Last-Event-ID: 1-1", self.topic) as stream:
            self.assertEqual(stream.head().status, 200)
            reset = stream.event("event")
            self.assertEqual(reset["event"], "tidings.reset")
            told = json.loads(reset["data"])
            self.assertEqual(told["reset"], "epoch")
            self.assertEqual((told["oldest"], told["newest"]), (reset["id"], first))
            self.assertEqual(stream.event(), {"id": first, "data": "one"})

    def test_ndjson_stream(self):
        first = self.publish("one")
        with Curl(*NDJSON, f"{self.topic}?after=oldest") as stream:
            head = stream.head()
            self.assertEqual(head.status, 200)
            self.assertTrue(head.headers["content-type"].startswith("application/x-ndjson"))
            self.assertEqual(stream.envelope(), {"type": "message", "id": first, "data": "one"})
            second = self.publish("two", "?event=greeting")
            expected = {"type": "message", "id": second, "event": "greeting", "data": "two"}
            self.assertEqual(stream.envelope(), expected)

    def test_websocket(self):
        self.publish("one")
        with Curl(*WEBSOCKET, f"{self.topic}?after=oldest") as socket:
            head = socket.head()
            self.assertEqual(head.status, 101)
            self.assertEqual(head.headers["sec-websocket-accept"], WEBSOCKET_ACCEPT)
            self.assertEqual(socket.frame(), (TEXT_FRAME, b"one"))
            self.publish("two")
            self.assertEqual(socket.frame(), (TEXT_FRAME, b"two"))

    def test_websocket_of_another_origin_is_refused(self):
        self.assertEqual(curl(*WEBSOCKET, "-H", "Origin: https://elsewhere.example", self.topic).status, 403)

    def test_a_cursor_that_cannot_be_served_is_410(self):
        first = self.publish("one")
        epoch = first.split("-")[0]
        for cursor, reason in [("1-1", "epoch"), (f"{epoch}-999", "future")]:
            answer = curl(f"{self.topic}?after={cursor}&wait=50")
            self.assertEqual(answer.status, 410)
            self.assertEqual(answer.json["reset"], reason)
            self.assertEqual(answer.json["newest"], first)
            self.assertEqual(self.poll(f"?after={answer.json['oldest']}")["events"], [{"id": first, "data": "one"}])

    def test_bad_requests_are_named(self):
        self.assertEqual(curl(f"{self.topic}?after=yesterday").status, 400)
        self.assertEqual(curl("--data", "x", f"{self.topic}?event=tidings.reset").status, 400)
        self.assertEqual(curl(f"{self.server.url}/nowhere").status, 404)

    def test_a_client_changes_transport_and_loses_and_doubles_nothing(self):
        ids = [self.publish(f"message {number}") for number in range(1, 6)]
        polled = self.poll("?after=oldest")["events"][0]["id"]
        self.assertEqual(polled, ids[0])
        with Curl(*EVENT_STREAM, "-H", f"Last-Event-ID: {polled}", self.topic) as stream:
            stream.head()
            streamed = stream.event()["id"]
        self.assertEqual(streamed, ids[1])
        with Curl(*NDJSON, f"{self.topic}?after={streamed}") as stream:
            stream.head()
            told = stream.envelope()["id"]
        self.assertEqual(told, ids[2])
        with connect(f"{self.websocket_topic}?after={told}", subprotocols=["tidings.v1"]) as socket:
            heard = message(socket)["id"]
        self.assertEqual(heard, ids[3])
        self.assertEqual([event["id"] for event in self.poll(f"?after={heard}&wait=50")["events"]], ids[4:])

    def test_pages_of_the_server(self):
        self.assertIn(b"<html", curl(f"{self.server.url}/").body.lower())
        self.assertEqual(curl(f"{self.server.url}/healthz").status, 200)
        metrics = curl(f"{self.server.url}/metrics")
        self.assertTrue(metrics.headers["content-type"].startswith("text/plain"))
        self.assertIn(b"# TYPE ", metrics.body)


def message(socket):
    """The next message envelope; bookmarks are passed over."""
    while (found := json.loads(socket.recv(timeout=TIMEOUT)))["type"] == "bookmark":
        pass
    return found


class WithWebsockets(Case):
    def test_bare_data_without_a_subprotocol(self):
        self.publish("one")
        with connect(f"{self.websocket_topic}?after=oldest") as socket:
            self.assertIsNone(socket.subprotocol)
            self.assertEqual(socket.recv(timeout=TIMEOUT), "one")
            self.publish("two ☃")
            self.assertEqual(socket.recv(timeout=TIMEOUT), "two ☃")

    def test_sending_publishes(self):
        with connect(f"{self.websocket_topic}?after=oldest") as socket:
            socket.send("from a socket")
            self.assertEqual(socket.recv(timeout=TIMEOUT), "from a socket")
        self.assertEqual([event["data"] for event in self.poll()["events"]], ["from a socket"])

    def test_envelopes_with_the_subprotocol(self):
        first = self.publish("one")
        with connect(f"{self.websocket_topic}?after=oldest", subprotocols=["other", "tidings.v1"]) as socket:
            self.assertEqual(socket.subprotocol, "tidings.v1")
            self.assertEqual(message(socket), {"type": "message", "id": first, "data": "one"})
            socket.send(json.dumps({"event": "greeting", "data": "two"}))
            second = message(socket)
            self.assertEqual(second.pop("id").split("-")[1], "2")
            self.assertEqual(second, {"type": "message", "event": "greeting", "data": "two"})

    def test_a_reset_in_an_envelope(self):
        first = self.publish("one")
        with connect(f"{self.websocket_topic}?after=1-1", subprotocols=["tidings.v1"]) as socket:
            reset = message(socket)
            self.assertEqual((reset["type"], reset["reason"], reset["newest"]), ("reset", "epoch", first))
            self.assertEqual(message(socket)["id"], first)

    def test_a_large_message_both_ways(self):
        large = "☃" * 300_000
        with connect(f"{self.websocket_topic}?after=oldest") as socket:
            socket.send(large)
            self.assertEqual(socket.recv(timeout=TIMEOUT), large)

    def test_fragments_make_one_message(self):
        with connect(f"{self.websocket_topic}?after=oldest") as socket:
            socket.send(["in ", "three ", "parts"])
            self.assertEqual(socket.recv(timeout=TIMEOUT), "in three parts")

    def test_ping_is_answered(self):
        with connect(self.websocket_topic) as socket:
            self.assertTrue(socket.ping("are you there").wait(TIMEOUT))

    def test_a_binary_message_is_closed_with_1003(self):
        with connect(self.websocket_topic) as socket:
            socket.send(b"\x00\x01")
            with self.assertRaises(ConnectionClosed) as closed:
                socket.recv(timeout=TIMEOUT)
            self.assertEqual(closed.exception.rcvd.code, 1003)


class Drain(Case):
    def test_sigterm_tells_everybody_and_ends_with_0(self):
        first = self.publish("one")
        with (
            Curl(*EVENT_STREAM, f"{self.topic}?after=oldest") as events,
            Curl(*NDJSON, f"{self.topic}?after=oldest") as lines,
            connect(f"{self.websocket_topic}?after=oldest") as socket,
        ):
            # Each has its first message: each is being served.
            events.head(), lines.head()
            self.assertEqual((events.event()["id"], lines.envelope()["id"], socket.recv(TIMEOUT)), (first, first, "one"))
            self.server.child.send_signal(signal.SIGTERM)
            self.assertGreater(int(events.event("retry")["retry"]), 0)
            lines.envelope("drain")
            self.assertEqual([stream.rest()[1] for stream in (events, lines)], [0, 0], "the streams end properly")
            with self.assertRaises(ConnectionClosed) as closed:
                socket.recv(timeout=TIMEOUT)
            self.assertEqual(closed.exception.rcvd.code, 1001)
        self.assertEqual(self.server.child.wait(TIMEOUT), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
