"""`tidings serve` behind the proxy that is named: what is published through it reaches everybody who subscribes through it,
at once, in order and once, through silence, restarts of the proxy and of the server. Started by `run`."""

import http.client
import json
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.request
from pathlib import Path

import page
import processes
from processes import TIMEOUT, Publisher, Server, Subscriber, eventually, publish
from proxies import PROXIES

AT_ONCE = 2.0  # s; what a proxy holds back comes with the next keepalive, after 15 s, or with the end of the stream
PROMPT = 150  # ms; what the system holds back comes after 200
SHORT = 5.0 + 1.0  # s; the longest interval of a client that polls, and some time to do it
SILENCE = 65.0  # s; nginx's proxy_read_timeout is 60 s, HAProxy's timeout client and server are 50 s
KEEPALIVE = 15  # s
HOLD = 30  # s; what a long poll asks for, twice in the silence
SITE = "https://news.example"
SUBSCRIBERS = {"ws": "websocket", "sse": "sse", "stream": "stream", "long": "long-poll"}  # as `/metrics` names them


class Behind:
    def __init__(self, proxy, folder):
        self.server = Server("--allow-origin", SITE)
        self.proxy = PROXIES[proxy](folder, self.server.port)
        self.published = []
        self.subscribers = []
        self.upgrades = 1  # to a WebSocket, by a subscriber

    def url(self, path="/topics/t"):
        return f"http://127.0.0.1:{self.proxy.port}{path}"

    def status(self, path="/healthz"):
        """What the proxy answers, 0 if it does not."""
        try:
            with urllib.request.urlopen(self.url(path), timeout=TIMEOUT) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def publish(self, *data):
        """Everybody gets it in time; how long each took, in ms, who does not poll at intervals."""
        published, taken = publish(self.url(), *data)
        self.published += published
        prompt = [subscriber for subscriber in self.subscribers if subscriber.via != "short"]
        self.arrived(AT_ONCE, prompt)
        self.arrived(SHORT)
        return {subscriber.name: max(0, round((subscriber.times[-1] - taken) * 1000)) for subscriber in prompt}

    def streams(self):
        return [subscriber for subscriber in self.subscribers if subscriber.via in ("ws", "sse", "stream")]

    def arrived(self, within, subscribers=None):
        deadline = time.monotonic() + within
        for subscriber in subscribers or self.subscribers:
            subscriber.expect(self.published, deadline - time.monotonic())

    def undisturbed(self):
        """Nobody had to connect again, and the server refused nothing."""
        for subscriber in self.subscribers:
            assert subscriber.said == [], f"{subscriber.name} said {subscriber.said}"
        metrics = self.server.metrics()
        refused = {name: n for name, n in metrics.items() if name.startswith("tidings_refusals_total") and n}
        assert not refused, refused
        answers = self.server.answers()
        assert answers == {101: self.upgrades, 201: len(self.published)}, answers

    # The checks, in this order.

    def everybody_gets_messages_at_once(self):
        eventually(lambda: self.status() == 200)
        for lanes in (self.proxy.LANES, self.proxy.MORE_LANES):
            for via, place in lanes.items():
                self.subscribers.append(Subscriber(f"{via}{place}", self.url(f"{place}/topics/t"), via))
        eventually(lambda: all(subscriber.is_connected.is_set() for subscriber in self.subscribers),
                   what=lambda: {subscriber.name: subscriber.said for subscriber in self.subscribers})
        eventually(self.all_subscribed)
        times = [self.publish(f"message {n}") for n in range(5)]
        self.publish("long " * 100_000)  # more than any buffer of a proxy
        for name in self.proxy.PROMPT:
            assert min(time[name] for time in times) < PROMPT, f"{name}: {times}"
        self.undisturbed()
        return {name: max(time[name] for time in times) for name in times[0]}

    def all_subscribed(self):
        metrics = self.server.metrics()
        wanted = [subscriber.via for subscriber in self.subscribers]
        return all(metrics[f'tidings_subscribers{{transport="{name}"}}'] == wanted.count(via)
                   for via, name in SUBSCRIBERS.items())

    def connections_are_used_again(self):
        lines = [f"line {n}" for n in range(300)]
        self.publish(*lines)
        requests = 100
        connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, timeout=TIMEOUT)
        connection.connect()
        first = connection.sock
        for n in range(requests):
            connection.request("POST", "/topics/t", body=f"request {n}")
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 201, (answer.status, body)
            assert connection.sock is first, f"the proxy has closed the connection after {n} requests"
            self.published.append((json.loads(body)["id"], f"request {n}"))
        connection.close()
        self.arrived(SHORT)
        self.undisturbed()
        self.proxy.check_reuse(len(lines) + requests)

    def silence_cuts_nobody(self):
        streams = self.streams()
        connections = [subscriber.connection() for subscriber in streams]
        assert all(connections), connections
        until = time.monotonic() + SILENCE
        polls = Polls(self.proxy.port)
        # Our own client would send a Ping itself, a page cannot.
        websocket = page.WebSocket(self.proxy.port, f"{self.proxy.LANES['ws']}/topics/t")
        self.upgrades += 1
        time.sleep(max(0.0, until - time.monotonic()))
        polls.check()
        times = self.publish("after the silence")
        eventually(lambda: websocket.texts or websocket.ended, AT_ONCE, lambda: "a page's WebSocket")
        assert websocket.texts == ["after the silence"], f"a page's WebSocket: {websocket.ended}"
        assert websocket.pings >= SILENCE // KEEPALIVE, websocket.pings
        self.undisturbed()
        assert [subscriber.connection() for subscriber in streams] == connections, "not the connections of before"
        websocket.close()
        return times

    def a_killed_proxy_loses_and_doubles_nothing(self):
        self.meanwhile(self.proxy.kill)
        for subscriber in self.subscribers:
            if subscriber.via != "short":
                assert subscriber.said.count("tidings: connected again") == 1, f"{subscriber.name} said {subscriber.said}"

    def a_proxy_that_is_reloaded_loses_and_doubles_nothing(self):
        """Nobody notices whose answer has not ended."""
        said = {subscriber: list(subscriber.said) for subscriber in self.streams()}
        self.meanwhile(self.proxy.reload)
        for subscriber, before in said.items():
            assert subscriber.said == before, f"{subscriber.name} said {subscriber.said}"

    def meanwhile(self, action):
        """Does it while somebody publishes through the proxy."""
        publisher = Publisher(self.url())

        def some(when):
            for n in range(60):
                publisher.publish(f"{when} {n}")
                time.sleep(0.01)
            return True

        some("before")
        is_done = action()
        eventually(lambda: some("meanwhile") and is_done())
        some("after")
        self.published += publisher.finish()
        self.arrived(TIMEOUT)
        assert all(subscriber.resets == [] for subscriber in self.subscribers)
        self.publish("all are back")

    def pages_need_their_origin_allowed(self):
        """Whether the proxy passes the page's host on or puts the server's in its place."""
        place = self.proxy.LANES["ws"]
        for origin, statuses in ((SITE, (201, 101)), ("https://unnamed.example", (403, 403))):
            site = {"Host": origin.removeprefix("https://"), "Origin": origin}
            published = self.ask("POST", "/topics/page", site, "of a page")
            upgraded = self.ask("GET", f"{place}/topics/page", site | page.HANDSHAKE)
            assert (published, upgraded) == statuses, f"{origin}: {published} and {upgraded}"

    def ask(self, *request):
        answer, connection = page.ask(self.proxy.port, *request)
        connection.close()
        return answer.status

    def a_server_that_begins_anew_is_found_again_and_tells_of_it(self):
        before = len(self.published)
        self.server.drain()
        eventually(lambda: self.status() == self.proxy.UNAVAILABLE)
        self.server = Server(port=self.server.port)
        eventually(lambda: self.status() == 200)
        self.published += publish(self.url(), "a new epoch", "and its second message")[0]
        self.arrived(TIMEOUT)
        for subscriber in self.subscribers:
            assert subscriber.resets == [(before, "epoch")], f"{subscriber.name} was told of {subscriber.resets}"
            if subscriber.via in ("ws", "stream"):
                assert "tidings: the server goes away" in subscriber.said, f"{subscriber.name} said {subscriber.said}"
        self.publish("all are back")

    def everybody_ends_when_told_to(self):
        for subscriber in self.subscribers:
            subscriber.stop()

    CHECKS = [
        everybody_gets_messages_at_once,
        connections_are_used_again,
        silence_cuts_nobody,
        a_killed_proxy_loses_and_doubles_nothing,
        a_proxy_that_is_reloaded_loses_and_doubles_nothing,
        pages_need_their_origin_allowed,
        a_server_that_begins_anew_is_found_again_and_tells_of_it,
        everybody_ends_when_told_to,
    ]


class Polls:
    """Two long polls of a topic without news, one after the other over one connection."""

    def __init__(self, port):
        self.port = port
        self.answers = []
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.thread.start()

    def _ask(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HOLD + TIMEOUT)
        for _ in range(2):
            since = time.monotonic()
            connection.request("GET", f"/topics/quiet?after=now&wait={HOLD}")
            answer = connection.getresponse()
            body = answer.read()
            self.answers.append((answer.status, body, time.monotonic() - since, connection.sock))
        connection.close()

    def check(self):
        self.thread.join(TIMEOUT)
        assert len(self.answers) == 2, self.answers
        for status, body, took, _ in self.answers:
            assert status == 200 and b'"events":[]' in body, (status, body)
            assert HOLD - 0.5 < took < HOLD + AT_ONCE, took
        assert self.answers[0][3] is self.answers[1][3] is not None, "not over one connection"


def terminated(number, _):
    raise SystemExit(f"ended by signal {number}")


def main(name):
    signal.signal(signal.SIGTERM, terminated)
    folder = Path(tempfile.mkdtemp(prefix=f"tidings-{name}-"))
    folder.chmod(0o755)  # the workers of a root's nginx are somebody else
    behind = None
    try:
        behind = Behind(name, folder)
        for check in Behind.CHECKS:
            since = time.monotonic()
            times = check(behind)
            told = f"{check.__name__.replace('_', ' ')} ({time.monotonic() - since:.1f} s)"
            if times:
                told += ": ms after it was taken: " + ", ".join(f"{lane} {ms}" for lane, ms in times.items())
            print(f"ok  behind {name}: {told}", flush=True)
    except BaseException:
        print(f"FAILED  behind {name}: {traceback.format_exc()}", file=sys.stderr)
        for log in behind.proxy.logs if behind else []:
            tail = log.read_text().splitlines()[-15:] if log.exists() else []
            print(f"The end of {log.name}:", *tail, sep="\n", file=sys.stderr)
        return 1
    finally:
        processes.end_all()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
