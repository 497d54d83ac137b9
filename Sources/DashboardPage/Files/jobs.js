// Training jobs, and starting one.

import { h } from './dom.js';
import { duration, percent, significant } from './format.js';
import { act, matching, payload } from './store.js';
import { empty, heard, link, progress, section, state } from './parts.js';

const PHASES = ['accepted', 'preparing', 'teacher', 'student', 'compressing', 'quantising', 'evaluating', 'offering', 'done'];

export function jobs() {
  let chosen = null;
  return { title: 'Jobs', render };

  function render(again) {
    const all = matching('job', '+', 'progress').map(([, { payload }]) => payload).sort((a, b) => b.t - a.t);
    const tasks = matching('model', '+', 'task').map(([[model]]) => model).sort();
    const distillers = matching('availability', 'service', 'cloud-distiller', '+').filter(([, { payload }]) => payload === 'online').length;
    return [
      h('div', { class: 'heading' }, h('div', {}, h('h1', {}, 'Training jobs'),
        h('p', { class: 'lead' }, distillers ? `${distillers === 1 ? 'One distiller is' : `${distillers} distillers are`} online` : 'No distiller is online'))),
      tasks.length === 0 ? null : h('form', { class: 'fields', onsubmit: (event) => {
        event.preventDefault();
        start(chosen ?? tasks[0]);
      } },
      h('label', {}, 'Model', h('select', { name: 'model', onchange: (event) => { chosen = event.target.value; again(); } },
        tasks.map((name) => h('option', { value: name, selected: name === (chosen ?? tasks[0]) }, name)))),
      h('button', { type: 'submit', disabled: distillers === 0 }, 'Train a student')),
      section('All jobs', all.length === 0 ? empty('No job has been asked for yet.') : h('div', { class: 'cards' }, all.map(job))),
    ];
  }
}

function start(model) {
  dispatchEvent(new CustomEvent('retort:token', { detail: async () => {
    try {
      const base = payload('fleet', 'summary')?.models?.[model]?.version;
      const request = await act('/api/jobs', base ? { model, base } : { model });
      dispatchEvent(new CustomEvent('retort:toast', { detail: { text: `Asked for: job ${request.id} for ${model}` } }));
    } catch (error) {
      dispatchEvent(new CustomEvent('retort:toast', { detail: { text: error.message } }));
    }
  } }));
}

function job(job) {
  const at = PHASES.indexOf(job.phase);
  const isOver = job.phase === 'done' || job.phase === 'failed';
  const spent = Object.values(job.seconds ?? {}).reduce((sum, each) => sum + each, 0);
  return h('article', { class: 'card', 'data-key': `job ${job.id}` },
    h('header', {}, h('h3', {}, link(`/models/${job.model}`, job.model)), state(job.phase)),
    isOver ? null : progress(job.fraction, `${job.phase} of ${job.id}`),
    job.reason ? h('p', { class: job.phase === 'failed' ? 'notice bad' : 'note' }, job.reason) : null,
    h('dl', { class: 'pairs' },
      h('dt', {}, 'Phase'), h('dd', {}, isOver ? job.phase : `${job.phase}, ${percent(job.fraction, 0)}`),
      h('dt', {}, 'Time left'), h('dd', {}, isOver ? 'none' : job.secondsLeft === undefined ? 'not known yet' : duration(job.secondsLeft)),
      h('dt', {}, 'Spent'), h('dd', {}, spent ? duration(spent) : 'no phase has ended yet'),
      job.loss === undefined ? null : [h('dt', {}, 'Loss'), h('dd', {}, significant(job.loss))],
      job.resumedFrom ? [h('dt', {}, 'Resumed after'), h('dd', {}, `${job.resumedFrom} passes`)] : null,
      h('dt', {}, 'Distiller'), h('dd', {}, job.distiller),
      h('dt', {}, 'Job'), h('dd', { class: 'mono' }, job.id),
      h('dt', {}, 'Last word'), h('dd', {}, heard(job.t))),
    h('ol', { class: 'steps', 'aria-label': 'Phases' }, PHASES.map((phase, index) => h('li', { class: phase === job.phase ? 'now' : '', 'aria-current': phase === job.phase ? 'step' : null },
      `${at >= 0 && index < at || job.phase === 'done' ? '✓' : phase === job.phase ? '▸' : '·'} ${phase}`,
      job.seconds?.[phase] === undefined ? '' : ` ${duration(job.seconds[phase])}`))));
}
