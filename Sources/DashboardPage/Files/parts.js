// Pieces that several views are made of.

import { h } from './dom.js';
import { age, bytes, count, joules, none, percent, significant } from './format.js';
import { now, store } from './store.js';

const MARKS = {
  online: '●', running: '●', ok: '●', done: '●',
  offline: '○', failed: '✕', refused: '✕',
  unknown: '◌', waiting: '◌', accepted: '◌',
};

/** A state as a mark and a word, so that it is never told by colour alone. */
export function state(word, text = word) {
  const kind = ['online', 'running', 'ok', 'done'].includes(word) ? 'good'
    : ['offline', 'failed', 'refused'].includes(word) ? 'bad'
      : ['unknown', 'waiting'].includes(word) ? 'idle' : 'busy';
  return h('span', { class: `state ${kind}` }, h('span', { 'aria-hidden': 'true' }, MARKS[word] ?? '◐'), ` ${text}`);
}

/** An accuracy with its interval and what it rests on, as words and as a bar from 0 to 100 %. */
export function interval(score, scored, options = {}) {
  if (!score) {
    return h('span', { class: 'unknown' }, options.missing ?? 'not scored yet');
  }
  const words = `${(score.low * 100).toFixed(1)} to ${percent(score.high)}`;
  return h('span', { class: `interval ${options.who ?? 'student'}` },
    h('span', { class: 'figure' }, percent(score.value)),
    h('span', { class: 'bounds' }, `${words}${scored === undefined ? '' : ` · ${count(scored)} scored`}`),
    options.bar === false ? null : bar(score, options.other));
}

function bar(score, other) {
  return h('span', { class: 'range', 'aria-hidden': 'true',
    vars: { '--low': score.low, '--high': score.high, '--value': score.value } },
  h('span', { class: 'band' }), h('span', { class: 'tick' }),
  other ? h('span', { class: 'tick other', vars: { '--value': other.value } }) : null);
}

/** The score of a model's card: accuracy, or errors where it predicts a value. */
export function score(card, options = {}) {
  if (card?.rmse !== undefined) {
    return h('span', { class: 'interval student' },
      h('span', { class: 'figure' }, `RMSE ${significant(card.rmse)} ${card.unit ?? ''}`),
      h('span', { class: 'bounds' }, `MAE ${significant(card.mae)} · ${count(card.scored)} scored`));
  }
  return interval(card?.accuracy, card?.scored, options);
}

/** Joules with how they came about. */
export function energy(figure) {
  if (!figure) return h('span', { class: 'unknown' }, 'not metered yet');
  return h('span', { class: 'interval' },
    h('span', { class: 'figure' }, joules(figure.value)),
    h('span', { class: 'bounds' }, `${joules(figure.low)} to ${joules(figure.high)} · ${figure.method}`));
}

/** A figure with its name and what to know of it. */
export function fact(name, value, note) {
  return h('div', { class: 'fact' }, h('dt', {}, name),
    h('dd', {}, h('span', { class: 'value' }, value), note ? h('span', { class: 'note' }, note) : null));
}

export const facts = (...items) => h('dl', { class: 'facts' }, items);

/** When something was heard, by the server's clock. */
export function heard(t) {
  return h('time', t ? { datetime: new Date(t * 1000).toISOString() } : {}, age(t, now()));
}

export function link(href, ...children) { return h('a', { href, 'data-link': true }, children); }

export const deviceLink = (key, text = key.split('/')[1]) => link(`/devices/${key}`, text);

export function empty(...words) { return h('p', { class: 'empty' }, words); }

export function section(title, ...children) {
  return h('section', { 'data-key': `section ${title}` }, h('h2', {}, title), children);
}

/** A table that becomes cards on a phone: columns are [title, cell(row), class]. */
export function table(caption, columns, rows, options = {}) {
  if (rows.length === 0) return empty(options.empty ?? 'None yet.');
  const shown = rows.slice(0, options.limit ?? 200);
  const key = options.key ?? ((row, at) => at);
  return h('div', { class: 'table', 'data-key': `table ${caption}` },
    h('table', {},
      h('caption', { class: 'hidden' }, caption),
      h('thead', {}, h('tr', {}, columns.map(([title, , kind]) => h('th', { scope: 'col', class: kind }, title)))),
      h('tbody', {}, shown.map((row, at) => h('tr', { 'data-key': key(row, at) },
        columns.map((column, index) => shownCell(column, index, row)))))),
    rows.length > shown.length
      ? h('p', { class: 'note' }, `${count(shown.length)} of ${count(rows.length)} shown; narrow the filter.`) : null);
}

function shownCell([title, cell, kind = ''], index, row) {
  const content = cell(row);
  const isAbsent = content === null || content === undefined || content === '' || content === none
    || (Array.isArray(content) && content.length === 0);
  return h(index === 0 ? 'th' : 'td', { class: `${kind}${isAbsent ? ' absent' : ''}`, 'data-title': title, scope: index === 0 ? 'row' : null },
    isAbsent ? h('span', { class: 'unknown' }, none) : content);
}

/** A bar that says how far something is. */
export function progress(fraction, name) {
  const share = Math.max(0, Math.min(1, fraction ?? 0));
  return h('progress', { max: 1, value: share.toFixed(3), 'aria-label': name }, percent(share, 0));
}

export { age, bytes, count, joules, none, percent, significant };

/** What somebody ought to look at: alerts that stand, of some kinds or all. */
export function alerts(kinds) {
  const raised = [...store.entries].filter(([topic, { payload }]) => topic.startsWith('alert/') && payload?.state === 'raised'
    && (!kinds || kinds.includes(topic.split('/')[1]))).sort(([, a], [, b]) => b.payload.since - a.payload.since);
  if (raised.length === 0) return null;
  return h('div', { class: 'notice bad', 'data-key': 'alerts', role: 'status' },
    h('strong', {}, raised.length === 1 ? 'One alert' : `${count(raised.length)} alerts`),
    h('ul', {}, raised.slice(0, 12).map(([topic, { payload: alert }]) => h('li', { 'data-key': topic },
      `${alert.message} (${age(alert.since, now())})`))),
    raised.length > 12 ? h('p', {}, `and ${count(raised.length - 12)} more`) : null);
}
