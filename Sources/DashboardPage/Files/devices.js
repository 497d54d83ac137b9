// Sites, edges and devices with what they run and how they do.

import { h } from './dom.js';
import { bytes, count, joules, percent } from './format.js';
import { devices, edges, matching, payload, sites } from './store.js';
import { alerts, deviceLink, heard, score, section, state, table } from './parts.js';

export function deviceList() {
  let text = new URLSearchParams(location.search).get('q') ?? '';
  let only = 'all';
  return { title: 'Devices', render };

  function render(again) {
    const all = devices();
    const shown = all.filter((each) => (only === 'all' || each.state === only) && matches(each, text));
    return [
      h('div', { class: 'heading' }, h('div', {}, h('h1', {}, 'Devices'),
        h('p', { class: 'lead' }, `${count(all.filter((each) => each.state === 'online').length)} of ${count(all.length)} online at ${count(sites().length)} sites`))),
      alerts(['edge-offline', 'spool-filling', 'battery-low']),
      h('form', { class: 'fields', role: 'search', onsubmit: (event) => event.preventDefault() },
        h('label', { class: 'grow' }, 'Find by site, name, model or class', h('input', { type: 'search', name: 'q', value: text, oninput: (event) => {
          text = event.target.value;
          history.replaceState(null, '', text ? `/devices?q=${encodeURIComponent(text)}` : '/devices');
          again();
        } })),
        h('div', { class: 'choice', role: 'group', 'aria-label': 'State' }, ['all', 'online', 'offline'].map((each) =>
          h('button', { type: 'button', 'aria-pressed': String(only === each), onclick: () => { only = each; again(); } }, each)))),
      table('Devices', [
        ['Device', ({ key, name, known }) => [deviceLink(key), known?.name && known.name !== name ? h('div', { class: 'note' }, known.name) : null]],
        ['Site', ({ site }) => site],
        ['State', (each) => state(each.state)],
        ['Last decision', decision],
        ['Version', (each) => Object.entries(each.models).map(([name, card]) => h('div', {}, `${name} ${card.version}`))],
        ['Score', (each) => Object.entries(each.models).map(([, card]) => score(card, { bar: false })), 'number'],
        ['Battery', battery, 'number'],
        ['State since', (each) => heard(each.stateAt)],
      ], shown, { key: ({ key }) => key, empty: all.length === 0 ? 'No device has been heard yet.' : 'No device is like that.' }),
      section('Edges', table('Edges', [
        ['Edge', ({ name }) => name],
        ['Site', ({ site }) => site],
        ['State', (edge) => state(edge.state)],
        ['Runs', runs],
        ['Devices', (edge) => count(edge.figures?.devices ?? edge.status?.details?.devices), 'number'],
        ['Computing', (edge) => { const spent = edge.energy?.joules?.compute; return spent ? `${joules(spent.value)} ${spent.method}` : null; }, 'number'],
        ['Uploaded', (edge) => bytes(edge.status?.counters?.uploadedBytes), 'number'],
        ['Dropped', (edge) => count(edge.status?.counters?.dropped), 'number'],
        ['Last word', (edge) => heard(edge.status?.t)],
      ], edges(), { key: ({ key }) => key, empty: 'No edge has been heard yet.' })),
      section('Services', table('Services', [
        ['Service', ({ instance }) => instance],
        ['Executable', ({ executable }) => executable],
        ['State', ({ word }) => state(word)],
        ['Version', ({ status }) => status?.version],
        ['Host', ({ status }) => status?.host],
        ['Last word', ({ status }) => heard(status?.t)],
      ], services(), { key: ({ key }) => key })),
    ];
  }
}

function services() {
  return matching('availability', 'service', '+', '+')
    .filter(([[executable]]) => executable !== 'edge-inferencer')
    .map(([[executable, instance], { payload: word }]) => ({ key: `${executable}/${instance}`, executable, instance, word, status: payload('status', executable, instance) }))
    .sort((a, b) => a.key.localeCompare(b.key));
}

function matches(device, text) {
  const words = [device.key, device.known?.name, ...Object.entries(device.models).flatMap(([name, card]) => [name, card.label])];
  return words.some((word) => word?.toLowerCase().includes(text.trim().toLowerCase()));
}

function decision(device) {
  return Object.values(device.models).map((card) => h('div', {}, told(card)));
}

/** A decision in words. */
export function told(card) {
  if (card.label !== undefined) return [h('strong', {}, card.label), h('span', { class: 'note' }, ` ${percent(card.confidence, 0)} sure`)];
  if (card.value !== undefined) return [h('strong', {}, `${Number(card.value).toPrecision(4)}`), ` ${card.unit ?? ''}`];
  return Object.entries(card.heads ?? {}).map(([head, label]) => `${head} ${label?.label ?? label}`).join(', ') || null;
}

function battery(device) {
  const charge = device.known?.battery;
  if (!charge) return null;
  const left = charge.daysLeft === undefined ? '' : ` · ${count(charge.daysLeft)} days left`;
  return `${charge.percent.toFixed(0)} %${left}`;
}

function runs(edge) {
  return Object.entries(edge.installed).map(([model, installed]) => h('div', {}, `${model} ${installed.running ?? '–'}`,
    installed.desired && installed.desired !== installed.running ? h('span', { class: 'tag warn' }, `→ ${installed.desired} ${installed.state}`) : null,
    installed.probation ? h('span', { class: 'tag' }, 'on probation') : null));
}
