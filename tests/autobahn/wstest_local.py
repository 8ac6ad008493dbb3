"""`wstest`, kept on this machine. Runs under Python 2.7, with the arguments of `wstest`.

The suite's server listens on all interfaces whatever its configuration says. Here everything that listens does so on
127.0.0.1, on a port that the system chooses, and says on standard output which one that is.

The suite's client believes any certificate. Here it believes the one that the specification names under "roots", for the
address that it connects to.
"""

from __future__ import print_function

import sys
import warnings

warnings.filterwarnings("ignore")

from autobahntestsuite import choosereactor  # noqa: E402,F401  (has to come before the reactor)
from twisted.internet import reactor, ssl  # noqa: E402

listen_on_any = reactor.listenTCP
connect_blindly = reactor.connectSSL


def listen_on_loopback(port, factory, backlog=50, interface=""):
    listener = listen_on_any(0, factory, backlog, "127.0.0.1")
    chosen = listener.getHost().port
    websockets = getattr(factory, "wrappedFactory", factory)  # within TLS, if there is any
    websockets.externalPort = chosen  # what the Host header of a handshake is held against
    print("listening on %s://127.0.0.1:%d/" % ("wss" if websockets.isSecure else "ws", chosen))
    sys.stdout.flush()
    return listener


def connect_with_care(host, port, factory, contextFactory, timeout=30, bindAddress=None):
    with open(factory.spec["roots"]) as roots:
        trusted = ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(roots.read())])
    options = ssl.optionsForClientTLS(host.decode("ascii"), trustRoot=trusted)
    return connect_blindly(host, port, factory, options, timeout, bindAddress)


reactor.listenTCP = listen_on_loopback
reactor.connectSSL = connect_with_care

from autobahntestsuite import wstest  # noqa: E402

wstest.run()
