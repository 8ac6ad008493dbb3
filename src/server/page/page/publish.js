// The box to publish with: one message, or ten a second for a while.

import { wantsToken } from './tokens.js';

const BURST_EVERY = 100;     // ms
const BURST_FOR = 30_000;    // ms; a forgotten page must not publish for ever
const PATIENCE = 10_000;     // ms for the server's answer

export class Publisher {
  #burst = null;
  #busy = false;

  /// `shared` as in lane.js.
  constructor(shared) {
    this.shared = shared;
    this.text = document.getElementById('text');
    this.event = document.getElementById('event');
    this.button = document.getElementById('burst');
    this.said = document.getElementById('publish-said');
    document.getElementById('publish-form').addEventListener('submit', submit => {
      submit.preventDefault();
      const text = this.text.value || `hello at ${new Date().toLocaleTimeString()}`;
      this.text.value = '';
      this.publish(text);
    });
    this.button.addEventListener('click', () => this.#burst ? this.endBurst() : this.#startBurst());
  }

  /// Sends the raw text as the body; latency is counted from here. Resolves to whether the server took it.
  publish(data) {
    const event = this.event.value.trim(), url = new URL(this.shared.url);
    if (event) url.searchParams.set('event', event);
    return this.shared.errand(async () => {
      if (event && !event.startsWith('tidings.')) this.shared.names.add(event, null);   // before the message can arrive
      const arrivedAs = this.shared.ledger.sending();
      let id = null;
      try {
        const response = await fetch(url, { method: 'POST', headers: this.shared.tokens.headers('publish'), body: data, signal: AbortSignal.timeout(PATIENCE) });
        if (response.ok) ({ id } = await response.json());
        else if (wantsToken(response.status)) this.#askToken(data, response.status);
        this.#say(response.ok ? '' : `The server refused it with ${response.status}: ${(await response.text()).slice(0, 200)}`);
      } catch (error) {
        this.#say(`It could not be sent: ${error.message}`);
      } finally {
        arrivedAs(id);
      }
      return id !== null;
    });
  }

  /// The message is there to be sent again once there is a token.
  #askToken(data, status) {
    this.text.value ||= data;
    this.shared.tokens.ask('publish', status);
  }

  #startBurst() {
    const text = this.text.value || 'tick', until = performance.now() + BURST_FOR;
    let count = 0;
    this.button.setAttribute('aria-pressed', 'true');
    this.#burst = setInterval(async () => {
      const left = until - performance.now();
      if (left <= 0 || document.hidden) return this.endBurst();
      this.button.textContent = `stop (${Math.ceil(left / 1000)} s)`;
      if (this.#busy) return;                  // a slow server sets the pace
      this.#busy = true;
      const taken = await this.publish(`${text} ${++count}`);
      this.#busy = false;
      if (!taken) this.endBurst();
    }, BURST_EVERY);
  }

  endBurst() {
    clearInterval(this.#burst);
    this.#burst = null;
    this.button.setAttribute('aria-pressed', 'false');
    this.button.textContent = '10 per second';
  }

  #say(text) { this.said.textContent = text; }
}
