// Tries the examples that have a page, two tabs at once where that matters, and a log that is tailed into a topic. Started
// by `run`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { chromium } = createRequire(process.env.PLAYWRIGHT_AT)('playwright-core');
const { EXAMPLES_AT, TIDINGS_BIN, TIDINGS_SCREENSHOTS } = process.env;
const WITHIN = 15_000;   // ms; the slowest is a reconnection with its backoff, or a job of 5 s
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking',
  // WebRTC within this machine, with its addresses as they are: on loopback there is nobody to ask for a name in their place.
  '--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns'];
const ANY_PORT = '127.0.0.1:0';

const checks = {
  async 'chat_page: two tabs, the history for who joins, and going on after the server went'() {
    let server = await start('chat_page');
    const way = await proxy(server.url);
    const alice = await open(server.url), bob = await open(way.url);
    await say(alice, 'Alice', 'hello <b>Bob</b>');
    await shows(bob, 'Alicehello <b>Bob</b>');
    await say(bob, 'Bob', 'hello Alice');
    await shows(alice, 'Bobhello Alice');
    const carol = await open(server.url);
    await shows(carol, 'Bobhello Alice');
    assert.deepEqual(await said(carol), ['Alicehello <b>Bob</b>', 'Bobhello Alice']);
    await carol.close();

    // Cut off, while others talk: nothing is lost, nothing is doubled.
    way.cut();
    await bob.getByText('reconnecting').waitFor();
    await say(alice, 'Alice', 'are you there?');
    await shows(alice, 'Aliceare you there?');
    way.mend();
    await shows(bob, 'Aliceare you there?');

    assert.equal(await stop(server), 0);
    await alice.getByText('reconnecting').waitFor();
    await picture(alice, 'chat_away');
    server = await start('chat_page', new URL(server.url).host);
    for (const page of [alice, bob]) await page.getByText('the server began anew').waitFor();
    await say(bob, 'Bob', 'there it is again');
    for (const page of [alice, bob]) {
      await shows(page, 'Bobthere it is again');
      const expected = ['Alicehello <b>Bob</b>', 'Bobhello Alice', 'Aliceare you there?'];
      assert.deepEqual((await said(page)).filter(text => !text.includes('anew')), [...expected, 'Bobthere it is again']);
    }
    await picture(alice, 'chat');
    assert.equal(await stop(server), 0);
    way.close();
  },

  async 'progress: a reload resumes, another tab watches, and the end is the end'() {
    const server = await start('progress');
    const page = await open(server.url);
    await page.click('button');
    await percent(page, 10);
    await page.reload();
    await percent(page, 11);
    await picture(page, 'progress');
    const other = await open(page.url());
    await percent(other, 20);
    const asked = [];
    page.on('request', request => asked.push(request.url()));
    for (const one of [page, other]) await one.getByText('done: a film').waitFor();
    await page.waitForTimeout(4000);      // a browser that comes back does so after 3 s
    assert.deepEqual(asked, []);
    await page.reload();                  // it is kept
    await page.getByText('done: a film').waitFor();
    assert.equal(await page.$eval('#bar', bar => bar.value), 100);
    await other.goto(`${server.url}#1-1`);
    await other.reload();
    await other.getByText('not known any more').waitFor();
    assert.equal((await fetch(`${server.url}topics/job-1-1`, { method: 'POST', body: '99' })).status, 403);
    assert.equal(await stop(server), 0);
  },

  async 'cursors: who is there, who moves, who leaves'() {
    const server = await start('cursors');
    const left = await open(server.url), right = await open(server.url);
    await left.getByText('you are guest 1; 2 are here').waitFor();
    await right.getByText('you are guest 2; 2 are here').waitFor();
    for (const [page, mine] of [[left, '1'], [right, '2']]) {
      assert.equal(await page.locator(`.cursor[data-number="${mine}"]`).isVisible(), false);
    }
    await left.mouse.move(200, 300);
    await left.mouse.move(640, 225);      // half of the width, a quarter of the height
    await right.waitForFunction(() => {
      const { style } = document.querySelector('.cursor[data-number="1"]');
      return style.left === '50%' && style.top === '25%';
    });
    await right.mouse.move(320, 450);
    await left.waitForFunction(() => document.querySelector('.cursor[data-number="2"]').style.left === '25%');
    await picture(right, 'cursors');
    await left.close();
    await right.getByText('you are guest 2; 1 is here').waitFor();
    assert.equal(await right.locator('.cursor[data-number="1"]').count(), 0);
    assert.equal(await stop(server), 0);
    await right.getByText('reconnecting').waitFor();
    const again = await start('cursors', new URL(server.url).host);
    await right.getByText('you are guest 1; 1 is here').waitFor();
    assert.equal(await stop(again), 0);
  },

  async 'signalling: pages find each other, and talk on when there is no server'() {
    let server = await start('signalling');
    const way = await proxy(server.url), alice = await openPeer(server.url);
    await alice.getByText('can be found', { exact: true }).waitFor();
    const bob = await openPeer(way.url);
    for (const page of [alice, bob]) await page.getByText('1 other is here').waitFor();
    await tellAll(alice, 'hello <b>Bob</b>');
    await hears(bob, 'hello <b>Bob</b>');
    await tellAll(bob, 'hello Alice');
    await hears(alice, 'hello Alice');
    const told = await (await fetch(`${server.url}topics/room-lobby`)).json();
    assert.ok(told.events.length >= 4, 'two who say hello, an offer and an answer');
    assert.ok(!told.events.some(({ data }) => data.includes('hello Alice')), 'and nothing of what they said since');

    // Who comes late is called by all who are there; the same page again is somebody else; another room is another one.
    const carol = await openPeer(server.url), elsewhere = await openPeer(`${server.url}#elsewhere`);
    for (const page of [alice, bob, carol]) await page.getByText('2 others are here').waitFor();
    await tellAll(carol, 'hello all');
    for (const page of [alice, bob]) await hears(page, 'hello all');
    await carol.reload();
    for (const page of [alice, bob, carol]) await page.getByText('2 others are here').waitFor();
    await tellAll(carol, 'again');
    for (const page of [alice, bob]) await hears(page, 'again');
    assert.equal(await elsewhere.locator('#here').textContent(), '0 others are here');
    await elsewhere.close();
    await carol.close();
    for (const page of [alice, bob]) await page.getByText('1 other is here').waitFor();

    // Cut off, one hears what was said meanwhile when it is back.
    way.cut();
    await bob.getByText('cannot be found').waitFor();
    const dave = await openPeer(server.url);
    await dave.getByText('1 other is here').waitFor();
    way.mend();
    for (const page of [alice, bob, dave]) await page.getByText('2 others are here').waitFor();
    await dave.close();
    for (const page of [alice, bob]) await page.getByText('1 other is here').waitFor();

    assert.equal(await stop(server), 0);
    for (const page of [alice, bob]) await page.getByText('cannot be found').waitFor();
    await tellAll(alice, 'nobody between us');
    await hears(bob, 'nobody between us');
    await picture(alice, 'signalling');

    // A server that has forgotten everybody finds all in their places, and who comes then finds them, too.
    server = await start('signalling', new URL(server.url).host);
    for (const page of [alice, bob]) await page.getByText('can be found', { exact: true }).waitFor();
    const both = await Promise.all([openPeer(server.url), openPeer(server.url)]);
    for (const page of [alice, bob, ...both]) await page.getByText('3 others are here').waitFor();
    await tellAll(bob, 'the same as before');
    await hears(alice, 'the same as before');
    assert.equal(await alice.locator('#messages li').getByText(/^guest .... has left$/).count(), 3); // Carol, twice, and Dave
    assert.equal(await stop(server), 0);
    for (const page of [alice, bob, ...both]) await page.context().close();
    way.close();
  },

  async 'std_chat: what one says in its console, the other hears'() {
    const server = await start('std_chat');
    const here = server.url.replace('ws', 'http');      // refused as a page, but that is a page, too, and of that origin
    const pages = [await open(here), await open(here)];
    for (const page of pages) {
      await page.evaluate(url => new Promise(resolve => {
        globalThis.heard = [];
        globalThis.socket = new WebSocket(url);
        socket.onmessage = event => heard.push(event.data);
        socket.onopen = resolve;
        socket.onerror = resolve;
      }), server.url);
    }
    await pages[0].evaluate(() => socket.send('hello'));
    for (const page of pages) await page.waitForFunction(() => heard.some(text => /^\d+: hello$/.test(text)));
    server.process.kill();
    await once(server.process, 'exit');
  },

  async 'a log that grows and is rotated, tailed into a topic, is on the live page'() {
    const server = await listening(spawn(TIDINGS_BIN, ['serve', '--addr', ANY_PORT]));
    const folder = await mkdtemp(join(tmpdir(), 'tidings-log-')), log = join(folder, 'app.log');
    await writeFile(log, 'one\n');
    const tail = spawn('tail', ['-n', '+1', '-F', log], { stdio: ['ignore', 'pipe', 'ignore'] });
    const publish = spawn(TIDINGS_BIN, ['publish', `${server.url}topics/log`, '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
    tail.stdout.pipe(publish.stdin);
    try {
      const page = await open(`${server.url}#log`);
      const line = text => page.locator('[data-lane="sse"] li.message .text').getByText(text, { exact: true });
      await line('one').waitFor();
      await appendFile(log, 'two\nth');
      await line('two').waitFor();
      assert.equal(await line('th').count(), 0, 'half a line is no message');
      await appendFile(log, 'ree\n');
      await line('three').waitFor();
      await rename(log, `${log}.1`);
      await writeFile(log, 'four\n');
      await line('four').waitFor();
      await picture(page, 'log');
      tail.kill();
      const [status] = await once(publish, 'exit');
      assert.equal(status, 0);
    } finally {
      tail.kill();
      publish.kill();
      await rm(folder, { recursive: true });
    }
    assert.equal(await stop(server), 0);
  },
};

const started = new Set();

/// An example that says where it listens.
function start(name, addr = ANY_PORT) {
  return listening(spawn(join(EXAMPLES_AT, name), ['--addr', addr]));
}

async function listening(process) {
  started.add(process);
  process.on('exit', () => started.delete(process));
  process.stderr.on('data', data => complaints.push(`stderr: ${data}`));
  const lines = createInterface({ input: process.stdout });
  const [line] = await once(lines, 'line', { signal: AbortSignal.timeout(WITHIN) });
  const [, url] = /^listening on ((?:http|ws):\/\/127\.0\.0\.1:\d+\/)$/.exec(line) ?? assert.fail(line);
  return { process, url };
}

/// As Ctrl-C does; its exit status.
async function stop({ process }) {
  process.kill('SIGINT');
  const [status] = await once(process, 'exit', { signal: AbortSignal.timeout(WITHIN) });
  return status;
}

/// A way to the server that can be cut off.
async function proxy(url) {
  const sockets = new Set(), port = new URL(url).port;
  let isCut = false;
  const server = createServer(client => {
    if (isCut) return client.destroy();
    const ahead = connect(port, '127.0.0.1');
    for (const [one, other] of [[client, ahead], [ahead, client]]) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => { sockets.delete(one); other.destroy(); });
      one.pipe(other);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    cut() { isCut = true; sockets.forEach(socket => socket.destroy()); },
    mend() { isCut = false; },
    close() { server.close(); sockets.forEach(socket => socket.destroy()); },
  };
}

async function open(url, permissions = []) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions })).newPage();
  page.setDefaultTimeout(WITHIN);
  page.on('pageerror', error => complaints.push(`page: ${error.stack}`));
  page.on('request', request => {
    if (/^https?:/.test(request.url()) && new URL(request.url()).hostname !== '127.0.0.1') complaints.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

/// A page that is told the machine's own addresses, loopback too: that comes with the permission to hear it.
const openPeer = url => open(url, ['microphone']);

async function say(page, name, text) {
  await page.locator('#state.live').waitFor();
  await page.fill('#name', name);
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

async function tellAll(page, text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

/// From another page, past the server.
const hears = (page, text) => page.locator('#messages li').filter({ hasText: new RegExp(`^guest ....${text}$`) }).waitFor();
const said = page => page.$$eval('#messages li', items => items.map(item => item.textContent));
const shows = (page, text) => page.locator('#messages li').getByText(text, { exact: true }).waitFor();
const percent = (page, least) => page.waitForFunction(value => document.querySelector('#bar').value >= value, least);

async function picture(page, name) {
  if (TIDINGS_SCREENSHOTS) await page.screenshot({ path: join(TIDINGS_SCREENSHOTS, `${name}.png`) });
}

const complaints = [];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
try {
  for (const [name, check] of Object.entries(checks)) {
    const begun = Date.now();
    await check();
    // std_chat says who has left, and `serve` that it goes.
    const usual = /^stderr: (\d+ (has left|is gone)|tidings: draining)/;
    const unexpected = complaints.splice(0).filter(complaint => !usual.test(complaint));
    assert.deepEqual(unexpected, []);
    console.log(`ok  ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  }
} catch (error) {
  console.error(`FAILED  ${error.stack}`);
  complaints.forEach(complaint => console.error(`        ${complaint}`));
  process.exitCode = 1;
} finally {
  await browser.close();
  started.forEach(process => process.kill());
}
