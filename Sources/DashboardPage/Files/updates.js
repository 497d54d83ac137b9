// What updates moved, and what is under way.

import { h } from './dom.js';
import { bytes, count, duration, none, percent } from './format.js';
import { edges, query } from './store.js';
import { alerts, empty, fact, facts, heard, progress, section, state, table } from './parts.js';

export function updates() {
  let receipts = null;
  let problem = null;
  let seen = '';
  return { title: 'Updates', render };

  function load(again) {
    // Receipts are asked for again when an edge says that it runs something else.
    const mark = edges().flatMap((edge) => Object.values(edge.installed).map((each) => `${edge.key} ${each.running} ${each.digest}`)).join();
    if (mark === seen && receipts !== null) return;
    if (mark === seen && problem) return;
    seen = mark;
    query('/api/updates', { limit: 500 }).then((list) => { receipts = list; problem = null; }, (error) => { problem = error.message; }).finally(again);
  }

  function render(again) {
    load(again);
    const under = edges().flatMap((edge) => Object.entries(edge.installed).map(([model, installed]) => ({ edge, model, ...installed })));
    const moving = under.filter((each) => each.state !== 'running' || each.probation || (each.refused ?? []).length > 0);
    return [
      h('div', { class: 'heading' }, h('div', {}, h('h1', {}, 'Updates'),
        h('p', { class: 'lead' }, 'Every student that edges took, by what it moved'))),
      alerts(['update-failing']),
      receipts ? totals(receipts) : null,
      section('Under way', table('Updates under way', [
        ['Edge', ({ edge }) => edge.key],
        ['Model', ({ model }) => model],
        ['State', (each) => state(each.probation ? 'probation' : each.state)],
        ['Version', (each) => `${each.running ?? none} → ${each.desired ?? none}`],
        ['Chunks', (each) => each.chunks ? h('div', {}, progress((each.chunksHave ?? 0) / each.chunks, `chunks on ${each.edge.key}`),
          h('span', { class: 'note' }, `${count(each.chunksHave ?? 0)} of ${count(each.chunks)}`)) : null],
        ['Refused', (each) => (each.refused ?? []).map((one) => h('div', {}, `version ${one.version}: ${one.reason}`))],
        ['Last word', ({ t }) => heard(t)],
      ], moving, { key: ({ edge, model }) => `${edge.key} ${model}`, empty: under.length === 0 ? 'No edge has said what it runs yet.' : 'Every edge runs what it should.' })),
      section('Receipts', receipts === null
        ? empty(problem ? `No receipts: ${problem}` : 'Loading…')
        : table('Receipts', [
          ['When', ({ t }) => heard(t)],
          ['Edge', ({ site, edge }) => `${site}/${edge}`],
          ['Model', ({ model }) => model],
          ['Version', (each) => `${each.from ?? 'none'} → ${each.to}`],
          ['Method', ({ method }) => method],
          ['Moved', (each) => bytes(each.bytes), 'number'],
          ['Whole file', (each) => bytes(each.fullBytes), 'number'],
          ['Saved', saved, 'number'],
          ['Took', ({ seconds }) => duration(seconds), 'number'],
          ['Why whole', ({ reason }) => reason ?? ''],
        ], receipts, { key: (each) => `${each.t} ${each.site}/${each.edge} ${each.model}`, empty: 'No edge has taken an update yet.' })),
    ];
  }
}

function saved(receipt) {
  if (!receipt.fullBytes) return null;
  const share = 1 - receipt.bytes / receipt.fullBytes;
  return h('span', { class: share > 0.2 ? 'tag good' : 'tag' }, share > 0.0005 ? percent(share, 0) : 'nothing');
}

function totals(receipts) {
  const known = receipts.filter((each) => each.fullBytes);
  const moved = known.reduce((sum, each) => sum + each.bytes, 0);
  const whole = known.reduce((sum, each) => sum + each.fullBytes, 0);
  const times = receipts.map((each) => each.seconds).filter((each) => each !== undefined).sort((a, b) => a - b);
  return facts(
    fact('Updates taken', count(receipts.length), known.length < receipts.length ? `${count(known.length)} with a known whole size` : null),
    fact('Bytes moved', bytes(receipts.reduce((sum, each) => sum + (each.bytes ?? 0), 0))),
    fact('Bytes saved', whole ? bytes(whole - moved) : none, whole ? `${percent(1 - moved / whole)} of sending whole files` : 'no whole size known yet'),
    fact('Median time', duration(times[times.length >> 1]), 'from the release seen to the switch'));
}
