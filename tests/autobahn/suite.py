"""Runs the suite in both roles, in parallel parts, and judges the reports. Started by `run`, which installs it."""

import argparse
import json
import os
import queue
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import cases
from judge import Verdict

HERE = Path(__file__).resolve().parent
START_TIMEOUT = 30.0  # seconds until a server must have said where it listens
STOP_TIMEOUT = 5.0  # seconds until a process that was asked to end is killed


class RunError(Exception):
    """The run itself went wrong: something did not start, ended early, or did not end."""


class Process:
    """A child process with a log, which ends with the `with` block at the latest."""

    def __init__(self, name, command, log, scheme="ws"):
        self.name, self.log, self.scheme = name, log, scheme
        self.lines = queue.Queue()
        self._log = open(log, "w")
        try:
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, text=True, errors="replace"
            )
        except OSError as error:
            raise RunError(f"cannot start {name}: {error}") from None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.child.stdout:
            self._log.write(line)
            self._log.flush()
            if line.startswith("listening on "):
                self.lines.put(line.split()[2])
        self.lines.put(None)

    def address(self):
        """The URL that the server prints once it listens."""
        try:
            url = self.lines.get(timeout=START_TIMEOUT)
        except queue.Empty:
            url = None
        if url is None:
            raise RunError(f"{self.name} did not say where it listens; see {self.log}")
        if not url.startswith(f"{self.scheme}://127.0.0.1:"):
            raise RunError(f"{self.name} listens on {url}, not on {self.scheme}://127.0.0.1:PORT/")
        return url

    def finish(self, deadline):
        """Waits for the process's own end, which has to be a success."""
        try:
            status = self.child.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise RunError(f"{self.name} did not come to its end in time; see {self.log}") from None
        if status != 0:
            raise RunError(f"{self.name} ended with status {status}; see {self.log}")

    def still_running(self):
        if self.child.poll() is not None:
            raise RunError(f"{self.name} ended by itself with status {self.child.returncode}; see {self.log}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self._reader.join(STOP_TIMEOUT)
        self._log.close()


class Suite:
    def __init__(self, options):
        self.options = options
        self.scheme = "wss" if options.tls else "ws"
        tls = options.home.resolve() / "tls"  # where `run` puts them
        self.cert, self.key = str(tls / "cert.pem"), str(tls / "key.pem")
        self.selected = cases.select(options.cases)
        # Every n-th case: the slow groups stand together, and each part gets its share of them.
        parts = min(options.parallel, len(self.selected))
        self.parts = [self.selected[part::parts] for part in range(parts)]

    def role(self, role):
        """Runs one role and says whether all was well."""
        home = self.options.home.resolve() / (f"{role}-tls" if self.options.tls else role)
        shutil.rmtree(home, ignore_errors=True)  # an old report must not be taken for a new one
        folders = [home / str(part) for part in range(len(self.parts))]
        for folder in folders:
            folder.mkdir(parents=True)
        started = time.monotonic()
        deadline = started + self.options.timeout
        trouble = None
        try:
            (self.server if role == "server" else self.client)(folders, deadline)
        except RunError as error:
            trouble = str(error)
        verdict = Verdict(f"{role} over TLS" if self.options.tls else role, self.selected, folders)
        problems = ([trouble] if trouble else []) + verdict.problems
        for problem in problems:
            print(problem)
        print(f"{verdict.summary}{f'; {len(problems)} problems' if problems else ''}"
              f" ({time.monotonic() - started:.0f} s)", flush=True)
        return not problems

    def server(self, folders, deadline):
        """The crate is the server: one echo server, and a fuzzing client for each part."""
        with ExitStack() as stack:
            command = [*shlex.split(self.options.echo), "--addr", "127.0.0.1:0"]
            command += ["--cert", self.cert, "--key", self.key] if self.options.tls else []
            echo = stack.enter_context(Process("echo", command, folders[0].parent / "echo.log", self.scheme))
            target = {"servers": [{"agent": "tidings", "url": echo.address()}], "options": {"version": 18},
                      "roots": self.cert}
            testers = [stack.enter_context(self.wstest("fuzzingclient", *part, target)) for part in zip(self.parts, folders)]
            for tester in testers:
                tester.finish(deadline)
            echo.still_running()

    def client(self, folders, deadline):
        """The crate is the client: for each part a fuzzing server and a client of it."""
        with ExitStack() as stack:
            # The launcher puts another port in its place.
            target = {"url": f"{self.scheme}://127.0.0.1:9001", "options": {}}
            if self.options.tls:
                target.update(cert=self.cert, key=self.key)
            testers = [stack.enter_context(self.wstest("fuzzingserver", *part, target)) for part in zip(self.parts, folders)]
            clients = []
            for tester, folder in zip(testers, folders):
                command = [*shlex.split(self.options.client), "--url", tester.address().rstrip("/")]
                command += ["--cacert", self.cert] if self.options.tls else []
                clients.append(stack.enter_context(Process("client", command, folder / "client.log")))
            for client in clients:
                client.finish(deadline)
            for tester in testers:
                tester.still_running()

    def wstest(self, mode, part, folder, target):
        """Starts a part of the suite."""
        spec = {"outdir": str(folder), "cases": part, "exclude-cases": [], "exclude-agent-cases": {}, **target}
        (folder / "spec.json").write_text(json.dumps(spec, indent=1))
        command = [str(self.options.home / "venv/bin/python"), str(HERE / "wstest_local.py"),
                   "--mode", mode, "--webport", "0", "--spec", str(folder / "spec.json")]
        return Process(mode, command, folder / "wstest.log", self.scheme)


def arguments():
    parser = argparse.ArgumentParser(prog="tests/autobahn/run", description=__doc__)
    parser.add_argument("roles", nargs="*", metavar="ROLE", help="server, client (default: both)")
    parser.add_argument("--tls", action="store_true", help="over TLS, which is OpenSSL's at the suite's end")
    parser.add_argument("--cases", default="*", help="patterns, separated by commas; 'core' for all but compression, which takes seconds (default: %(default)s)")
    parser.add_argument("--parallel", type=int, default=3, metavar="N", help="parts to run side by side (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=1200.0, metavar="SECONDS", help="for each role (default: %(default)s)")
    parser.add_argument("--echo", metavar="COMMAND", help="another echo server (default: our example)")
    parser.add_argument("--client", metavar="COMMAND", help="another client (default: our example)")
    parser.add_argument("--home", type=Path, default=Path("target/autobahn"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.roles = options.roles or ["server", "client"]
    options.cases = cases.CORE if options.cases == "core" else options.cases
    if not set(options.roles) <= {"server", "client"}:
        parser.error("a role is 'server' or 'client'")
    if options.parallel < 1:
        parser.error("--parallel starts at 1")
    return parser, options


def build(example, options):
    """Builds an example of the crate and gives its command."""
    features = ["--features", "tls"] if options.tls else []
    subprocess.run(["cargo", "build", "--quiet", "--release", *features, "--example", example], check=True)
    return str(Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release/examples" / example)


def main():
    parser, options = arguments()
    try:
        suite = Suite(options)
    except ValueError as error:
        parser.error(str(error))
    try:
        if "server" in options.roles:
            options.echo = options.echo or build("echo", options)
        if "client" in options.roles:
            options.client = options.client or build("autobahn_client", options)
    except subprocess.CalledProcessError:
        return 1
    # Ended from outside: leave through the `with` blocks, which end what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return 0 if all([suite.role(role) for role in options.roles]) else 1


if __name__ == "__main__":
    sys.exit(main())
