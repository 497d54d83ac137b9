// The frame: addresses, navigation, the state of the connection, the token.

import { h, patch } from './dom.js';
import { age, clock, count } from './format.js';
import { act, begin, devices, edges, matching, models, now, store, token, watch } from './store.js';
import * as charts from './charts.js';
import { overview } from './overview.js';
import { deviceList } from './devices.js';
import { devicePage, hear } from './device.js';
import { modelList, modelPage } from './models.js';
import { updates } from './updates.js';
import { jobs } from './jobs.js';
import { drift } from './drift.js';
import { empty } from './parts.js';

const VIEWS = [
  [/^\/$/, overview], [/^\/devices$/, deviceList],
  [/^\/devices\/([^/]+)\/([^/]+)$/, (site, device) => devicePage(`${site}/${device}`)],
  [/^\/models$/, modelList], [/^\/models\/([^/]+)$/, modelPage], [/^\/updates$/, updates], [/^\/jobs$/, jobs],
  [/^\/drift$/, drift],
];

const NAVIGATION = [
  ['/', 'Overview', () => null],
  ['/devices', 'Devices', () => devices().length],
  ['/models', 'Models', () => models().length],
  ['/updates', 'Updates', () => null],
  ['/jobs', 'Jobs', () => matching('job', '+', 'progress').filter(([, { payload }]) => !['done', 'failed'].includes(payload.phase)).length || null],
  ['/drift', 'Drift', () => null],
];

const main = document.getElementById('main');
let view = null;
let isDue = false;

/** Shows what the address names. */
function open(path) {
  view?.leave?.();
  const found = VIEWS.map(([pattern, make]) => [pattern.exec(path), make]).find(([match]) => match);
  view = found ? found[1](...found[0].slice(1))
    : { title: 'Not found', render: () => [h('h1', {}, 'Not found'), empty('There is no such view.')] };
  const device = /^\/devices\/([^/]+\/[^/]+)$/.exec(path)?.[1];
  main.replaceChildren();
  watch(device ?? null);
  render();
}

function follow(event) {
  const link = event.target.closest?.('a[data-link]');
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  if (link.pathname !== location.pathname) history.pushState(null, '', link.href);
  open(location.pathname);
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Draws at most once a frame, however much comes. */
export function render() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    drawFrame();
    if (store.asOf === null) return;
    document.title = `${view.title} · Retort`;
    main.classList.toggle('stale', store.state !== 'live' || !store.bus);
    patch(main, [notice(), view.render(render)]);
    charts.flush();
    if (!performance.getEntriesByName('retort-shown').length) performance.mark('retort-shown');
  });
}

function notice() {
  if (store.state === 'live' && store.bus) return null;
  if (store.asOf === null) return null;
  const text = store.state === 'live'
    ? `The aggregator has lost its broker ${age(store.busSince, now())}. What is shown is as of then.`
    : `Disconnected from the aggregator. What is shown is as of ${clock(store.asOf)}; trying again.`;
  return h('p', { class: 'notice', 'data-key': 'notice' }, text);
}

function drawFrame() {
  patch(document.getElementById('nav'), NAVIGATION.map(([href, title, number]) => {
    const isHere = href === '/' ? location.pathname === '/' : location.pathname.startsWith(href);
    const n = number();
    return h('a', { href, 'data-link': true, 'aria-current': isHere ? 'page' : null },
      h('span', {}, title), n ? h('span', { class: 'count' }, count(n)) : null);
  }));
  const connection = document.getElementById('connection');
  const [kind, text] = store.state === 'lost'
    ? ['bad', store.asOf ? `○ Disconnected, shown as of ${clock(store.asOf)}` : '○ The aggregator does not answer']
    : store.state === 'connecting' ? ['', '◌ Connecting…']
      : store.bus ? ['good', '● Live'] : ['warn', `◐ No broker since ${clock(store.busSince)}`];
  connection.className = `connection ${kind}`;
  if (connection.textContent !== text) connection.textContent = text;
  const unlock = document.getElementById('unlock');
  unlock.hidden = store.asOf === null;
  unlock.textContent = token.value ? 'Lock actions' : 'Unlock actions';
}

// MARK: The token

const dialog = document.getElementById('dialog');
let afterUnlock = null;

/** Does something for which the token is needed, asking for it where there is none. */
export function withToken(action) {
  if (token.value) return action();
  afterUnlock = action;
  askForToken();
}

function askForToken() {
  const title = h('h2', { id: 'dialog-title' }, 'Unlock actions');
  const close = h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close() }, 'Cancel');
  if (!store.about.actions) {
    dialog.replaceChildren(title, h('p', {}, 'This aggregator is for looking only. To label and to start jobs from here, set ',
      h('code', {}, 'http.tokenFile'), ' in its configuration to a file that holds a token, and start it again.'),
    h('div', { class: 'buttons' }, close));
    close.textContent = 'Close';
  } else {
    const problem = h('p', { class: 'note', role: 'alert' });
    const field = h('input', { type: 'password', name: 'token', autocomplete: 'off', required: true });
    dialog.replaceChildren(h('form', { onsubmit: async (event) => {
      event.preventDefault();
      token.value = field.value.trim();
      try {
        await act('/api/session', {});
        dialog.close();
        render();
        const next = afterUnlock;
        afterUnlock = null;
        next?.();
      } catch (error) {
        token.value = null;
        problem.textContent = error.message;
        field.select();
      }
    } }, title, h('p', {}, 'Labelling and starting jobs need the token of the aggregator’s configuration. It is kept until this tab is closed.'),
    h('label', {}, 'Token', field), problem, h('div', { class: 'buttons' }, close, h('button', { type: 'submit' }, 'Unlock'))));
  }
  dialog.showModal();
}

document.getElementById('unlock').onclick = () => {
  afterUnlock = null;
  if (!token.value) return askForToken();
  token.value = null;
  render();
};

let toastTimer = null;
/** Says what was done, with a way back where there is one. */
export function toast(text, undo) {
  const place = document.getElementById('toast');
  clearTimeout(toastTimer);
  place.replaceChildren(h('span', {}, text), undo
    ? h('button', { type: 'button', class: 'quiet small', onclick: () => { place.hidden = true; undo(); } }, 'Undo') : '');
  place.hidden = false;
  toastTimer = setTimeout(() => { place.hidden = true; }, 8000);
}

document.addEventListener('click', follow);
addEventListener('popstate', () => open(location.pathname));
addEventListener('retort:render', render);
addEventListener('retort:token', (event) => withToken(event.detail));
addEventListener('retort:toast', (event) => toast(event.detail.text, event.detail.undo));
open(location.pathname);
begin(render, hear);
