// Numbers and times as people read them. A figure that is not known is a dash, never a zero.

export const none = '–';

const known = (value) => typeof value === 'number' && Number.isFinite(value);

export function count(value) {
  return known(value) ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : none;
}

export function percent(share, places = 1) {
  return known(share) ? `${(share * 100).toFixed(places)} %` : none;
}

/** Three significant digits. */
export function significant(value) {
  if (!known(value)) return none;
  if (value === 0) return '0';
  const digits = Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value.toFixed(digits);
}

const PREFIXES = [[1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, ''], [1e-3, 'm'], [1e-6, 'µ'], [1e-9, 'n']];

function scaled(value, unit) {
  if (!known(value)) return none;
  if (value === 0) return `0 ${unit}`;
  const [factor, prefix] = PREFIXES.find(([factor]) => Math.abs(value) >= factor) ?? [1e-9, 'n'];
  return `${significant(value / factor)} ${prefix}${unit}`;
}

export const joules = (value) => scaled(value, 'J');
export const bytes = (value) => (known(value) && Math.abs(value) < 1000 ? `${Math.round(value)} B` : scaled(value, 'B'));

/** Seconds as a length of time. */
export function duration(seconds) {
  if (!known(seconds)) return none;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 90) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** How long ago a Unix time is, as the server's clock has it. */
export function age(t, now) {
  if (!known(t)) return 'never';
  const seconds = now - t;
  return seconds < 3 ? 'now' : `${duration(Math.floor(seconds))} ago`;
}

const pad = (value) => String(value).padStart(2, '0');

/** Hours, minutes and seconds here; the day too where it is another. */
export function clock(t, now = Date.now() / 1000) {
  if (!known(t)) return none;
  const date = new Date(t * 1000);
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  const isToday = date.toDateString() === new Date(now * 1000).toDateString();
  return isToday ? time : `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${time}`;
}

export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
