// A device's live signal with its decisions on it, and a stretch of it selected by dragging or by keys.

import { h } from './dom.js';
import { clock, significant } from './format.js';
import { chart, colour, graph, legend } from './charts.js';

const MAXIMUM_ROWS = 6000;
const MAXIMUM_DECISIONS = 400;
const TONES = ['blue', 'copper', 'good', 'bad', 'warn', 'idle'];
/** Of classes, in the order of the task: each is also written where it stands. */
const CLASS_HUES = [212, 28, 150, 330, 48, 265, 185, 0];

export class Signal {
  constructor() {
    this.rows = [];
    this.channels = [];
    this.decisions = [];
    this.labels = new Map();
    /** Between two device times, or none. */
    this.selection = null;
    this.seconds = 60;
    this.end = null;
    this.heardAt = null;
  }

  /** Takes a stretch of the signal. */
  add(preview) {
    if (preview.channels.join() !== this.channels.join()) {
      this.channels = preview.channels;
      this.rows = [];
    }
    const dt = preview.dt ?? 0;
    const last = this.rows.at(-1);
    // A gap is shown as one; a device that began anew begins anew here.
    if (last && preview.from < last[0] - 1) this.rows = [];
    else if (last && dt && preview.from - last[0] > 3 * dt + 0.5) this.rows.push([last[0] + dt, ...this.channels.map(() => null)]);
    preview.values.forEach((row, index) => this.rows.push([preview.from + index * dt, ...row]));
    if (this.rows.length > MAXIMUM_ROWS) this.rows.splice(0, this.rows.length - MAXIMUM_ROWS);
    this.heardAt = preview.t;
    if (!this.selection) this.end = this.rows.at(-1)[0];
  }

  decide(model, inference) {
    const at = this.decisions.findIndex((each) => each.window === inference.window && each.model === model);
    const entry = { model, ...inference };
    if (at >= 0) {
      if (this.decisions[at].revision > inference.revision) return;
      this.decisions[at] = entry;
    } else this.decisions.push(entry);
    if (this.decisions.length > MAXIMUM_DECISIONS) this.decisions.shift();
  }

  label(label) {
    if (label.label === null) this.labels.delete(label.id);
    else this.labels.set(label.id, label);
    if (this.labels.size > 200) this.labels.delete(this.labels.keys().next().value);
  }

  get span() {
    const end = this.end ?? 0;
    return [end - this.seconds, end];
  }

  /** Channels in groups that share a unit, so that one axis serves them. */
  groups(task) {
    const unit = (name) => task?.channels?.find((each) => each.name === name)?.unit ?? '';
    const groups = new Map();
    this.channels.forEach((name, index) => {
      const key = unit(name);
      groups.set(key, [...(groups.get(key) ?? []), { name, index }]);
    });
    return [...groups].slice(0, 4).map(([unit, channels]) => ({ unit, channels: channels.slice(0, 6) }));
  }
}

/** The panel of charts. `select(from, to)` is called with device times, or with nothing. */
export function signalPanel(signal, task, select) {
  const groups = signal.groups(task);
  const span = signal.span;
  const visible = signal.rows.filter(([t]) => t >= span[0] - 1 && t <= span[1] + 1);
  return h('div', { class: 'panel' },
    groups.map((group, at) => h('div', { 'data-key': `group ${at}` },
      h('header', {}, h('h3', {}, group.unit ? `Signal in ${group.unit}` : 'Signal'), legend(group.channels.map(({ name }, index) => [name, TONES[index]]))),
      h('div', { class: 'stack', 'data-key': `stack ${at}`, tabindex: at === 0 ? 0 : null, role: at === 0 ? 'group' : null,
        'aria-label': at === 0 ? 'Selection on the signal: arrow keys move, shift and arrow keys widen, Escape clears' : null,
        onkeydown: at === 0 ? (event) => keys(event, signal, task, select) : null },
      chart(`signal ${at}`, `Live signal of ${group.channels.map(({ name }) => name).join(', ')}`, {
        rows: visible.map((row) => [row[0], ...group.channels.map(({ index }) => row[index + 1])]),
        series: group.channels.map(({ name }, index) => [name, TONES[index]]), format: significant, span,
        under: (context, area, drawing) => {
          shade(context, area, drawing, signal);
          if (at === 0) strips(context, area, drawing, signal, task);
        },
      }, 'signal')))));
}

const held = new WeakSet();

/** Lets the pointer select on the charts that are on the page. */
export function dragging(root, signal, select) {
  for (const stack of root.querySelectorAll('.stack')) {
    if (held.has(stack)) continue;
    held.add(stack);
    let begin = null;
    const time = (event) => {
      const drawing = graph(stack.querySelector('[data-chart]'));
      if (!drawing) return null;
      const [low, high] = drawing.xAxisRange();
      const x = drawing.toDataXCoord(event.clientX - stack.getBoundingClientRect().left);
      return Math.max(low, Math.min(high, x)) / 1000;
    };
    stack.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      begin = time(event);
      if (begin === null) return;
      stack.setPointerCapture(event.pointerId);
      signal.selection = [begin, begin];
    });
    stack.addEventListener('pointermove', (event) => {
      if (begin === null) return;
      const here = time(event);
      if (here !== null) select(Math.min(begin, here), Math.max(begin, here));
    });
    const finish = () => {
      if (begin === null) return;
      begin = null;
      const [from, to] = signal.selection ?? [0, 0];
      // A click is no stretch: it clears.
      if (to - from < signal.seconds / 400) select();
    };
    stack.addEventListener('pointerup', finish);
    stack.addEventListener('pointercancel', finish);
  }
}

function keys(event, signal, task, select) {
  if (event.key === 'Escape') return select();
  const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!direction || signal.end === null) return;
  event.preventDefault();
  const step = task?.window && task?.rate ? task.window / task.rate / 5 : 1;
  const [from, to] = signal.selection ?? [signal.end - 5 * step, signal.end];
  if (event.shiftKey) select(direction < 0 ? from - step : from, direction > 0 ? Math.min(to + step, signal.rows.at(-1)[0]) : to);
  else select(from + direction * step, to + direction * step);
}

function shade(context, area, drawing, signal) {
  if (!signal.selection) return;
  const [from, to] = signal.selection.map((t) => drawing.toDomXCoord(t * 1000));
  context.save();
  context.globalAlpha = 0.22;
  context.fillStyle = colour('copper');
  context.fillRect(from, area.y, Math.max(1, to - from), area.h);
  context.globalAlpha = 1;
  context.fillRect(from, area.y, 2, area.h);
  context.fillRect(to - 2, area.y, 2, area.h);
  context.restore();
}

export const classColour = (task, label, alpha = 1) => {
  const at = (task?.classes ?? []).findIndex((each) => each.name === label);
  const hue = CLASS_HUES[(at < 0 ? 0 : at) % CLASS_HUES.length];
  return `hsl(${hue} 62% ${matchMedia('(prefers-color-scheme: dark)').matches ? 62 : 40}% / ${alpha})`;
};

/** Decisions along the upper edge, labels along the lower, each with its name. */
function strips(context, area, drawing, signal, task) {
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.w, area.h);
  context.clip();
  context.font = `600 12px ${colour('font')}`;
  context.textBaseline = 'middle';
  const step = task?.step && task?.rate ? task.step / task.rate : null;
  const block = (from, to, y, text, fill, isFilled) => {
    const left = drawing.toDomXCoord(from * 1000);
    const right = drawing.toDomXCoord(to * 1000);
    if (right < area.x || left > area.x + area.w) return;
    context.fillStyle = fill;
    context.strokeStyle = fill;
    if (isFilled) context.fillRect(left + 0.5, y, Math.max(1, right - left - 1), 18);
    else context.strokeRect(left + 1, y + 1, Math.max(1, right - left - 2), 16);
    if (context.measureText(text).width + 8 > right - Math.max(left, area.x)) return;
    context.fillStyle = isFilled ? colour('surface') : colour('ink');
    context.fillText(text, Math.max(left, area.x) + 5, y + 9.5);
  };
  // Neighbours with one answer are one block, so that there is room for its name.
  const runs = [];
  for (const each of signal.decisions.filter((each) => each.model === (task?.name ?? each.model)).sort((a, b) => a.to - b.to)) {
    const text = answer(each);
    const from = step ? each.to - step : each.from;
    const last = runs.at(-1);
    if (last && last.text === text && from - last.to < 0.01) last.to = each.to;
    else runs.push({ text, from, to: each.to, label: each.label });
  }
  for (const { from, to, text, label } of runs) block(from, to, area.y + 1, text, classColour(task, label, 0.92), true);
  for (const label of signal.labels.values()) {
    block(label.from, label.to, area.y + area.h - 19, `label: ${labelText(label)}`, colour('copper'), false);
  }
  context.restore();
}

export function answer(inference) {
  if (inference.label !== undefined) return inference.label;
  if (inference.value !== undefined) return `${significant(inference.value)} ${inference.unit ?? ''}`;
  return Object.entries(inference.heads ?? {}).map(([head, said]) => `${head} ${said.label}`).join(', ');
}

export function labelText(label) {
  if (label.label !== undefined) return label.label;
  if (label.value !== undefined) return significant(label.value);
  return Object.entries(label.heads ?? {}).map(([head, text]) => `${head} ${text}`).join(', ');
}

export const stretch = ([from, to]) => `${clock(from)} to ${clock(to)}, ${(to - from).toFixed(1)} s`;
