// Charts by dygraphs, in the page's colours. A chart is a place that `chart` makes and `flush` fills.

import { h, patch } from './dom.js';
import { clock } from './format.js';

const pending = new Map();
const drawn = new Map();

export const isMissing = () => typeof globalThis.Dygraph === 'undefined';

export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/**
 * A chart's place.
 *
 * `plot`: `rows` [[seconds, value or [low, value, high], ...]], `series` [[name, colour]], `bars` whether values have
 * bounds, `marks` [[seconds, text]], `format(value)`, `range` [low, high], `span` [from, to], `small`, `under(context, area, graph)`.
 */
export function chart(key, name, plot, kind = '') {
  pending.set(key, plot);
  return h('div', { class: `chart ${kind}`, 'data-key': key, 'data-keep': '', 'data-chart': '', role: 'img', 'aria-label': name });
}

/** Times in which nothing was decided are gaps, not lines. */
export function withGaps(rows, seconds) {
  return rows.flatMap((row, at) => at > 0 && row[0] - rows[at - 1][0] > 3 * seconds
    ? [[rows[at - 1][0] + seconds, ...row.slice(1).map((value) => Array.isArray(value) ? [null, null, null] : null)], row] : [row]);
}

/** Words that say what a chart's colours are. */
export function legend(series) {
  return h('div', { class: 'legend' }, series.map(([name, tone]) =>
    h('span', { class: 'key' }, h('i', { vars: { '--c': `var(--${tone})` } }), name)));
}

/** Fills the places that are on the page, and lets go of those that left it. */
export function flush() {
  for (const [element, graph] of drawn) {
    if (element.isConnected) continue;
    graph.destroy();
    drawn.delete(element);
  }
  for (const element of document.querySelectorAll('[data-chart]')) {
    const plot = pending.get(element.dataset.key);
    if (plot) fill(element, plot);
  }
  pending.clear();
}

function fill(element, plot) {
  if (isMissing()) {
    element.textContent = 'Charts need dygraphs: sudo apt-get install libjs-dygraphs on the aggregator’s machine.';
    element.classList.add('empty');
    return;
  }
  const options = settings(plot);
  const known = drawn.get(element);
  if (known) return known.updateOptions(options);
  element.textContent = '';
  // Its own legend would set styles that our content security policy forbids; ours stands beside it.
  const { Dygraph } = globalThis;
  Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);
  drawn.set(element, new Dygraph(element, options.file, options));
  element.append(h('div', { class: 'reading', hidden: true }));
}

export const graph = (element) => drawn.get(element);

/** dygraphs' options for a plot. */
function settings(plot) {
  const format = plot.format ?? String;
  const file = plot.rows.map(([t, ...values]) => [new Date(t * 1000), ...values]);
  return {
    file, labels: ['time', ...plot.series.map(([name]) => name)], colors: plot.series.map(([, tone]) => colour(tone)),
    customBars: plot.bars === true, fillAlpha: 0.2, strokeWidth: plot.small ? 1.5 : 2, connectSeparatedPoints: false,
    drawPoints: file.length < 40 && !plot.small, pointSize: 2.5, highlightCircleSize: 4,
    interactionModel: {}, highlightCallback: (event, x, points) => read(event, x, points, format), unhighlightCallback: (event) => read(event),
    valueRange: plot.range ?? [null, null], includeZero: plot.zero === true,
    dateWindow: plot.span ? plot.span.map((t) => t * 1000) : null, rightGap: 8, xRangePad: plot.span ? 0 : 6,
    gridLineColor: colour('line'), axisLineColor: colour('line-strong'), axisLabelFontSize: 12,
    underlayCallback: (context, area, graph) => under(context, area, graph, plot),
    axes: {
      x: { drawAxis: !plot.small, drawGrid: false, pixelsPerLabel: 84 },
      y: { drawAxis: !plot.small, drawGrid: !plot.small, axisLabelWidth: 64, pixelsPerLabel: 40,
        axisLabelFormatter: (value) => escaped(format(value)) },
    },
  };
}

/** Says what stands where the pointer is. */
function read(event, x, points, format) {
  const place = event.target?.closest?.('[data-chart]')?.querySelector('.reading');
  if (!place) return;
  place.hidden = x === undefined;
  if (place.hidden) return;
  const known = points.filter((point) => Number.isFinite(point.yval));
  patch(place, [h('div', {}, clock(x / 1000)), ...known.map((point) => h('div', {}, `${point.name} `, h('b', {}, format(point.yval))))]);
  const chart = place.parentElement;
  place.style.left = `${Math.min(points[0].canvasx + 12, chart.clientWidth - place.offsetWidth)}px`;
}

// Labels of axes are read as HTML by dygraphs.
const ESCAPES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text) => String(text).replace(/[&<>"']/g, (character) => ESCAPES[character]);

/** Draws what stands behind the lines: times that mean something. */
function under(context, area, graph, plot) {
  context.save();
  context.font = `12px ${colour('font')}`;
  let free = -Infinity;
  for (const [t, text] of plot.marks ?? []) {
    const x = graph.toDomXCoord(t * 1000);
    if (x < area.x || x > area.x + area.w) continue;
    context.strokeStyle = colour('copper');
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(x, area.y);
    context.lineTo(x, area.y + area.h);
    context.stroke();
    if (x < free) continue;
    context.fillStyle = colour('copper');
    const width = context.measureText(text).width;
    const left = Math.min(x + 4, area.x + area.w - width);
    context.fillText(text, left, area.y + 11);
    free = left + width + 6;
  }
  context.restore();
  plot.under?.(context, area, graph);
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => dispatchEvent(new Event('retort:render')));
