"""`tidings subscribe` on servers that know nothing of it: npm `ws`, and event streams from Node, Express and aiohttp."""

import json
import os
import tempfile
import unittest

from peers import Aiohttp, Node, Process

TIDINGS = os.environ["TIDINGS_COMMAND"]
DATA = ["one", "zwei ☃ 🦀", "", '{"some":"json"}', "x" * 70_000]


class Printing:
    def subscribe(self, server, via, count, *options):
        """What it prints until it has had so many messages."""
        command = [TIDINGS, "subscribe", f"{server.url}/news", "--via", via, "--count", str(count), *options]
        with Process(command) as subscriber:
            printed, status = subscriber.rest()
        self.assertEqual(status, 0, printed)
        lines = printed.decode().split("\n")
        self.assertEqual(lines.pop(), "")
        return lines


class WebSockets(Printing, unittest.TestCase):
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

    def test_without_ids_there_is_nothing_to_save(self):
        with Node("feed", [["one", "two"]]) as server, tempfile.TemporaryDirectory() as folder:
            self.assertEqual(self.subscribe(server, "ws", 2, "--save", f"{folder}/cursor"), ["one", "two"])
            self.assertEqual(os.listdir(folder), ["cursor.lock"])


class EventStreams(Printing):
    """What holds of a server's event stream, whoever writes it."""

    def test_an_event_stream(self):
        with self.start([[f"data: {data}\n\n" for data in DATA]]) as server:
            self.assertEqual(self.subscribe(server, "sse", len(DATA)), DATA)
            self.assertEqual(server.line(), "request text/event-stream -")

    def test_an_event_stream_however_it_is_written(self):
        pieces = ["\ufeff: a comment\r\n", "data:a\r", "data: b\r\r", "data\n\n", "event: greeting\nid: 7\nda",
                  "ta:  ☃\nunknown: x\n\n", "retry: 1000\n\nid\nda", "ta: last", "\r", "\n\r\n"]
        with self.start([pieces]) as server:
            self.assertEqual([json.loads(line) for line in self.subscribe(server, "sse", 4, "--json")], [
                {"type": "message", "data": "a\nb"},
                {"type": "message", "data": ""},
                {"type": "message", "id": "7", "event": "greeting", "data": " ☃"},
                {"type": "message", "data": "last"},
            ])

    def test_an_event_stream_in_pieces_of_a_byte(self):
        stream = ": keep-alive\r\n\r\nid: 1\r\nevent: grüße\r\ndata: 🦀\r\ndata:\r\ndata: two\r\nretry: 5\r\n\r\n"
        pieces = [{"hex": f"{byte:02x}"} for byte in stream.encode()]
        with self.start([pieces]) as server:
            self.assertEqual([json.loads(line) for line in self.subscribe(server, "sse", 1, "--json")], [
                {"type": "message", "id": "1", "event": "grüße", "data": "🦀\n\ntwo"},
            ])

    def test_an_event_stream_that_ends_goes_on_behind_the_last_id(self):
        streams = [
            ["retry: 10\n\n", "id: 1\ndata: one\n\n", "id: lost\ndata: cut off", None],
            ["id: ☃ 2\ndata: two\n\n", None],
            ["data: three\n\n"],
        ]
        with self.start(streams) as server:
            self.assertEqual(self.subscribe(server, "sse", 3), ["one", "two", "three"])
            for last in ("-", "1", "☃ 2"):
                self.assertEqual(server.line(), f"request text/event-stream {last}")

    def test_the_last_id_of_another_server_is_saved_and_sent_by_the_next_run(self):
        streams = [["id: é 1\ndata: one\n\n"], ["id: 2\ndata: two\n\n"], ["id: 3\ndata: three\n\n"]]
        with self.start(streams) as server:
            with tempfile.TemporaryDirectory() as folder:
                for data, last in ("one", "-"), ("two", "é 1"), ("three", "2"):
                    self.assertEqual(self.subscribe(server, "sse", 1, "--save", f"{folder}/cursor"), [data])
                    self.assertEqual(server.line(), f"request text/event-stream {last}")


class OfNode(EventStreams, unittest.TestCase):
    def start(self, streams):
        return Node("events", streams)


class OfExpress(EventStreams, unittest.TestCase):
    def start(self, streams):
        return Node("express", streams)


class OfAiohttp(EventStreams, unittest.TestCase):
    def start(self, streams):
        return Aiohttp(streams)


if __name__ == "__main__":
    unittest.main(verbosity=2)
