"""`tidings` as others call it: a server, its subscribers, its publisher. No process outlives `end_all`."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request

PROGRAM = os.environ["TIDINGS_BIN"]
TIMEOUT = 20.0  # seconds that anything may take which has no reason to take time; the slowest is a reconnection
started = []

# Everybody is on this machine, whatever proxies it may have for others.
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]


def start(command, **options):
    child = subprocess.Popen(command, **{"stdin": subprocess.DEVNULL, **options})
    started.append(child)
    return child


def end(child, number=signal.SIGTERM):
    """Ends it, and returns its status."""
    if child.poll() is None:
        child.send_signal(number)
    return child.wait(TIMEOUT)


def end_all():
    for child in reversed(started):
        try:
            end(child)
        except subprocess.TimeoutExpired:
            child.kill()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def eventually(is_so, within=TIMEOUT, what=None):
    deadline = time.monotonic() + within
    while not (found := is_so()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {what() if what else is_so}")
        time.sleep(0.02)
    return found


class Server:
    def __init__(self, *options, port=0):
        self.child = start([PROGRAM, "serve", "--addr", f"127.0.0.1:{port}", *options], stdout=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()  # ends at the latest with the child
        self.port = int(re.fullmatch(r"listening on http://127\.0\.0\.1:(\d+)/\n", line)[1])

    def metrics(self):
        """What `/metrics` says, from the server itself: `{'tidings_requests_total{status="200"}': 3, …}`."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=TIMEOUT) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}

    def answers(self):
        """How many there were by their status, 200 left out: who asks here has one."""
        found = ((re.fullmatch(r'tidings_requests_total\{status="(\d+)"\}', name), n) for name, n in self.metrics().items())
        return {int(status[1]): int(n) for status, n in found if status and status[1] != "200"}

    def drain(self):
        assert end(self.child) == 0, "the server did not drain"


class Subscriber:
    """Keeps all that it prints, with the time when it did."""

    def __init__(self, name, url, via):
        self.name, self.via = name, via
        self.said = []  # its words on standard error
        self.messages, self.times, self.resets = [], [], []
        self.is_connected = threading.Event()
        command = [PROGRAM, "subscribe", url, "--via", via, "--json"]
        self.child = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for read in (self._lines, self._words):
            threading.Thread(target=read, daemon=True).start()

    def _lines(self):
        for line in self.child.stdout:
            now = time.monotonic()
            self.is_connected.set()  # the first is where it begins
            envelope = json.loads(line)
            match envelope["type"]:
                case "message":
                    self.times.append(now)
                    self.messages.append((envelope["id"], envelope["data"]))
                case "reset":
                    self.resets.append((len(self.messages), envelope["reason"]))

    def _words(self):
        for line in self.child.stderr:
            self.said.append(line.rstrip("\n"))

    def expect(self, messages, within):
        """It gets exactly these, in this order."""
        eventually(lambda: len(self.messages) >= len(messages), within,
                   lambda: f"{self.name} has {len(self.messages)} of {len(messages)} messages, and said {self.said}")
        for got, wanted in zip(self.messages, messages, strict=True):
            assert got == wanted, f"{self.name}: {got[0]} {got[1][:40]} instead of {wanted[0]} {wanted[1][:40]}"

    def connection(self):
        """What the system knows its sockets by."""
        folder = f"/proc/{self.child.pid}/fd"
        files = (os.readlink(f"{folder}/{file}") for file in os.listdir(folder))
        return {file for file in files if file.startswith("socket:")}

    def stop(self):
        status = end(self.child)
        assert status == 0, f"{self.name} ended with status {status}, and said {self.said}"


class Publisher:
    """`tidings publish URL -`: a line is a message."""

    def __init__(self, url):
        self.child = start([PROGRAM, "publish", url, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True)
        self.data, self.ids, self.times, self.said = [], [], [], []
        self.readers = [threading.Thread(target=read, daemon=True) for read in (self._ids, self._words)]
        for reader in self.readers:
            reader.start()

    def _ids(self):
        for line in self.child.stdout:
            self.times.append(time.monotonic())
            self.ids.append(line.strip())

    def _words(self):
        for line in self.child.stderr:
            self.said.append(line.rstrip("\n"))

    def publish(self, data):
        self.data.append(data)
        self.child.stdin.write(f"{data}\n")
        self.child.stdin.flush()

    def finish(self):
        """What was published: `[(id, data), …]`."""
        self.child.stdin.close()
        status = self.child.wait(2 * TIMEOUT)  # it tries for 30 s
        for reader in self.readers:
            reader.join(TIMEOUT)
        assert status == 0, f"publish ended with status {status}, and said {self.said}"
        return list(zip(self.ids, self.data, strict=True))


def publish(url, *data):
    """All of them through one `tidings publish`. Their ids and data, and when the last was taken."""
    publisher = Publisher(url)
    for one in data:
        publisher.publish(one)
    return publisher.finish(), publisher.times[-1]
