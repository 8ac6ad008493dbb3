"""Servers, ours and others', and curl: processes whose output is read with a time limit and which do not outlive a test."""

import json
import os
import queue
import re
import shlex
import socket
import subprocess
import sys
import threading
import time

TIMEOUT = 15.0  # seconds that anything may take which has no reason to take time

HERE = os.path.dirname(os.path.abspath(__file__))

# Everybody is on this machine, whatever proxies it may have for others.
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]


class Process:
    """A child whose standard output is read piece by piece. Ends with its `with` block."""

    def __init__(self, command):
        self.command = command
        self.child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.pieces = queue.Queue()
        self.buffer = b""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while piece := os.read(self.child.stdout.fileno(), 65536):
            self.pieces.put(piece)
        self.pieces.put(None)

    def until(self, enough):
        """Reads until `enough(buffer)` gives the length of what was waited for, and returns that much."""
        deadline = time.monotonic() + TIMEOUT
        while (length := enough(self.buffer)) is None:
            try:
                piece = self.pieces.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self.command}: nothing more in {TIMEOUT} s after {self.buffer!r}") from None
            if piece is None:
                raise AssertionError(f"{self.command}: ended after {self.buffer!r}")
            self.buffer += piece
        taken, self.buffer = self.buffer[:length], self.buffer[length:]
        return taken

    def through(self, mark):
        """Reads through the next `mark` and returns what stands before it."""
        found = self.until(lambda buffer: buffer.index(mark) + len(mark) if mark in buffer else None)
        return found[: -len(mark)].decode()

    def line(self):
        return self.through(b"\n").rstrip("\r")

    def exactly(self, length):
        return self.until(lambda buffer: length if len(buffer) >= length else None)

    def rest(self):
        """Everything until the process ends by itself; then its exit status."""
        status = self.child.wait(TIMEOUT)
        self.reader.join(TIMEOUT)
        while (piece := self.pieces.get(timeout=TIMEOUT)) is not None:
            self.buffer += piece
        taken, self.buffer = self.buffer, b""
        return taken, status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.reader.join(TIMEOUT)
        self.child.stdout.close()


class Listener(Process):
    """A server; `url` is where it says that it listens, without a slash at the end."""

    def __init__(self, command):
        super().__init__(command)
        try:
            line = self.line()
            found = re.fullmatch(r"listening on ((?:http|ws)://127\.0\.0\.1:[1-9][0-9]*)/", line)
            assert found, line
            self.url = found[1]
        except AssertionError:
            self.__exit__()
            raise


class Server(Listener):
    """`tidings serve`."""

    def __init__(self):
        super().__init__(shlex.split(os.environ["SERVER_COMMAND"]))


class Node(Listener):
    """One of the servers in `node_server.mjs`."""

    def __init__(self, kind, what):
        super().__init__(["node", os.path.join(HERE, "node_server.mjs"), kind, json.dumps(what)])


class Aiohttp(Listener):
    """The server in `aiohttp_server.py`."""

    def __init__(self, streams):
        super().__init__([sys.executable, os.path.join(HERE, "aiohttp_server.py"), json.dumps(streams)])


class Forward:
    """A port that leads to a server, and may lead to another one later; its connections can be cut."""

    def __init__(self, url):
        self.lead_to(url)
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def lead_to(self, url):
        host, port = url.removeprefix("http://").split(":")
        self.target = host, int(port)

    def cut(self):
        for each in self.sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended by itself

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed
            server = socket.create_connection(self.target)
            self.sockets += client, server
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass(one, other):
        try:
            while piece := one.recv(65536):
                other.sendall(piece)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # cut

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        self.cut()


class Answer:
    """What `curl` printed for one request."""

    def __init__(self, printed):
        head, _, self.body = printed.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        pairs = (line.partition(":") for line in lines[1:])
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}

    @property
    def json(self):
        return json.loads(self.body)


class Curl(Process):
    """curl, left running: a stream, a held poll or a WebSocket. `head` reads the response head."""

    def __init__(self, *arguments):
        super().__init__(["curl", "--silent", "--show-error", "--no-buffer", "--include", *arguments])

    def head(self):
        return Answer(self.through(b"\r\n\r\n").encode() + b"\r\n\r\n")

    def block(self):
        """The next block of an event stream that is not a mere comment: its fields as a dictionary."""
        while True:
            fields = {}
            for line in self.through(b"\n\n").split("\n"):
                name, _, value = line.partition(":")
                if name:
                    value = value.removeprefix(" ")
                    fields[name] = f"{fields[name]}\n{value}" if name == "data" and "data" in fields else value
            if fields:
                return fields

    def event(self, kind="data"):
        """The next block that carries data; bookmarks and `retry` are passed over."""
        while kind not in (block := self.block()):
            pass
        return block

    def envelope(self, kind="message"):
        """The next line of an NDJSON stream of that type; bookmarks are passed over."""
        while (found := json.loads(self.line()))["type"] == "bookmark" != kind:
            pass
        assert found["type"] == kind, found
        return found

    def frame(self):
        """The next WebSocket frame, which is small and, from a server, unmasked: its first byte and payload."""
        first, length = self.exactly(2)
        assert length < 126, length
        return first, self.exactly(length)


def curl(*arguments):
    """curl, run to its end."""
    with Curl(*arguments) as process:
        printed, status = process.rest()
        assert status == 0, f"curl {arguments}: exit status {status}"
        return Answer(printed)
