// One device: what it is, its live signal with what is decided on it, and labelling.

import { h } from './dom.js';
import { clock, count, duration, percent } from './format.js';
import { chart, legend, withGaps } from './charts.js';
import { devices, edges, models, now, query, store } from './store.js';
import { empty, fact, facts, heard, link, score, section, state, table } from './parts.js';
import { Signal, answer, dragging, signalPanel } from './signal.js';
import { Labelling, tasksOf } from './labels.js';
import { told } from './devices.js';

let current = null;

/** Takes what is said of the watched device. */
export function hear({ topic, payload }) {
  const [kind, site, name, model] = topic.split('/');
  if (!current || current.key !== `${site}/${name}`) return;
  if (kind === 'preview') current.signal.add(payload);
  else if (kind === 'inference') current.signal.decide(model, payload);
  else if (kind === 'label') current.signal.label(payload);
  current.again();
}

const REFRESH_SECONDS = 20;

export function devicePage(key) {
  const [site, name] = key.split('/');
  const signal = new Signal();
  const again = () => dispatchEvent(new Event('retort:render'));
  const labelling = new Labelling(key, signal, again);
  const began = now();
  let past = null;
  let asked = 0;
  let chosen = null;
  current = { key, signal, again };
  return { title: name, render, leave: () => { current = null; } };

  function load(task) {
    if (!task || now() - asked < REFRESH_SECONDS) return;
    asked = now();
    query('/api/history', { subject: `device/${key}`, model: task.name, seconds: 60, from: asked - 6 * 3600, to: asked })
      .then((history) => { past = history.points; }, () => { past = null; }).finally(again);
  }

  function render() {
    const device = devices().find((each) => each.key === key);
    const tasks = tasksOf(site, name, models());
    const task = tasks.find((each) => each.name === chosen) ?? tasks.find((each) => device?.models[each.name]) ?? tasks[0];
    if (task?.window && task.rate) signal.seconds = Math.max(30, 12 * task.window / task.rate);
    load(task);
    // The charts are drawn after this: then the pointer can take hold of them.
    requestAnimationFrame(() => dragging(document.getElementById('main'), signal, (...stretch) => labelling.select(...stretch)));
    return [
      h('p', { class: 'crumbs' }, link('/devices', 'Devices'), ` / ${site} / ${name}`),
      h('div', { class: 'heading' }, h('div', {}, h('h1', {}, device?.known?.name ?? name),
        h('p', { class: 'lead' }, state(device?.state ?? 'unknown'), ' ', device?.stateAt ? ['since ', heard(device.stateAt)] : 'never heard')),
      tasks.length > 1 ? h('div', { class: 'choice', role: 'group', 'aria-label': 'Model' }, tasks.map((each) => h('button', { type: 'button',
        'aria-pressed': String(each === task), onclick: () => { chosen = each.name; asked = 0; past = null; again(); } }, each.name))) : null),
      device ? about(device, task) : h('p', { class: 'notice', 'data-key': 'absent' }, `No device ${key} has been heard yet.`),
      section('Live signal', signal.rows.length ? signalPanel(signal, task, (...stretch) => labelling.select(...stretch)) : empty(waiting(device)),
        quiet(signal), labelling.form(tasks)),
      section('Decisions', table('Decisions', [
        ['Window', ({ from, to }) => `${clock(from)} to ${clock(to).split(' ').at(-1)}`],
        ['Model', (each) => `${each.model} ${each.version}`],
        ['Decision', (each) => h('strong', {}, answer(each))],
        ['Confidence', (each) => percent(each.confidence, 0), 'number'],
        ['Decided by', (each) => each.decidedBy === 'cloud' ? h('span', { class: 'tag' }, 'teacher') : 'student'],
        ['Filled channels', (each) => (each.filledChannels ?? []).join(', ')],
      ], [...signal.decisions].reverse(), { key: (each) => `${each.model} ${each.window}`, limit: 12, empty: 'None since this page was opened.' })),
      past && past.some((point) => point.accuracy) ? section('Last hours', trend(past, task)) : null,
    ];
  }

  function waiting(device) {
    if (store.state !== 'live') return 'No signal while disconnected.';
    if (store.signal) return `No signal: ${store.signal}.`;
    if (device && device.state === 'offline') return 'The device is offline: there is no signal to show.';
    return now() - began < 5 ? 'Asking the device’s edge for its signal…'
      : 'No signal has come. The edge may be away, or older than this view (edge.preview.devices).';
  }

  function quiet(signal) {
    if (!signal.heardAt || now() - signal.heardAt < 5) return null;
    return h('p', { class: 'note', 'data-key': 'quiet' }, `The last sample came ${duration(now() - signal.heardAt)} ago.`);
  }
}

function about(device, task) {
  const card = task ? device.models[task.name] : null;
  const edge = edges().find((each) => each.site === device.site && each.name === device.known?.edge);
  const battery = device.known?.battery;
  return facts(
    fact('Last decision', card ? h('span', {}, told(card)) : h('span', { class: 'unknown' }, 'none yet'), card ? `${task.name} version ${card.version}` : null),
    fact('Score', score(card), card?.basis ? `against ${{ truth: 'ground truth', label: 'labels' }[card.basis]}` : null),
    fact('Windows', card ? count(card.windows) : h('span', { class: 'unknown' }, 'none yet')),
    fact('Edge', device.known?.edge ?? h('span', { class: 'unknown' }, 'not said yet'), edge ? state(edge.state) : null),
    battery ? fact('Battery', `${battery.percent.toFixed(0)} %`, battery.daysLeft === undefined ? 'days left not known yet' : `${count(battery.daysLeft)} days left`) : null,
    device.known?.clockSkew !== undefined && Math.abs(device.known.clockSkew) > 1
      ? fact('Clock', `${duration(Math.abs(device.known.clockSkew))} ${device.known.clockSkew > 0 ? 'ahead' : 'behind'}`, 'of its edge') : null);
}

function trend(points, task) {
  const series = [['student', 'blue']];
  return h('div', { class: 'panel' }, h('header', {}, h('h3', {}, `Accuracy of ${task.name} here`), legend(series)),
    chart('device trend', `Accuracy of ${task.name} on this device over the last six hours`, {
      series, bars: true, range: [0, 1.03], format: (value) => percent(value, 0),
      rows: withGaps(points.filter((point) => point.accuracy).map((point) => [point.t, [point.accuracy.low, point.accuracy.value, point.accuracy.high]]), 60),
    }));
}

