// Tries the live page in a real browser: five lanes, one topic, nothing lost, nothing doubled. Started by `run`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';

const { chromium } = createRequire(process.env.PLAYWRIGHT_AT)('playwright-core');
const base = process.env.TIDINGS_URL;
const topic = `browser-${process.pid}`;
const LANES = ['websocket', 'sse', 'stream', 'long-poll', 'short-poll'];
const ARRIVES_WITHIN = 15_000;   // ms; the slowest is a reconnection with its backoff
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];

const lane = name => `[data-lane="${name}"]`;
const complaints = [];           // what the browser or the page said that they should not have
let page, numbered = 0;

const checks = {
  async 'all five lanes come to life'() {
    await page.goto(`${base}#${topic}`);
    await everyLane(name => page.waitForSelector(`${lane(name)}[data-state="live"]`));
    assert.equal(await page.locator('[data-lane]').count(), LANES.length);
  },

  async 'what is published in the box arrives in each lane, once, as text'() {
    const text = unique('<img src=x onerror="document.title=1"> & <b>bold</b>');
    await publish(text);
    await everyLane(name => shows(name, text));
    const next = unique('second');
    await publish(next);
    await everyLane(name => shows(name, next));
    await everyLane(async name => assert.deepEqual(await times(name, [text, next]), [1, 1]));
    assert.equal(await page.locator('[data-lane] li img, [data-lane] li b').count(), 0, 'data became markup');
  },

  async 'each lane tells its latency, requests and bytes'() {
    await everyLane(async name => {
      await page.waitForFunction(selector => document.querySelector(selector).dataset.median !== '', lane(name));
      const { median, requests, bytes, received } = await page.$eval(lane(name), node => ({ ...node.dataset }));
      assert.ok(Number(median) > 0 && Number(median) < ARRIVES_WITHIN, `latency ${median} ms`);
      assert.ok(Number(requests) >= 1 && Number(bytes) > 100 && Number(received) >= 2, `${requests} ${bytes} ${received}`);
      assert.match(await page.textContent(`${lane(name)} .median`), /^\d[\d.]* m?s$/);
    });
  },

  async 'a message of somebody else with an event name that is new arrives everywhere'() {
    for (const event of ['surprise', 'open', 'error']) {
      const text = unique(event);
      await publishFromOutside(text, event);
      await everyLane(name => shows(name, text));
      await everyLane(async name => assert.deepEqual(await times(name, [text]), [1]));
    }
    await nothingLostOrDoubled();
  },

  async 'the view of the wire takes all five apart'() {
    await page.locator('#wire').scrollIntoViewIfNeeded();
    const text = unique('wire');
    await publish(text);
    await everyLane(name => shows(name, text));
    await page.click(`${lane('sse')} li.message`);
    for (const name of LANES) {
      const view = page.locator(`[data-view="${name}"]`);
      await view.waitFor();
      const fields = await view.locator('.field').count();
      assert.ok(fields >= 3, `${name} has ${fields} fields`);
      assert.ok(Number(await view.getAttribute('data-bytes')) > text.length, name);
      await view.locator('.field').first().focus();
      assert.ok((await view.locator('.meaning').textContent()).length > 10, `${name}: a field tells nothing`);
      assert.ok(await view.locator('.run.lit').count() > 0, `${name}: a field lights no byte`);
    }
  },

  async 'a lane that was disconnected catches up on what it missed'() {
    for (const name of LANES) {
      await page.click(`${lane(name)} .toggle`);
      await page.waitForSelector(`${lane(name)}[data-state="paused"]`);
      const missed = [unique('one'), unique('two'), unique('three')];
      for (const text of missed) await publishFromOutside(text);
      const other = LANES.find(candidate => candidate !== name);
      await shows(other, missed[2]);
      assert.deepEqual(await times(name, missed), [0, 0, 0], `${name} is not disconnected`);
      await page.click(`${lane(name)} .toggle`);
      await shows(name, missed[2]);
      await everyLane(one => shows(one, missed[2]));
      await everyLane(async one => assert.deepEqual(await times(one, missed), [1, 1, 1]));
    }
    await nothingLostOrDoubled();
  },

  async 'cursors move to other transports in mid-stream'() {
    await page.click('#burst');
    for (let turn = 0; turn < 3; turn += 1) {
      const text = unique('turn');
      await publishFromOutside(text);
      await shows('websocket', text);
      await page.click('#rotate');
    }
    await page.click('#burst');
    const last = unique('after turning');
    await publish(last);
    await everyLane(name => shows(name, last));
    await nothingLostOrDoubled();
  },

  async 'a hidden tab pauses and goes on where it stopped'() {
    await pretendHidden(true);
    await everyLane(name => page.waitForSelector(`${lane(name)}[data-state="paused"]`));
    const text = unique('hidden');
    await publishFromOutside(text);
    await pretendHidden(false);
    await everyLane(name => shows(name, text));
    await nothingLostOrDoubled();
  },

  async 'a reload goes on working and shows what was last'() {
    const text = unique('before the reload');
    await publish(text);
    await everyLane(name => shows(name, text));
    await page.reload();
    await everyLane(name => shows(name, text));
    const next = unique('after the reload');
    await publish(next);
    await everyLane(name => shows(name, next));
    await everyLane(async name => assert.deepEqual(await times(name, [text, next]), [1, 1]));
    await nothingLostOrDoubled();
    await screenshot();
  },

  async 'a server that wants tokens is shown them, typed in or from the address'() {
    const before = page, server = spawn(process.env.TIDINGS_BIN, ['serve', '--addr', '127.0.0.1:0'],
      { env: { ...process.env, TIDINGS_PUBLISH_TOKEN: 'editor', TIDINGS_SUBSCRIBE_TOKEN: 'reader' } });
    try {
      const guarded = /http\S+/.exec(String(await once(server.stdout, 'data')))[0];
      page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
      await page.goto(`${guarded}#${topic}`);
      for (const token of ['wrong', 'reader']) await typeToken(/read this topic/, token);
      await everyLane(name => page.waitForSelector(`${lane(name)}[data-state="live"]`));
      const text = unique('guarded');
      await publish(text);
      await typeToken(/publish here/, 'editor');
      await page.press('#text', 'Enter');       // it was put back
      await everyLane(name => shows(name, text));

      page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
      await page.goto(`${guarded}#${topic}&subscribe=reader&publish=editor`);
      await everyLane(name => shows(name, text));
      assert.equal(await page.evaluate(() => location.hash), `#${topic}`);
      await page.reload();
      const next = unique('guarded');
      await publish(next);
      await everyLane(name => shows(name, next));
    } finally {
      page = before;
      server.kill();
    }
  },

  async 'no error in the console, no request to elsewhere'() {
    assert.deepEqual(complaints, []);
  },
};

function unique(text) { return `${text} ${process.pid}.${numbered += 1}`; }

async function publish(text) {
  await page.fill('#text', text);
  await page.press('#text', 'Enter');
}

async function typeToken(asked, token) {
  await page.locator('#token-form label').getByText(asked).waitFor();
  await page.fill('#token', token);
  await page.press('#token', 'Enter');
}

async function publishFromOutside(text, event) {
  const url = new URL(`topics/${topic}`, base);
  if (event) url.searchParams.set('event', event);
  const response = await fetch(url, { method: 'POST', body: text, signal: AbortSignal.timeout(ARRIVES_WITHIN) });
  assert.equal(response.status, 201);
  assert.match((await response.json()).id, /^\d+-\d+$/);
}

/// Runs the check for each lane and names the one in which it fails.
function everyLane(check) {
  return Promise.all(LANES.map(name => check(name).catch(error => { throw new Error(`${name}: ${error.message}`, { cause: error }); })));
}

const shows = (name, text) => page.locator(`${lane(name)} li.message .text`).getByText(text, { exact: true }).first().waitFor({ state: 'attached' });

function times(name, texts) {
  return page.$$eval(`${lane(name)} li.message .text`, (nodes, wanted) => wanted.map(text => nodes.filter(node => node.textContent === text).length), texts);
}

async function nothingLostOrDoubled() {
  await everyLane(async name => {
    const { gaps, doubles } = await page.$eval(`${lane(name)} .reader`, node => ({ ...node.dataset }));
    assert.deepEqual({ gaps, doubles }, { gaps: '0', doubles: '0' });
  });
}

async function pretendHidden(hidden) {
  await page.evaluate(value => {
    Object.defineProperty(document, 'hidden', { value, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
}

async function screenshot() {
  if (!process.env.TIDINGS_SCREENSHOT) return;
  await page.locator('[data-view]').first().waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: process.env.TIDINGS_SCREENSHOT, fullPage: true });
}

function listenForComplaints() {
  page.on('console', message => message.type() === 'error' && complaints.push(`console: ${message.text()} (${message.location().url})`));
  page.on('pageerror', error => complaints.push(`page: ${error.stack}`));
  const home = new URL(base).host;
  const local = url => new URL(url).host === home || complaints.push(`request to ${url}`);
  page.on('request', request => local(request.url()));
  page.on('websocket', socket => local(socket.url()));
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
try {
  page = await (await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(ARRIVES_WITHIN);
  listenForComplaints();
  for (const [name, check] of Object.entries(checks)) {
    await check();
    console.log(`ok  ${name}`);
  }
} catch (error) {
  console.error(`FAILED  ${error.stack}`);
  complaints.forEach(complaint => console.error(`        ${complaint}`));
  process.exitCode = 1;
} finally {
  await browser.close();
}
