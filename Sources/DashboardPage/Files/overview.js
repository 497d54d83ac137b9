// The fleet at a glance.

import { h } from './dom.js';
import { bytes, count, duration, joules, percent, plural } from './format.js';
import { chart } from './charts.js';
import { devices, edges, matching, models, payload, sites } from './store.js';
import { alerts, empty, energy, fact, facts, link, progress, score, section, state, table } from './parts.js';

export function overview() {
  return { title: 'Overview', render };
}

function render() {
  const summary = payload('fleet', 'summary');
  const names = models();
  const bySite = sites();
  return [
    h('div', { class: 'heading' }, h('div', {}, h('h1', {}, 'Fleet'),
      h('p', { class: 'lead' }, bySite.length === 0 ? 'No site has been heard yet.'
        : `${bySite.length === 1 ? 'One site' : `${bySite.length} sites`}: ${bySite.slice(0, 8).join(', ')}${bySite.length > 8 ? ' …' : ''}`))),
    alerts(),
    summary ? headline(summary) : empty('No summary of the fleet has been published yet.'),
    section('Models', names.length === 0 ? empty('No model is known yet. Make one: retort models create')
      : h('div', { class: 'cards' }, names.map((name) => model(name, summary?.models?.[name])))),
    section('Sites', table('Sites', [
      ['Site', ({ site }) => site],
      ['Devices', ({ site }) => population(devices().filter((each) => each.site === site)), 'number'],
      ['Edges', ({ site }) => population(edges().filter((each) => each.site === site)), 'number'],
      ['Windows', ({ figures }) => count(total(figures, (card) => card.windows)), 'number'],
      ['Scores', ({ figures }) => h('span', {}, Object.entries(figures?.models ?? {}).map(([name, card]) =>
        h('div', {}, h('span', { class: 'note' }, `${name} `), score(card, { bar: false }))))],
    ], bySite.map((site) => ({ site, figures: payload('fleet', 'site', site) })), { key: ({ site }) => site, empty: 'No site yet.' })),
    running(),
  ];
}

const total = (figures, value) => figures ? Object.values(figures.models ?? {}).reduce((sum, card) => sum + (value(card) ?? 0), 0) : null;

function population(list) {
  const online = list.filter((each) => each.state === 'online').length;
  return `${count(online)} of ${count(list.length)} online`;
}

function headline(summary) {
  const moved = summary.bytes ?? {};
  const spent = Object.entries(summary.joules ?? {});
  const compute = summary.joules?.compute;
  const seconds = summary.firstInference ? summary.t - summary.firstInference : null;
  return facts(
    fact('Devices online', `${count(summary.devices.online)} of ${count(summary.devices.known)}`),
    fact('Edges online', `${count(summary.edges.online)} of ${count(summary.edges.known)}`),
    fact('Windows decided', count(summary.windows), `${summary.windowsPerSecond.toFixed(1)} a second${seconds ? `, for ${duration(seconds)}` : ''}`),
    fact('Decided by the teacher', summary.windows ? percent(summary.decidedByCloud) : h('span', { class: 'unknown' }, 'nothing decided yet'),
      'of all windows, in the end'),
    fact('Bytes moved', bytes((moved.updates ?? 0) + (moved.uploads ?? 0)), `${bytes(moved.updates ?? 0)} updates, ${bytes(moved.uploads ?? 0)} uploads`),
    fact('Computing', compute ? joules(compute.value) : h('span', { class: 'unknown' }, 'not metered yet'),
      compute ? `${compute.method}${spent.length > 1 ? `; ${plural(spent.length - 1, 'further cause')} metered` : ''}` : null));
}

function model(name, summary) {
  const history = payload('fleet', 'history', name);
  const points = history?.points?.filter((point) => point.accuracy) ?? [];
  return h('article', { class: 'card', 'data-key': `model ${name}` },
    h('header', {}, h('h3', {}, link(`/models/${name}`, name)), version(summary)),
    h('div', {}, big(score(summary, { other: summary?.teacher?.accuracy ?? null }))),
    points.length > 1 ? chart(`spark ${name}`, `Accuracy of ${name} over the last hour`, {
      rows: points.map((point) => [point.t, [point.accuracy.low, point.accuracy.value, point.accuracy.high]]),
      series: [['accuracy', 'blue']], bars: true, small: true, range: [0, 1.02],
    }, 'small') : null,
    h('dl', { class: 'pairs' },
      h('dt', {}, 'Teacher, where asked'), h('dd', {}, score(summary?.teacher, { who: 'teacher', bar: false, missing: 'not asked yet' })),
      h('dt', {}, 'Per correct decision'), h('dd', {}, energy(summary?.joulesPerCorrect)),
      h('dt', {}, 'Scored against'), h('dd', {}, summary?.basis ? { truth: 'ground truth', label: 'labels' }[summary.basis] : 'nothing yet')));
}

function big(element) {
  element.classList.add('big');
  return element;
}

function version(summary) {
  if (!summary?.version) return h('span', { class: 'tag' }, summary?.desired ? `version ${summary.desired} released` : 'no student yet');
  const isBehind = summary.desired && summary.desired !== summary.version;
  return h('span', { class: `tag ${isBehind ? 'warn' : ''}` }, isBehind ? `version ${summary.version} → ${summary.desired}` : `version ${summary.version}`);
}

function running() {
  const jobs = matching('job', '+', 'progress').map(([, { payload }]) => payload)
    .filter((job) => !['done', 'failed'].includes(job.phase));
  if (jobs.length === 0) return null;
  return section('Training now', h('div', { class: 'cards' }, jobs.map((job) => h('article', { class: 'card', 'data-key': `job ${job.id}` },
    h('header', {}, h('h3', {}, link('/jobs', job.model)), state(job.phase)),
    progress(job.fraction, `${job.phase} of ${job.id}`),
    h('p', { class: 'note' }, job.secondsLeft === undefined ? 'time left not known yet' : `${duration(job.secondsLeft)} left`)))));
}
