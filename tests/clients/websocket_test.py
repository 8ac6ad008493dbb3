"""WebSocket with permessage-deflate: npm `ws` and Python's `websockets` against `examples/echo`, and `examples/ws_client`
against servers made of them. Each asserts what was negotiated, and that every message comes back as it was sent."""

import contextlib
import functools
import json
import os
import queue
import random
import subprocess
import threading
import unittest

from websockets.exceptions import ConnectionClosed
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.frames import Close
from websockets.sync.client import connect
from websockets.sync.server import serve

from peers import HERE, TIMEOUT, Listener, Node

ECHO = os.environ["ECHO_COMMAND"]
WS_CLIENT = os.environ["WS_CLIENT_COMMAND"]
SCRIPT_TIMEOUT = 60.0  # seconds for a program that does many things
MIB = 1 << 20
SIZES = [0, 1, 125, 126, 65_535, 65_536, MIB]
PLAIN = "permessage-deflate"
NO_SERVER_TAKEOVER, NO_CLIENT_TAKEOVER = "server_no_context_takeover", "client_no_context_takeover"
SERVER_BITS, CLIENT_BITS = "server_max_window_bits", "client_max_window_bits"


def text(size):
    """Text of so many bytes, most of it characters of two, three and four bytes."""
    return "ž☃🦀" * (size // 9) + "a" * (size % 9)


def noise(size):
    return random.Random(size).randbytes(size)


def alike(size):
    return (b"the same again, " * (size // 16 + 1))[:size]


def run(*command, data=None):
    """Runs a program to its end, which has to be a good one: its standard output and error."""
    done = subprocess.run(command, input=data, stdin=subprocess.DEVNULL if data is None else None, capture_output=True,
                          timeout=SCRIPT_TIMEOUT)
    assert done.returncode == 0, f"{command[:3]}: exit status {done.returncode}: {done.stderr.decode()[-2000:]}"
    return done.stdout.decode(), done.stderr.decode()


class EchoCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Listener([ECHO, "--addr", "127.0.0.1:0"])
        cls.addClassCleanup(cls.server.__exit__)


class NpmWs(EchoCase):
    """What `ws` offers, and what it is to be answered: `node_client.mjs` does the rest."""

    KEEP_AT_MOST, FORGET_AT_LEAST = 10_000, 30_000  # bytes for 200 messages of 200 that differ in their number alone

    def check(self, case, options, agreed=PLAIN):
        printed, _ = run("node", os.path.join(HERE, "node_client.mjs"), self.server.url, case, json.dumps(options))
        told = json.loads(printed)
        self.assertEqual(told["extensions"], agreed)
        return told

    def check_messages(self, options, agreed, server_takeover=True, client_takeover=True):
        options = {**options, "threshold": 0} if isinstance(options, dict) else options
        echoed = self.check("echo", options, agreed)
        row = self.check("row", options, agreed)
        if agreed is None:
            return
        for direction, takeover in (("received", server_takeover), ("sent", client_takeover)):
            self.assertLess(echoed[direction], MIB // 20, "1 MiB, compressed")
            if takeover:
                self.assertLess(row[direction], self.KEEP_AT_MOST, "each message refers to the one before")
            else:
                self.assertGreater(row[direction], self.FORGET_AT_LEAST, "no message refers to the one before")

    def test_with_its_default(self):
        self.check_messages({}, PLAIN)

    def test_without_compression(self):
        self.check_messages(False, None)

    def test_without_the_servers_context_takeover(self):
        self.check_messages({"serverNoContextTakeover": True}, f"{PLAIN}; {NO_SERVER_TAKEOVER}", server_takeover=False)

    def test_without_the_clients_context_takeover(self):
        self.check_messages({"clientNoContextTakeover": True}, f"{PLAIN}; {NO_CLIENT_TAKEOVER}", client_takeover=False)

    def test_without_any_context_takeover(self):
        self.check_messages({"serverNoContextTakeover": True, "clientNoContextTakeover": True},
                            f"{PLAIN}; {NO_SERVER_TAKEOVER}; {NO_CLIENT_TAKEOVER}", False, False)

    def test_with_small_windows(self):
        self.check_messages({"serverMaxWindowBits": 10, "clientMaxWindowBits": 10},
                            f"{PLAIN}; {SERVER_BITS}=10; {CLIENT_BITS}=10")

    def test_with_the_smallest_windows_and_no_context_takeover(self):
        options = {"serverMaxWindowBits": 9, "clientMaxWindowBits": 9,
                   "serverNoContextTakeover": True, "clientNoContextTakeover": True}
        agreed = f"{PLAIN}; {NO_SERVER_TAKEOVER}; {NO_CLIENT_TAKEOVER}; {SERVER_BITS}=9; {CLIENT_BITS}=9"
        self.check_messages(options, agreed, False, False)

    def test_with_a_server_window_that_is_declined(self):
        self.check_messages({"serverMaxWindowBits": 8}, None)

    def test_with_a_client_window_that_only_it_has_to_keep_to(self):
        self.check("echo", {"clientMaxWindowBits": 8, "threshold": 0}, f"{PLAIN}; {CLIENT_BITS}=8")

    def test_fragments(self):
        self.check("fragments", {"threshold": 0})
        self.check("fragments", {"threshold": 0, "clientNoContextTakeover": True}, f"{PLAIN}; {NO_CLIENT_TAKEOVER}")
        self.check("fragments", False, None)

    def test_pings(self):
        self.check("pings", {})

    def test_close_codes_come_back(self):
        self.check("closes", {})


class PythonWebsockets(EchoCase):
    def connect(self, agreed=PLAIN, **offer):
        factory = ClientPerMessageDeflateFactory(**offer)
        socket = connect(self.server.url, compression=None, extensions=[factory], max_size=None, max_queue=None)
        self.assertEqual(socket.response.headers.get("Sec-WebSocket-Extensions"), agreed)
        self.assertEqual([extension.name for extension in socket.protocol.extensions], [PLAIN] if agreed else [])
        return socket

    def check(self, socket, messages):
        for message in messages:
            socket.send(message)
            # Not assertEqual, which would print the megabyte that differs.
            self.assertTrue(socket.recv(TIMEOUT) == message, f"{type(message).__name__} of {len(message)}")

    def check_messages(self, agreed=PLAIN, **offer):
        with self.connect(agreed, **offer) as socket:
            for size in SIZES:
                self.check(socket, [text(size), noise(size), alike(size), noise(size // 2).hex()])
            row = [f"{n} ☃ {noise(100).hex()}" for n in range(200)]
            for message in row:
                socket.send(message)
            self.assertEqual([socket.recv(TIMEOUT) for _ in row], row)

    def test_with_its_default(self):
        with connect(self.server.url, max_size=None) as socket:
            self.assertEqual(socket.response.headers["Sec-WebSocket-Extensions"], PLAIN)
            self.check(socket, [text(size) for size in SIZES])

    def test_with_the_plain_extension(self):
        self.check_messages()

    def test_without_the_servers_context_takeover(self):
        self.check_messages(f"{PLAIN}; {NO_SERVER_TAKEOVER}", server_no_context_takeover=True)

    def test_without_the_clients_context_takeover(self):
        self.check_messages(f"{PLAIN}; {NO_CLIENT_TAKEOVER}", client_no_context_takeover=True)

    def test_without_any_context_takeover(self):
        self.check_messages(f"{PLAIN}; {NO_SERVER_TAKEOVER}; {NO_CLIENT_TAKEOVER}",
                            server_no_context_takeover=True, client_no_context_takeover=True)

    def test_with_small_windows(self):
        for bits in (9, 10):
            with self.subTest(bits=bits):
                self.check_messages(f"{PLAIN}; {SERVER_BITS}={bits}; {CLIENT_BITS}={bits}",
                                    server_max_window_bits=bits, client_max_window_bits=bits)

    def test_with_a_server_window_that_is_declined(self):
        self.check_messages(None, server_max_window_bits=8)

    def test_fragments(self):
        with self.connect() as socket:
            parts = ["in ", "", "many ☃ ", "parts " * 1000, ""]
            for _ in range(3):
                socket.send(parts)
                self.assertEqual(socket.recv(TIMEOUT), "".join(parts))
                socket.send([noise(70_000), b"", noise(10)])
                self.assertTrue(socket.recv(TIMEOUT) == noise(70_000) + noise(10))

    def test_pings(self):
        with self.connect() as socket:
            for payload in (b"", b"are you there", noise(125)):
                self.assertTrue(socket.ping(payload).wait(TIMEOUT), payload)

    def test_close_codes_come_back(self):
        closes = ((1000, ""), (1000, "done"), (1001, "weiter ☃"), (1011, "x" * 123), (3000, ""), (4999, "ours"))
        for code, reason in closes:
            with self.subTest(code=code, reason=reason), self.connect() as socket:
                # The reason need not come back (RFC 6455 §5.5.1).
                socket.close(code, reason)
                self.assertEqual(socket.protocol.close_rcvd.code, code)


class OurClient:
    """`examples/ws_client` against an echo server, which the subclasses start. Lines on its input come back as they are."""

    LINES = [text(size) for size in SIZES] + [alike(size).decode() for size in SIZES] + [
        noise(size // 2).hex() for size in SIZES] + [f"{n} ☃ {noise(100).hex()}" for n in range(200)]

    def check(self, url, lines, agreed, end=("1000",)):
        """Sends the lines; a command among them prints nothing."""
        deflate = [] if agreed is None else ["--deflate"]
        data = "".join(f"{line}\n" for line in lines).encode()
        printed, told = run(WS_CLIENT, "--url", url, *deflate, data=data)
        sent = [line for line in lines if not line.startswith(":")]
        back = printed.split("\n")
        self.assertEqual([len(line) for line in back], [len(line) for line in sent] + [0])
        self.assertTrue(back[:-1] == sent)
        self.assertEqual(told.splitlines(), [
            "connected without compression" if agreed is None else f"connected with {agreed}",
            " ".join(["closed with", *end]).ljust(len("closed with 1000 ")),
        ])


class OurClientAndNpmWs(OurClient, unittest.TestCase):
    def check_messages(self, options, agreed):
        with Node("echo", {**options, "threshold": 0} if isinstance(options, dict) else options) as server:
            self.check(server.url, [*self.LINES, ":ping", "last"], agreed)
            self.assertEqual([server.line() for _ in range(3)],
                             [f"extensions {PLAIN if agreed else ''}".strip(), "ping", "close 1000"])

    def test_with_its_default(self):
        self.check_messages({}, PLAIN)

    def test_without_compression(self):
        self.check_messages(False, None)

    def test_without_the_servers_context_takeover(self):
        self.check_messages({"serverNoContextTakeover": True}, f"{PLAIN}; {NO_SERVER_TAKEOVER}")

    def test_without_the_clients_context_takeover(self):
        self.check_messages({"clientNoContextTakeover": True}, f"{PLAIN}; {NO_CLIENT_TAKEOVER}")

    def test_with_small_windows(self):
        self.check_messages({"serverMaxWindowBits": 10, "clientMaxWindowBits": 10},
                            f"{PLAIN}; {SERVER_BITS}=10; {CLIENT_BITS}=10")

    def test_with_the_smallest_windows_and_no_context_takeover(self):
        options = {"serverMaxWindowBits": 9, "clientMaxWindowBits": 9,
                   "serverNoContextTakeover": True, "clientNoContextTakeover": True}
        self.check_messages(
            options, f"{PLAIN}; {NO_SERVER_TAKEOVER}; {NO_CLIENT_TAKEOVER}; {SERVER_BITS}=9; {CLIENT_BITS}=9")

    def test_fragments_and_a_ping_between_them(self):
        lines = ["in fragments, ☃ or not", *self.LINES[5:7], "last"]
        with Node("echo", {"threshold": 0}) as server:
            self.check(f"{server.url}/fragments", lines, PLAIN)
            self.assertEqual(server.line(), f"extensions {PLAIN}")
            self.assertEqual([server.line() for _ in lines], ["pong between the fragments"] * len(lines))

    def test_close_codes_and_reasons_arrive(self):
        with Node("echo", {}) as server:
            for command in ("1000", "1000 done", "1001 weiter ☃", "3000", "4999 " + "x" * 123):
                with self.subTest(command):
                    self.check(server.url, ["one", f":close {command}"], PLAIN, end=(command,))
                    self.assertEqual([server.line(), server.line()], [f"extensions {PLAIN}", f"close {command}"])


class OurClientAndPythonWebsockets(OurClient, unittest.TestCase):
    def serve(self, **options):
        """A server in a thread of this process: its URL, and a queue of what each connection agreed on and ended with."""
        seen = queue.Queue()

        def echo(socket):
            with contextlib.suppress(ConnectionClosed):
                while True:
                    socket.send(socket.recv())
            seen.put(([extension.name for extension in socket.protocol.extensions], socket.protocol.close_rcvd))

        server = serve(echo, "127.0.0.1", 0, max_size=None, **options)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(functools.partial(thread.join, TIMEOUT))
        self.addCleanup(server.shutdown)
        return "ws://127.0.0.1:%d" % server.socket.getsockname()[1], seen

    def check_messages(self, agreed, **options):
        url, seen = self.serve(**options)
        self.check(url, [*self.LINES, ":ping", "last"], agreed)
        self.assertEqual(seen.get(timeout=TIMEOUT), ([PLAIN] if agreed else [], Close(1000, "")))

    def with_parameters(self, agreed, **parameters):
        factory = ServerPerMessageDeflateFactory(**parameters)
        self.check_messages(f"{PLAIN}; {agreed}", compression=None, extensions=[factory])

    def test_with_its_default(self):
        # Its own default is a window of 4 KiB for each.
        self.check_messages(f"{PLAIN}; {SERVER_BITS}=12; {CLIENT_BITS}=12")

    def test_without_compression(self):
        self.check_messages(None, compression=None)

    def test_without_the_servers_context_takeover(self):
        self.with_parameters(NO_SERVER_TAKEOVER, server_no_context_takeover=True)

    def test_without_the_clients_context_takeover(self):
        self.with_parameters(NO_CLIENT_TAKEOVER, client_no_context_takeover=True)

    def test_with_small_windows(self):
        for bits in (9, 10):
            with self.subTest(bits=bits):
                self.with_parameters(f"{SERVER_BITS}={bits}; {CLIENT_BITS}={bits}", server_max_window_bits=bits,
                                     client_max_window_bits=bits, require_client_max_window_bits=True)

    def test_close_codes_and_reasons_arrive(self):
        url, seen = self.serve()
        for code, reason in ((1000, ""), (1000, "done"), (1001, "weiter ☃"), (4999, "x" * 123)):
            with self.subTest(code=code, reason=reason):
                command = f"{code} {reason}".strip()
                self.check(url, ["one", f":close {command}"], f"{PLAIN}; {SERVER_BITS}=12; {CLIENT_BITS}=12", (command,))
                self.assertEqual(seen.get(timeout=TIMEOUT), ([PLAIN], Close(code, reason)))


if __name__ == "__main__":
    unittest.main(verbosity=2)
