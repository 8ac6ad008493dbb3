// Tabs of a browser behind an nginx that has TLS and speaks HTTP/2: more event streams at once than the six connections that
// a browser makes to one host over HTTP/1.1. Started by `run`.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { endAll, eventually, folder, freePort, serve, startNginx, within, WITHIN } from './nginx.mjs';

const { chromium } = createRequire(process.env.PLAYWRIGHT_AT)('playwright-core');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const AT_ONCE = 5_000;      // ms; what nginx buffers would arrive when the stream ends, which here is never
const TABS = 7;             // one more than a browser's connections
let browser, server, http2, http1;

const checks = {
  async 'seven tabs with an event stream each hear the same over HTTP/2'() {
    const tabs = await listening(http2, 'h2');
    await subscribers('sse', TABS);
    for (const data of ['one', 'two']) {
      await publish(data);
      await Promise.all(tabs.map(tab => hears(tab, data)));
    }
    for (const tab of tabs) assert.deepEqual(await tab.evaluate(() => heard), ['one', 'two']);

    // And there is room beside them, in a tab that listens.
    assert.equal(await within(AT_ONCE, tabs[0].evaluate(async () => (await (await fetch('/topics/t')).json()).events.at(-1).data)), 'two');
    await tabs[0].evaluate(() => new Promise((resolve, fail) => {
      globalThis.socket = new WebSocket(`wss://${location.host}/topics/t`);
      socket.onopen = resolve;
      socket.onerror = () => fail(new Error('no WebSocket'));
    }));
    await tabs[0].evaluate(() => socket.send('by WebSocket'));
    await Promise.all(tabs.map(tab => hears(tab, 'by WebSocket')));
    // A page's own publishing: the browser says where it is from, and may read the answer.
    assert.equal(await tabs[6].evaluate(async () => (await fetch('/topics/t', { method: 'POST', body: 'by fetch' })).status), 201);
    await Promise.all(tabs.map(tab => hears(tab, 'by fetch')));
    await tabs[0].context().close();
    await subscribers('sse', 0);
  },

  async 'over HTTP/1.1 the seventh waits until another tab is closed'() {
    const tabs = await listening(http1, 'http/1.1');
    await subscribers('sse', TABS - 1);
    await tabs[0].waitForTimeout(1000);        // what must not come
    await subscribers('sse', TABS - 1);
    const waiting = (await Promise.all(tabs.map(tab => tab.evaluate(() => source.readyState)))).indexOf(0);
    assert.notEqual(waiting, -1);
    const [last] = tabs.splice(waiting, 1);
    await tabs[0].close();
    await last.waitForFunction(() => source.readyState === 1, undefined, { timeout: AT_ONCE });
    await last.context().close();
  },
};

/// So many tabs of one browser; each listens, or tries to.
async function listening(url, protocol) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(WITHIN);
  const tabs = [];
  for (let n = 0; n < TABS; n += 1) {
    const tab = await context.newPage();
    await tab.goto(`${url}healthz`);
    assert.equal(await tab.evaluate(() => performance.getEntriesByType('navigation')[0].nextHopProtocol), protocol);
    tabs.push(tab);
  }
  for (const tab of tabs) await tab.evaluate(() => {
    globalThis.heard = [];
    globalThis.source = new EventSource('/topics/t');
    source.onmessage = event => heard.push(event.data);
  });
  return tabs;
}

const hears = (tab, data) => tab.waitForFunction(data => heard.at(-1) === data, data, { timeout: AT_ONCE, polling: 20 });

/// To the server itself.
const direct = (path, options) => fetch(`http://127.0.0.1:${server.port}${path}`, options);

async function publish(data) {
  assert.equal((await direct('/topics/t', { method: 'POST', body: data })).status, 201);
}

async function subscribers(via, count) {
  const line = `tidings_subscribers{transport="${via}"} ${count}\n`;
  await eventually(async () => (await (await direct('/metrics')).text()).includes(line));
}

/// What is in a production's configuration, with a certificate that nobody trusts.
async function startAll() {
  const [key, certificate] = ['key.pem', 'certificate.pem'].map(name => join(folder, name));
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  const [secure, plain] = [await freePort(), await freePort()];
  [http2, http1] = [`https://127.0.0.1:${secure}/`, `http://127.0.0.1:${plain}/`];
  server = await serve(0, '--allow-origin', http2.slice(0, -1));
  const location = `location / {
    proxy_pass http://127.0.0.1:${server.port};
    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection "upgrade";
  }`;
  await startNginx(`
    server {
      listen 127.0.0.1:${secure} ssl http2;
      ssl_certificate ${certificate};
      ssl_certificate_key ${key};
      ${location}
    }
    server {
      listen 127.0.0.1:${plain};
      ${location}
    }`, `${http1}healthz`);
}

browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
try {
  await startAll();
  for (const [name, check] of Object.entries(checks)) {
    const begun = Date.now();
    await check();
    console.log(`ok  ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  }
} catch (error) {
  console.error(`FAILED  ${error.stack}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  await endAll();
}
