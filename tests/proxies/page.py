"""What a page does: asks with its `Origin`, and opens a WebSocket that sends nothing by itself, but answers Pings."""

import http.client
import struct
import threading

from processes import TIMEOUT

HANDSHAKE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
# Opcodes, with FIN (RFC 6455 §5.2).
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
MASKED, TWO_BYTES = 0x80, 126


def ask(port, method, path, headers, body=None):
    """The status, and the connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    connection.request(method, path, body=body, headers=headers)
    return connection.getresponse(), connection


class WebSocket:
    """Without the subprotocol: a message is its data."""

    def __init__(self, port, path):
        self.texts, self.pings, self.ended = [], 0, None
        self.answer, self.connection = ask(port, "GET", path, HANDSHAKE)
        assert self.answer.status == 101, self.answer.status
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            while self.ended is None:
                self._frame()
        except OSError as error:  # nothing for longer than a keepalive takes, or cut
            self.ended = repr(error)

    def _frame(self):
        kind, length = self._take(2)
        if length == TWO_BYTES:
            (length,) = struct.unpack(">H", self._take(2))
        payload = self._take(length)
        if kind == TEXT:
            self.texts.append(payload.decode())
        elif kind == PING:
            self.pings += 1
            # A masking key of zeros leaves the payload as it is (RFC 6455 §5.3).
            self.connection.sock.sendall(bytes([PONG, MASKED | length, 0, 0, 0, 0]) + payload)
        else:
            self.ended = f"{kind:#x} {payload!r}"

    def _take(self, length):
        data = self.answer.fp.read(length)
        if len(data) < length:
            raise ConnectionResetError("the end of the stream")
        return data

    def close(self):
        self.connection.sock.shutdown(2)
