"""`tidings subscribe` on servers that know nothing of it: npm `ws`, and an event stream from Node's own HTTP server."""

import json
import os
import unittest

from peers import Node, Process

TIDINGS = os.environ["TIDINGS_COMMAND"]
DATA = ["one", "zwei ☃ 🦀", "", '{"some":"json"}', "x" * 70_000]


class Subscribe(unittest.TestCase):
    def subscribe(self, server, via, count, *options):
        """What it prints until it has had so many messages."""
        command = [TIDINGS, "subscribe", f"{server.url}/news", "--via", via, "--count", str(count), *options]
        with Process(command) as subscriber:
            printed, status = subscriber.rest()
        self.assertEqual(status, 0, printed)
        lines = printed.decode().split("\n")
        self.assertEqual(lines.pop(), "")
        return lines

    def test_a_websocket(self):
        with Node("feed", [DATA]) as server:
            self.assertEqual(self.subscribe(server, "ws", len(DATA)), DATA)
            self.assertEqual(server.line(), "connection /news")

    def test_a_websocket_with_json(self):
        with Node("feed", [["one", {"hex": "00ff"}, '{"type":"other"}']]) as server:
            self.assertEqual([json.loads(line) for line in self.subscribe(server, "ws", 3, "--json")], [
                {"type": "message", "data": "one"},
                {"type": "binary", "hex": "00ff"},
                {"type": "message", "data": '{"type":"other"}'},
            ])

    def test_a_websocket_that_is_closed_and_made_again(self):
        with Node("feed", [["one", 1011], ["two", 1001], ["three"]]) as server:
            self.assertEqual(self.subscribe(server, "ws", 3), ["one", "two", "three"])
            self.assertEqual([server.line() for _ in range(3)], ["connection /news"] * 3)

    def test_an_event_stream(self):
        with Node("events", [[f"data: {data}\n\n" for data in DATA]]) as server:
            self.assertEqual(self.subscribe(server, "sse", len(DATA)), DATA)
            self.assertEqual(server.line(), "request text/event-stream -")

    def test_an_event_stream_however_it_is_written(self):
        pieces = ["\ufeff: a comment\r\n", "data:a\r", "data: b\r\r", "data\n\n", "event: greeting\nid: 7\nda",
                  "ta:  ☃\nunknown: x\n\n", "retry: 1000\n\nid\nda", "ta: last", "\r", "\n\r\n"]
        with Node("events", [pieces]) as server:
            self.assertEqual([json.loads(line) for line in self.subscribe(server, "sse", 4, "--json")], [
                {"type": "message", "data": "a\nb"},
                {"type": "message", "data": ""},
                {"type": "message", "id": "7", "event": "greeting", "data": " ☃"},
                {"type": "message", "data": "last"},
            ])

    def test_an_event_stream_that_ends_goes_on_behind_the_last_id(self):
        streams = [
            ["retry: 10\n\n", "id: 1\ndata: one\n\n", "id: lost\ndata: cut off", None],
            ["id: ☃ 2\ndata: two\n\n", None],
            ["data: three\n\n"],
        ]
        with Node("events", streams) as server:
            self.assertEqual(self.subscribe(server, "sse", 3), ["one", "two", "three"])
            for last in ("-", "1", "☃ 2"):
                self.assertEqual(server.line(), f"request text/event-stream {last}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
