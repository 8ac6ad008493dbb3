"""`wstest`, kept on this machine. Runs under Python 2.7, with the arguments of `wstest`.

The suite's server listens on all interfaces whatever its configuration says. Here everything that listens does so on
127.0.0.1, on a port that the system chooses, and says on standard output which one that is.
"""

from __future__ import print_function

import sys
import warnings

warnings.filterwarnings("ignore")

from autobahntestsuite import choosereactor  # noqa: E402,F401  (has to come before the reactor)
from twisted.internet import reactor  # noqa: E402

listen_on_any = reactor.listenTCP


def listen_on_loopback(port, factory, backlog=50, interface=""):
    listener = listen_on_any(0, factory, backlog, "127.0.0.1")
    chosen = listener.getHost().port
    factory.externalPort = chosen  # what the Host header of a handshake is held against
    print("listening on ws://127.0.0.1:%d/" % chosen)
    sys.stdout.flush()
    return listener


reactor.listenTCP = listen_on_loopback

from autobahntestsuite import wstest  # noqa: E402

wstest.run()
