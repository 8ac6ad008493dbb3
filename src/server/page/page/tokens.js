// Tokens, for a server that lets only those subscribe or publish who show one (RFC 6750). They are typed in when it asks,
// or come with the page's address, as `#news&subscribe=TOKEN&publish=TOKEN`: that part no server is sent, and it is taken
// off at once. They are kept for this tab alone.

const KEPT_AS = 'tidings-tokens';
const GIVEN = /^(subscribe|publish)=([A-Za-z0-9._~+/-]+=*)$/;
const PURPOSE = { subscribe: 'read this topic', publish: 'publish here' };

export class Tokens {
  #known = {};                  // by action
  #asking = null;

  constructor() {
    try { this.#known = JSON.parse(sessionStorage.getItem(KEPT_AS)) ?? {}; } catch { /* a browser that keeps nothing */ }
    this.form = document.getElementById('token-form');
    this.input = document.getElementById('token');
    const [topic, ...given] = location.hash.slice(1).split('&');
    if (given.length === 0) return;
    given.map(pair => GIVEN.exec(pair)).forEach(match => match && this.#keep(match[1], match[2]));
    history.replaceState(null, '', `#${topic}`);
  }

  /// For `fetch`.
  headers(action) { return this.#known[action] ? { Authorization: `Bearer ${this.#known[action]}` } : {}; }

  /// For EventSource and WebSocket, which cannot send headers.
  query(action) { return this.#known[action] ? { access_token: this.#known[action] } : {}; }

  /// For a shell, without the token itself.
  shell(action) { return this.#known[action] ? '-H "Authorization: Bearer $TIDINGS_TOKEN" ' : ''; }

  /// Asks for the token that an answer says is missing; resolves when one was given. One question at a time.
  ask(action, status) {
    return this.#asking ??= new Promise(resolve => {
      const which = status === 403 ? 'a token that is for this' : 'a token';
      this.form.querySelector('label').textContent = `To ${PURPOSE[action]}, the server wants ${which}:`;
      this.form.hidden = false;
      this.input.focus();
      this.form.onsubmit = submit => {
        submit.preventDefault();
        this.#keep(action, this.input.value);
        this.input.value = '';
        this.form.hidden = true;
        this.#asking = null;
        resolve();
      };
    });
  }

  #keep(action, token) {
    this.#known[action] = token;
    try { sessionStorage.setItem(KEPT_AS, JSON.stringify(this.#known)); } catch { /* it lasts until the reload */ }
  }
}

/// Whether another token may change this answer.
export const wantsToken = status => status === 401 || status === 403;
