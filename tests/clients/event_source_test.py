"""Other people's clients of event streams on `tidings serve`: PyPI's httpx-sse and sseclient-py, npm's eventsource and undici."""

import json
import os
import unittest

import httpx
import requests
import sseclient
from httpx_sse import connect_sse

from peers import HERE, TIMEOUT, Forward, Process, Server, curl

MESSAGES = [("one", None), ("zwei ☃ 🦀", None), ("", None), ("  lines\n\nand: more\n", "greeting"), ("x" * 70_000, None)]


def by_httpx_sse(url, last):
    """It takes a block that is only an id for an event without data, which the standard does not: our bookmarks."""
    at = None
    headers = {"Last-Event-ID": last} if last else {}
    with httpx.Client(timeout=TIMEOUT) as client, connect_sse(client, "GET", url, headers=headers) as source:
        for event in source.iter_sse():
            is_bookmark = event.data == "" and at in (None, event.id)
            at = event.id
            if not is_bookmark:
                yield event.id, event.event, event.data


def by_sseclient(url, last):
    headers = {"Accept": "text/event-stream", **({"Last-Event-ID": last} if last else {})}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        for event in sseclient.SSEClient(response).events():
            yield event.id, event.event, event.data


def publish(server, topic, data, event=None):
    query = f"?event={event}" if event else ""
    return curl("--data-binary", data, f"{server.url}/topics/{topic}{query}").json["id"]


class OfPython(unittest.TestCase):
    """They do not reconnect by themselves: who uses them does, with the last id."""

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.__exit__)

    def each(self, test):
        for read in (by_httpx_sse, by_sseclient):
            with self.subTest(read.__name__):
                test(read, f"{self.server.url}/topics/{read.__name__}", read.__name__)

    def test_events_ids_and_resuming(self):
        def test(read, url, topic):
            expected = [(publish(self.server, topic, *message), message[1] or "message", message[0]) for message in MESSAGES]
            first = read(f"{url}?after=oldest", None)
            self.assertEqual([next(first) for _ in range(3)], expected[:3])
            first.close()
            second = read(url, expected[2][0])
            self.assertEqual([next(second) for _ in range(2)], expected[3:])
            # And one that is published while they wait.
            last = publish(self.server, topic, "live")
            self.assertEqual(next(second), (last, "message", "live"))
            second.close()

        self.each(test)

    def test_a_reset(self):
        def test(read, url, topic):
            first = publish(self.server, topic, "one")
            events = read(url, "1-1")
            at, event, data = next(events)
            self.assertEqual((event, at), ("tidings.reset", json.loads(data)["oldest"]))
            self.assertEqual((json.loads(data)["reset"], json.loads(data)["newest"]), ("epoch", first))
            self.assertEqual(next(events), (first, "message", "one"))
            events.close()

        self.each(test)


class OfNode(unittest.TestCase):
    """They reconnect as a browser does, after some seconds."""

    def follow(self, package):
        with Server() as server, Server() as other, Forward(server.url) as forward:
            command = ["node", os.path.join(HERE, "node_event_source.mjs"), package, f"{forward.url}/topics/t"]
            with Process(command) as source:
                received = lambda: json.loads(source.line())
                self.assertEqual(received(), {"open": True})
                for data, event in MESSAGES:
                    at = publish(server, "t", data, event)
                    self.assertEqual(received(), {"id": at, "event": event or "message", "data": data})

                forward.cut()
                missed = [publish(server, "t", f"missed {n}") for n in range(3)]
                self.assertEqual(received(), {"open": True})
                for n, at in enumerate(missed):
                    self.assertEqual(received(), {"id": at, "event": "message", "data": f"missed {n}"})

                # Another server, which knows nothing of it.
                at = publish(other, "t", "anew")
                forward.lead_to(other.url)
                forward.cut()
                self.assertEqual(received(), {"open": True})
                reset = received()
                told = json.loads(reset.pop("data"))
                self.assertEqual(reset, {"id": told["oldest"], "event": "tidings.reset"})
                self.assertEqual((told["reset"], told["newest"]), ("epoch", at))
                self.assertEqual(received(), {"id": at, "event": "message", "data": "anew"})

    def test_eventsource(self):
        self.follow("eventsource")

    def test_undici(self):
        self.follow("undici")


if __name__ == "__main__":
    unittest.main(verbosity=2)
