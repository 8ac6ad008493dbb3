// The npm client `ws` against an echo server: node_client.mjs URL CASE OPTIONS, the options being those of its
// perMessageDeflate. Fails where something does not come back as it was sent; prints what was negotiated, and for some
// cases the bytes that went over the wire, as JSON.

import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { on, once } from 'node:events';
import { createRequire } from 'node:module';

const { WebSocket } = createRequire(`${process.env.NODE_PACKAGES}/`)('ws');

const [url, name, options] = process.argv.slice(2);
const WATCHDOG = 45_000; // ms for everything
const MIB = 1 << 20;
const SIZES = [0, 1, 125, 126, 65_535, 65_536, MIB];
const CLOSES = [[1000, ''], [1000, 'done'], [1001, 'weiter ☃'], [1011, 'x'.repeat(123)], [3000, ''], [4999, 'ours']];

/** Bytes that look random, the same each time. */
const noise = (size) => createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(size));
/** Text of so many bytes, most of it characters of two, three and four bytes. */
const text = (size) => 'ž☃🦀'.repeat(Math.floor(size / 9)) + 'a'.repeat(size % 9);
const alike = (size) => Buffer.alloc(size, 'the same again, ');

async function connect() {
  const socket = new WebSocket(url, { perMessageDeflate: JSON.parse(options) });
  const upgraded = once(socket, 'upgrade');
  await once(socket, 'open');
  const [response] = await upgraded;
  const { socket: wire } = response;
  const header = response.headers['sec-websocket-extensions'] ?? null;
  assert.equal(socket.extensions, header === null ? '' : 'permessage-deflate');
  const messages = on(socket, 'message');
  /** The next message, which has to be this one. */
  async function expect(sent) {
    const [data, isBinary] = (await messages.next()).value;
    assert.equal(isBinary, typeof sent !== 'string');
    assert.ok(data.equals(Buffer.from(sent)), `${data.length} bytes came back for ${Buffer.byteLength(sent)}`);
  }
  /** Bytes that were sent and received meanwhile. */
  async function traffic(work) {
    const before = [wire.bytesWritten, wire.bytesRead];
    await work();
    return { sent: wire.bytesWritten - before[0], received: wire.bytesRead - before[1] };
  }
  return { socket, header, expect, traffic };
}

/** Closes, and gives the code that comes back. A reason need not come back (RFC 6455 §5.5.1). */
async function close({ socket }, code, reason) {
  const closed = once(socket, 'close');
  socket.close(code, reason);
  return (await closed)[0];
}

const cases = {
  /** One at a time, of every size and kind. */
  async echo(client) {
    for (const size of SIZES) {
      for (const message of [text(size), noise(size), alike(size), noise(Math.floor(size / 2)).toString('hex')]) {
        client.socket.send(message);
        await client.expect(message);
      }
    }
    return client.traffic(async () => {
      client.socket.send(alike(MIB));
      await client.expect(alike(MIB));
    });
  },

  /** Sent without waiting. Nothing repeats within a message, and nearly everything from one to the next. */
  async row(client) {
    const common = noise(150).toString('base64');
    const messages = Array.from({ length: 200 }, (_, n) => `${n} ☃ ${common}`);
    return client.traffic(async () => {
      for (const message of messages) client.socket.send(message);
      for (const message of messages) await client.expect(message);
    });
  },

  async fragments(client) {
    const parts = ['in ', '', 'many ☃ ', 'parts '.repeat(1000), ''];
    for (const compress of [true, false, true]) {
      for (const part of parts) client.socket.send(part, { fin: false, compress });
      client.socket.ping('between the fragments');
      const pong = once(client.socket, 'pong');
      client.socket.send('!', { fin: true });
      await client.expect(`${parts.join('')}!`);
      assert.equal((await pong)[0].toString(), 'between the fragments');
      client.socket.send(noise(70_000), { fin: false, compress });
      client.socket.send(noise(10), { fin: true });
      await client.expect(Buffer.concat([noise(70_000), noise(10)]));
    }
  },

  async pings(client) {
    for (const payload of [Buffer.alloc(0), Buffer.from('are you there'), noise(125)]) {
      const pong = once(client.socket, 'pong');
      client.socket.ping(payload);
      assert.deepEqual((await pong)[0], payload);
    }
  },

  async closes() {
    for (const [code, reason] of CLOSES) {
      assert.equal(await close(await connect(), code, reason), code);
    }
    assert.equal(await close(await connect()), 1005, 'a Close without a code');
  },
};

setTimeout(() => {
  console.error(`nothing more after ${WATCHDOG} ms`);
  process.exit(1);
}, WATCHDOG).unref();

const client = await connect();
const bytes = await cases[name](client);
assert.equal(await close(client, 1000, 'done'), 1000);
console.log(JSON.stringify({ extensions: client.header, ...bytes }));
