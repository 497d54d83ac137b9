// Which devices do worse, or ask more, than they used to: the last hour beside the week before it.

import { h } from './dom.js';
import { count, percent } from './format.js';
import { now, query } from './store.js';
import { alerts, deviceLink, empty, interval, section, table } from './parts.js';

const RECENT = 3600;
const BEFORE = 7 * 86400;
const REFRESH_SECONDS = 30;

export function drift() {
  let rows = null;
  let problem = null;
  let asked = 0;
  return { title: 'Drift', render };

  function load(again) {
    const t = now();
    if (t - asked < REFRESH_SECONDS) return;
    asked = t;
    Promise.all([
      query('/api/devices', { seconds: 60, from: t - RECENT, to: t }),
      query('/api/devices', { seconds: 3600, from: t - RECENT - BEFORE, to: t - RECENT }),
    ]).then(([recent, before]) => { rows = compare(recent, before); problem = null; }, (error) => { problem = error.message; }).finally(again);
  }

  function render(again) {
    load(again);
    const marked = rows?.filter((row) => row.verdicts.length > 0) ?? [];
    return [
      h('div', { class: 'heading' }, h('div', {}, h('h1', {}, 'Drift'),
        h('p', { class: 'lead' }, 'Each device’s last hour beside its week before. A device is marked only where the two 95 % intervals do not meet.'))),
      alerts(['drift', 'accuracy-below-guard']),
      rows === null ? empty(problem ? `Nothing to compare: ${problem}` : 'Loading…') : [
        section(marked.length === 0 ? 'No device has drifted' : `${count(marked.length)} drifting`, list('Drifting devices', marked, 'No device does worse than it did, as far as its labels and verdicts tell.')),
        section('Every device', list('All devices', rows, 'No device has decided anything in the last hour.')),
      ],
    ];
  }
}

function list(name, rows, missing) {
  return table(name, [
    ['Device', (row) => deviceLink(row.device, row.device)],
    ['Model', (row) => row.model],
    ['Verdict', (row) => row.verdicts.length ? row.verdicts.map((text) => h('div', {}, h('span', { class: 'tag bad' }, text)))
      : row.isKnown ? h('span', { class: 'tag good' }, 'as before') : h('span', { class: 'unknown' }, 'too little is known')],
    ['Accuracy', (row) => interval(row.recent.accuracy, row.recent.scored, { bar: false }), 'number'],
    ['Accuracy before', (row) => interval(row.before?.accuracy, row.before?.scored, { bar: false }), 'number'],
    ['Agrees with teacher', (row) => interval(row.recent.agreement, undefined, { bar: false, missing: 'not asked' }), 'number'],
    ['Agreed before', (row) => interval(row.before?.agreement, undefined, { bar: false, missing: 'not asked' }), 'number'],
    ['Decided by teacher, before', (row) => `${percent(row.recent.decidedByCloud)}, ${percent(row.before?.decidedByCloud)}`, 'number'],
  ], rows, { key: (row) => `${row.device} ${row.model}`, empty: missing });
}

function compare(recent, before) {
  const key = (each) => `${each.site}/${each.device} ${each.model}`;
  const past = new Map(before.map((each) => [key(each), each]));
  return recent.map((each) => {
    const old = past.get(key(each));
    const verdicts = [];
    if (isBelow(each.accuracy, old?.accuracy)) verdicts.push('less accurate');
    if (isBelow(each.agreement, old?.agreement)) verdicts.push('agrees less with the teacher');
    return { device: `${each.site}/${each.device}`, model: each.model, recent: each, before: old, verdicts,
      isKnown: Boolean((each.accuracy && old?.accuracy) || (each.agreement && old?.agreement)) };
  }).sort((a, b) => b.verdicts.length - a.verdicts.length || a.device.localeCompare(b.device));
}

const isBelow = (figure, old) => Boolean(figure && old && figure.high < old.low);
