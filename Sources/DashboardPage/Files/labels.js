// Labelling a stretch of a device's signal.

import { h } from './dom.js';
import { act, payload } from './store.js';
import { labelText, stretch } from './signal.js';

const say = (text, undo) => dispatchEvent(new CustomEvent('retort:toast', { detail: { text, undo } }));

/** What can be said of a stretch, by the tasks that cover the device: [[value, words, group]]. */
function choices(tasks) {
  const found = [];
  for (const task of tasks) {
    for (const { name } of task.classes ?? []) found.push([JSON.stringify({ label: name }), name, task.name]);
    for (const head of task.heads ?? []) {
      for (const { name } of head.classes) found.push([JSON.stringify({ heads: { [head.name]: name } }), `${head.name}: ${name}`, task.name]);
    }
  }
  return found;
}

export class Labelling {
  constructor(device, signal, again) {
    this.device = device;
    this.signal = signal;
    this.again = again;
    this.chosen = null;
    this.value = '';
    this.given = [];
  }

  select(from, to) {
    this.signal.selection = from === undefined ? null : [from, to];
    if (from === undefined && this.signal.rows.length > 0) this.signal.end = this.signal.rows.at(-1)[0];
    this.again();
  }

  /** The form beside the chart: all that dragging does can be typed here. */
  form(tasks) {
    const { signal } = this;
    const options = choices(tasks);
    const takesValue = tasks.some((task) => task.target);
    const last = signal.rows.at(-1)?.[0];
    const ago = (t) => (last === undefined || t === undefined ? '' : (last - t).toFixed(1));
    const set = (from, to) => {
      if (last === undefined || Number.isNaN(from) || Number.isNaN(to)) return;
      this.select(last - Math.max(from, to), last - Math.min(from, to));
    };
    const [from, to] = signal.selection ?? [];
    return h('div', { class: 'panel', 'data-key': 'labelling' }, h('header', {}, h('h3', {}, 'Label a stretch'),
      h('span', { class: 'note', id: 'selected', role: 'status' }, signal.selection ? `Selected ${stretch(signal.selection)}` : 'Drag over the signal, use its arrow keys, or type seconds')),
    h('form', { class: 'fields', onsubmit: (event) => { event.preventDefault(); this.give(event.target); } },
      h('label', {}, 'From, s before now', h('input', { type: 'number', name: 'from', step: '0.1', min: 0, value: ago(from),
        onchange: (event) => set(Number(event.target.value), Number(event.target.form.to.value || 0)) })),
      h('label', {}, 'To, s before now', h('input', { type: 'number', name: 'to', step: '0.1', min: 0, value: ago(to),
        onchange: (event) => set(Number(event.target.form.from.value || 0), Number(event.target.value)) })),
      options.length ? h('label', { class: 'grow' }, 'It is', h('select', { name: 'label', onchange: (event) => { this.chosen = event.target.value; } },
        options.map(([value, words]) => h('option', { value, selected: value === this.chosen }, words)))) : null,
      takesValue ? h('label', {}, `Value in ${tasks.find((task) => task.target).target.unit ?? 'its unit'}`, h('input', { type: 'number', name: 'value', step: 'any' })) : null,
      h('button', { type: 'submit', disabled: !signal.selection }, 'Label'),
      signal.selection ? h('button', { type: 'button', class: 'quiet', onclick: () => this.select() }, 'Clear') : null),
    tasks.length === 0 ? h('p', { class: 'note' }, 'No task covers this device yet, so there is nothing to label it with.') : null,
    this.given.length ? h('ul', { class: 'chips', 'aria-label': 'Labels given here' }, this.given.map((label) => h('li', { class: 'tag', 'data-key': label.id },
      `${labelText(label)} · ${stretch([label.from, label.to])} `, h('button', { type: 'button', class: 'quiet small', onclick: () => this.withdraw(label) }, `Undo ${labelText(label)}`)))) : null);
  }

  give(form) {
    const selection = this.signal.selection;
    if (!selection) return;
    const value = form.value?.value;
    const content = value ? { value: Number(value) } : JSON.parse(form.label?.value ?? 'null');
    if (!content) return say('Choose what it is.');
    dispatchEvent(new CustomEvent('retort:token', { detail: () => this.send(selection, content) }));
  }

  async send([from, to], content) {
    try {
      const label = await act('/api/labels', { device: this.device, from: round(from), to: round(to), ...content });
      this.given.unshift(label);
      this.given.length = Math.min(this.given.length, 20);
      this.select();
      say(`Labelled ${(to - from).toFixed(1)} s as ${labelText(label)}.`, () => this.withdraw(label));
    } catch (error) { say(error.message); }
  }

  async withdraw(label) {
    try {
      await act('/api/labels', { device: this.device, from: label.from, to: label.to, id: label.id, label: null });
      this.given = this.given.filter((each) => each.id !== label.id);
      say(`Took back ${labelText(label)}.`);
      this.again();
    } catch (error) { say(error.message); }
  }
}

const round = (t) => Math.round(t * 1000) / 1000;

/** Tasks whose patterns cover a device, by name. */
export function tasksOf(site, device, names) {
  return names.map((name) => payload('model', name, 'task')).filter((task) => task
    && (task.devices ?? ['*/*']).some((pattern) => covers(pattern, site, device)));
}

function covers(pattern, site, device) {
  const [sites, devices = '*'] = pattern.split('/');
  const matches = (form, text) => new RegExp(`^${form.split('*').map((part) => part.replace(/[.\\+?^$()[\]{}|]/g, '\\$&')).join('.*')}$`).test(text);
  return matches(sites, site) && matches(devices, device);
}
