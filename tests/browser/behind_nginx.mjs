// A browser's own EventSource behind nginx as Debian packages it, with nothing but `proxy_pass` said. Started by `run`.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { endAll, eventually, freePort, serve, startNginx, within, WITHIN } from './nginx.mjs';

const { chromium } = createRequire(process.env.PLAYWRIGHT_AT)('playwright-core');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const AT_ONCE = 2_000;           // ms; what nginx buffers arrives when the stream ends, which here is never
let page, server, nginx, url, numbered = 0;
const published = [];

const checks = {
  async 'it is nginx that answers'() {
    await page.goto(`${url}healthz`);
    assert.match(await page.evaluate(async () => (await fetch('/healthz')).headers.get('server')), /^nginx\//);
  },

  async 'events arrive at once'() {
    await page.evaluate(listen);
    await page.waitForFunction(() => seen.opened === 1);
    for (let n = 0; n < 5; n += 1) {
      await publish();
      await arrived(AT_ONCE);
    }
  },

  async 'lines of a stream and a long poll arrive at once, too'() {
    await page.evaluate(() => {
      globalThis.line = (async () => {
        const { body } = await fetch('/topics/t', { headers: { Accept: 'application/x-ndjson' } });
        let text = '';
        for await (const piece of body.pipeThrough(new TextDecoderStream())) {
          text += piece;
          if (text.includes('"message"')) return text;
        }
      })();
      globalThis.poll = fetch('/topics/t?after=now&wait=50').then(answer => answer.json());
    });
    for (const via of ['stream', 'long-poll']) {
      await eventually(async () => (await metrics()).includes(`tidings_subscribers{transport="${via}"} 1\n`));
    }
    const data = await publish();
    const [line, poll] = await within(AT_ONCE, page.evaluate(() => Promise.all([line, poll])));
    assert.ok(line.includes(data), line);
    assert.equal(poll.events[0].data, data);
    await arrived(AT_ONCE);
  },

  async 'killed workers of nginx cost no event: the browser resumes by Last-Event-ID'() {
    for (let turn = 1; turn <= 2; turn += 1) {
      nginx.killWorkers();
      await page.waitForFunction(turn => seen.errors === turn, turn);
      for (let n = 0; n < 3; n += 1) await publish();
      await arrived(WITHIN);
      assert.equal(await page.evaluate(() => seen.opened), turn + 1);
      await publish();
      await arrived(AT_ONCE);
    }
    assert.deepEqual(await page.evaluate(() => seen.resets), []);
  },

  async 'a server that comes back without its log is told by tidings.reset'() {
    await server.end('SIGTERM');
    server = await serve(server.port);
    await publish();
    await publish();
    await arrived(WITHIN);
    const resets = await page.evaluate(() => seen.resets);
    assert.deepEqual(resets.map(reset => JSON.parse(reset).reset), ['epoch']);
    await publish();
    await arrived(AT_ONCE);
  },
};

/// In the page: everything that an EventSource says.
function listen() {
  globalThis.seen = { opened: 0, errors: 0, data: [], ids: [], resets: [] };
  const source = new EventSource('/topics/t');
  source.onopen = () => { seen.opened += 1; };
  source.onerror = () => { seen.errors += 1; };
  source.onmessage = event => { seen.data.push(event.data); seen.ids.push(event.lastEventId); };
  source.addEventListener('tidings.reset', event => seen.resets.push(event.data));
}

/// To the server itself: nginx is for those who listen.
async function publish() {
  const data = `message ${numbered += 1}`;
  const answer = await fetch(`http://127.0.0.1:${server.port}/topics/t`, { method: 'POST', body: data, signal: AbortSignal.timeout(WITHIN) });
  assert.equal(answer.status, 201);
  published.push({ data, id: (await answer.json()).id });
  return data;
}

/// The EventSource has everything that was published, once and in order.
async function arrived(time) {
  await page.waitForFunction(last => seen.data.at(-1) === last, published.at(-1).data, { timeout: time, polling: 20 });
  const { data, ids } = await page.evaluate(() => seen);
  assert.deepEqual(data, published.map(message => message.data));
  assert.deepEqual(ids, published.map(message => message.id));
}

const metrics = async () => (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
try {
  server = await serve();
  const port = await freePort();
  url = `http://127.0.0.1:${port}/`;
  nginx = await startNginx(`
    server {
      listen 127.0.0.1:${port};
      location / { proxy_pass http://127.0.0.1:${server.port}; }
    }`, `${url}healthz`);
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(WITHIN);
  for (const [name, check] of Object.entries(checks)) {
    await check();
    console.log(`ok  behind nginx: ${name}`);
  }
} catch (error) {
  console.error(`FAILED  ${error.stack}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  await endAll();
}
