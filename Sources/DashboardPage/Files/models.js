// A model's versions: accuracy and energy over time, whom they mistake for whom, what the teacher adds.

import { h } from './dom.js';
import { clock, count, joules, none, percent, significant } from './format.js';
import { chart, legend, withGaps } from './charts.js';
import { edges, models, now, payload, query, versions } from './store.js';
import { alerts, empty, energy, fact, facts, interval, link, score, section, table } from './parts.js';

export function modelList() {
  return { title: 'Models', render };

  function render() {
    const names = models();
    const summary = payload('fleet', 'summary')?.models ?? {};
    return [
      h('div', { class: 'heading' }, h('div', {}, h('h1', {}, 'Models'), h('p', { class: 'lead' }, 'What runs on edges, and how right it is'))),
      table('Models', [
        ['Model', (name) => link(`/models/${name}`, name)],
        ['Predicts', (name) => predicts(payload('model', name, 'task'))],
        ['Runs', (name) => version(summary[name]?.version)],
        ['Released', (name) => version(summary[name]?.desired)],
        ['Student', (name) => score(summary[name], { bar: false }), 'number'],
        ['Teacher, where asked', (name) => score(summary[name]?.teacher, { who: 'teacher', bar: false, missing: 'not asked yet' }), 'number'],
        ['Per correct decision', (name) => energy(summary[name]?.joulesPerCorrect), 'number'],
      ], names, { key: (name) => name, empty: 'No model is known yet. Make one: retort models create' }),
    ];
  }
}

const version = (number) => number ? `version ${number}` : none;

function predicts(task) {
  if (!task) return none;
  if (task.target) return `${task.target.name ?? 'a value'}${task.target.unit ? ` in ${task.target.unit}` : ''}`;
  if (task.heads) return `${task.heads.length} heads`;
  const names = (task.classes ?? []).map((each) => each.name);
  return `${names.slice(0, 4).join(', ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`;
}

const SPANS = [['Hour', 60, 3600], ['Day', 60, 86400], ['Week', 3600, 7 * 86400], ['Quarter', 86400, 90 * 86400]];
const REFRESH_SECONDS = 15;

export function modelPage(name) {
  let span = 0;
  let shown = null;
  let history = null;
  let spans = [];
  let problem = null;
  let asked = 0;
  return { title: name, render };

  function load(again) {
    if (now() - asked < REFRESH_SECONDS) return;
    asked = now();
    const [, seconds, length] = SPANS[span];
    Promise.all([
      query('/api/history', { subject: 'fleet', model: name, seconds, from: asked - length, to: asked }),
      query('/api/versions', { model: name }),
    ]).then(([points, known]) => { history = { ...points, asked, length }; spans = known; problem = null; },
      (error) => { problem = error.message; }).finally(again);
  }

  function render(again) {
    load(again);
    const all = versions(name);
    const task = payload('model', name, 'task');
    const summary = payload('fleet', 'summary')?.models?.[name];
    const current = all.find((each) => each.version === (shown ?? summary?.version)) ?? all[0];
    return [
      h('p', { class: 'crumbs' }, link('/models', 'Models'), ` / ${name}`),
      h('div', { class: 'heading' }, h('div', {}, h('h1', {}, name), h('p', { class: 'lead' }, task ? `Predicts ${predicts(task)}` : 'Its task has not been heard yet')),
        h('div', { class: 'choice', role: 'group', 'aria-label': 'Span of the charts' }, SPANS.map(([title], index) => h('button', { type: 'button',
          'aria-pressed': String(index === span), onclick: () => { span = index; asked = 0; history = null; again(); } }, title)))),
      alerts(['accuracy-below-guard', 'drift']),
      current ? headline(current) : empty('No version has decided anything yet.'),
      section('Over time', ...overTime(history, spans, problem, name)),
      all.length === 0 ? null : section('Versions', table('Versions', [
        ['Version', (each) => h('button', { type: 'button', class: 'quiet small', 'aria-pressed': String(each.version === current.version),
          onclick: () => { shown = each.version; again(); } }, `version ${each.version}`)],
        ['Runs on', (each) => runsOn(name, each.version)],
        ['Decided', (each) => count(each.decisions), 'number'],
        ['Student', (each) => score(each, { bar: false }), 'number'],
        ['Macro F1 · calibration error', (each) => each.macroF1 === undefined ? null : `${each.macroF1.toFixed(3)} · ${each.ece?.toFixed(3) ?? none}`, 'number'],
        ['Agrees with teacher', (each) => interval(each.teacher?.agreement, undefined, { bar: false, missing: 'not asked' }), 'number'],
        ['Decided by teacher', (each) => percent(each.decidedByCloud), 'number'],
        ['Latency, 50 · 99 %', (each) => each.latencyUs ? `${significant(each.latencyUs.p50)} · ${significant(each.latencyUs.p99)} µs` : null, 'number'],
        ['Per correct decision', (each) => energy(each.joulesPerCorrect), 'number'],
      ], all, { key: (each) => each.version })),
      current ? section(`Confusion of version ${current.version}`, confusion(current)) : null,
    ];
  }
}

function runsOn(model, version) {
  const running = edges().filter((edge) => edge.installed[model]?.running === version).length;
  return running === 0 ? 'no edge' : running === 1 ? 'one edge' : `${running} edges`;
}

function headline(current) {
  const teacher = current.teacher;
  return facts(
    fact('Student', score(current, { other: teacher?.accuracy }), current.basis ? `against ${{ truth: 'ground truth', label: 'labels' }[current.basis]}, ${percent(current.coverage)} of the windows` : 'no window is scored yet'),
    fact('Teacher, where asked', score(teacher, { who: 'teacher', missing: 'not asked yet' }), teacher?.student ? `the student there: ${percent(teacher.student.value)}` : null),
    fact('With the cloud’s help', interval(current.withCloud, undefined, { missing: 'not scored yet' })),
    fact('Decided by the teacher', percent(current.decidedByCloud), `of ${count(current.decisions)} windows`),
    fact('Per correct decision', energy(current.joulesPerCorrect), current.joulesPerCorrect?.includes ? `includes ${current.joulesPerCorrect.includes.join(', ')}` : null));
}

/** Accuracy, energy and questions over time, with the times at which a version first decided. */
function overTime(history, spans, problem, name) {
  if (problem) return [empty(`No history: ${problem}`)];
  if (!history) return [empty('Loading…')];
  if (history.points.length === 0) return [empty('Nothing was decided in this time.')];
  const { points, asked, length } = history;
  const from = Math.max(asked - length, points[0].t - length / 50);
  const marks = spans.map((each) => [each.from, `version ${each.version}`]);
  const window = [from, asked];
  const bounds = (figure) => figure ? [figure.low, figure.value, figure.high] : [null, null, null];
  const isRegression = points.some((point) => point.rmse !== undefined);
  const scored = points.some((point) => point.accuracy || point.rmse !== undefined);
  const panel = (title, series, plot, rows, missing) => h('div', { class: 'panel', 'data-key': title },
    h('header', {}, h('h3', {}, title), legend(series)),
    rows.length === 0 ? empty(missing) : [chart(`${name} ${title}`, `${title} of ${name} over time`, { series, marks, span: window, rows: withGaps(rows, history.seconds), ...plot }),
      numbers(title, series, rows, plot)]);
  return [
    isRegression
      ? panel('Error', [['RMSE', 'blue'], ['MAE', 'idle']], { format: significant, zero: true }, points.filter((each) => each.rmse !== undefined).map((each) => [each.t, each.rmse, each.mae]), '')
      : panel('Accuracy', [['student', 'blue'], ['teacher, where asked', 'copper']], { bars: true, range: [0, 1.03], format: (value) => percent(value, 0) },
        scored ? points.filter((each) => each.accuracy).map((each) => [each.t, bounds(each.accuracy), bounds(each.teacher)]) : [], 'No window of this time has a label or truth yet.'),
    panel('Joules per correct decision', [['joules', 'good']], { bars: true, format: joules, zero: true },
      points.filter((each) => each.joulesPerCorrect).map((each) => [each.t, bounds(each.joulesPerCorrect)]), 'Nothing in this time was both scored and metered.'),
    panel('Decided by the teacher', [['share of windows', 'copper']], { format: (value) => percent(value, 1), zero: true },
      points.filter((each) => each.decidedByCloud !== undefined).map((each) => [each.t, each.decidedByCloud]), 'No share is known in this time.'),
  ];
}

function numbers(title, series, rows, plot) {
  const cell = (value) => Array.isArray(value) ? (value[1] === null ? none : `${plot.format(value[1])} (${plot.format(value[0])} to ${plot.format(value[2])})`) : plot.format(value);
  return h('details', { 'data-key': `numbers ${title}` }, h('summary', {}, 'As numbers'),
    table(`${title} as numbers`, [['Time', ([t]) => clock(t)], ...series.map(([word], at) => [word, (row) => cell(row[at + 1]), 'number'])], rows.slice(-120).reverse(), { key: ([t]) => t }));
}

function confusion(version) {
  if (!version.confusion) {
    if (version.heads) return heads(version);
    return empty(version.rmse !== undefined ? 'A value is predicted: there are no classes to confuse.' : 'No scored window yet, or more classes than can be shown.');
  }
  const { labels, student, teacher } = version.confusion;
  return h('div', { class: 'matrices' }, matrix('student', 'Student, on all scored windows', labels, student),
    matrix('teacher', 'Teacher, on the windows it was asked about', labels, teacher));
}

function matrix(who, title, labels, cells) {
  const sum = cells?.flat().reduce((all, each) => all + each, 0) ?? 0;
  return h('div', { class: 'panel', 'data-key': `matrix ${who}` }, h('h3', {}, title), sum === 0 ? empty('None yet.') : h('div', { class: `matrix ${who}`, tabindex: 0, role: 'region', 'aria-label': title },
    h('table', {}, h('caption', { class: 'hidden' }, `${title}: rows are what it was, columns what was said`),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'was ↓ said →'), labels.map((label) => h('th', { scope: 'col' }, label)))),
      h('tbody', {}, cells.map((row, at) => {
        const all = row.reduce((total, each) => total + each, 0);
        return h('tr', {}, h('th', { scope: 'row' }, labels[at]), row.map((cell, other) => h('td', { class: at === other ? 'right' : '',
          vars: { '--share': all ? (cell / all).toFixed(3) : 0 } }, count(cell))));
      })))));
}

function heads(version) {
  return table('Heads', [['Head', ([name]) => name], ['Student', ([, head]) => score(head, { bar: false }), 'number'], ['Macro F1', ([, head]) => head.macroF1?.toFixed(3), 'number']],
    Object.entries(version.heads), { key: ([name]) => name });
}

