// What the aggregator streams: the newest message of each topic of the fleet, and the signal of one device.

const HIDDEN_SECONDS = 30;
const SILENT_SECONDS = 15;

export const store = {
  /** Topic below the root → {at, payload}. */
  entries: new Map(),
  /** 'connecting', 'live', 'lost' */
  state: 'connecting',
  /** By the server's clock: when something last came. */
  asOf: null,
  /** Whether the aggregator has its broker. */
  bus: true,
  busSince: null,
  about: { actions: false, version: '', root: '' },
  /** Why there is no signal of the watched device. */
  signal: null,
  /** Seconds that the server's clock is ahead of ours. */
  skew: 0,
};

let source = null;
let device = null;
let retry = 0;
let retryTimer = null;
let hiddenTimer = null;
let lastWord = 0;
let hasBegun = false;
let onChange = () => {};
let onDevice = () => {};

export const now = () => Date.now() / 1000 + store.skew;

/** Begins; `changed` is called when fleet or connection changed, `said` for each message of the watched device. */
export function begin(changed, said) {
  onChange = changed;
  onDevice = said;
  hasBegun = true;
  connect();
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiddenTimer);
    if (!document.hidden) {
      if (!source) connect();
    } else {
      // A page that nobody sees gives its connection back.
      hiddenTimer = setTimeout(() => close('connecting'), HIDDEN_SECONDS * 1000);
    }
  });
  setInterval(() => {
    if (source && store.state === 'live' && Date.now() - lastWord > SILENT_SECONDS * 1000) lose();
    onChange();
  }, 1000);
}

/** Watches a device's signal, or none. */
export function watch(name) {
  if (device === name) return;
  device = name;
  if (hasBegun) connect();
}

function connect() {
  close(store.state);
  source = new EventSource(device ? `/api/events?device=${encodeURIComponent(device)}` : '/api/events');
  lastWord = Date.now();
  source.addEventListener('snapshot', (event) => {
    const data = read(event);
    store.entries = new Map(Object.entries(data.entries));
    store.about = data.about;
    store.signal = data.signal ?? null;
    retry = 0;
    store.state = 'live';
    onChange(true);
  });
  source.addEventListener('change', (event) => {
    for (const [topic, entry] of Object.entries(read(event).entries)) {
      if (entry === null) store.entries.delete(topic);
      else store.entries.set(topic, entry);
    }
    onChange();
  });
  source.addEventListener('tick', (event) => { read(event); });
  source.addEventListener('device', (event) => onDevice(read(event)));
  source.addEventListener('error', lose);
}

function read(event) {
  const data = JSON.parse(event.data);
  lastWord = Date.now();
  store.skew = data.t - lastWord / 1000;
  store.asOf = data.t;
  if (data.bus !== undefined) {
    store.bus = data.bus;
    store.busSince = data.busSince ?? null;
  }
  return data;
}

function close(state) {
  clearTimeout(retryTimer);
  source?.close();
  source = null;
  store.state = state;
}

function lose() {
  close('lost');
  retryTimer = setTimeout(connect, Math.min(8000, 250 * 2 ** retry++));
  onChange();
}

// MARK: What the entries say

export function entry(...levels) { return store.entries.get(levels.join('/')); }
export function payload(...levels) { return entry(...levels)?.payload; }

/** Entries whose topic has this form; `+` stands for any level: [[level, ...], entry]. */
export function matching(...pattern) {
  const found = [];
  for (const [topic, value] of store.entries) {
    const levels = topic.split('/');
    if (levels.length !== pattern.length) continue;
    if (pattern.every((part, at) => part === '+' || part === levels[at])) {
      found.push([levels.filter((_, at) => pattern[at] === '+'), value]);
    }
  }
  return found;
}

/** Every device that anybody has spoken of, by site and name. */
export function devices() {
  const found = new Map();
  const add = (site, name) => {
    const key = `${site}/${name}`;
    if (!found.has(key)) found.set(key, { key, site, name });
    return found.get(key);
  };
  for (const [[site, name], value] of matching('availability', 'device', '+', '+')) {
    Object.assign(add(site, name), { state: value.payload, stateAt: value.at });
  }
  for (const [[site, name], value] of matching('fleet', 'device', '+', '+')) {
    Object.assign(add(site, name), { models: value.payload.models ?? {}, fleetAt: value.payload.t });
  }
  for (const [[site, name], value] of matching('device', '+', '+')) {
    Object.assign(add(site, name), { known: value.payload });
  }
  return [...found.values()]
    .map((each) => ({ models: {}, state: 'unknown', ...each }))
    .sort((a, b) => a.key.localeCompare(b.key));
}

export function edges() {
  const found = new Map();
  const add = (site, name) => {
    const key = `${site}/${name}`;
    if (!found.has(key)) found.set(key, { key, site, name, installed: {} });
    return found.get(key);
  };
  for (const [[model, site, name], value] of matching('model', '+', 'installed', '+', '+')) {
    add(site, name).installed[model] = value.payload;
  }
  for (const [[site, name], value] of matching('energy', '+', '+')) add(site, name).energy = value.payload;
  for (const [[site, name], value] of matching('fleet', 'edge', '+', '+')) add(site, name).figures = value.payload;
  for (const [[instance], value] of matching('status', 'edge-inferencer', '+')) {
    const site = value.payload.details?.site;
    if (site) add(site, instance).status = value.payload;
  }
  for (const edge of found.values()) {
    edge.state = payload('availability', 'service', 'edge-inferencer', edge.name) ?? 'unknown';
  }
  return [...found.values()].sort((a, b) => a.key.localeCompare(b.key));
}

/** Names of all models, by their tasks or by anything said of them. */
export function models() {
  const names = new Set();
  for (const [[model]] of matching('model', '+', 'task')) names.add(model);
  for (const [[model]] of matching('accuracy', '+', '+')) names.add(model);
  for (const model of Object.keys(payload('fleet', 'summary')?.models ?? {})) names.add(model);
  return [...names].sort();
}

/** Versions of a model with their scores, newest first. */
export function versions(model) {
  return matching('accuracy', model, '+')
    .map(([[version], value]) => ({ version: Number(version), ...value.payload }))
    .sort((a, b) => b.version - a.version);
}

export function sites() {
  const names = new Set();
  for (const { site } of devices()) names.add(site);
  for (const { site } of edges()) names.add(site);
  return [...names].sort();
}

/** A figure that the aggregator works out from its records; null where it has none yet. */
export async function query(path, parameters) {
  const address = new URL(path, location.origin);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null) address.searchParams.set(name, value);
  }
  const answer = await fetch(address, { headers: { accept: 'application/json' } });
  if (!answer.ok) throw new Error((await answer.text()).trim() || `status ${answer.status}`);
  return answer.json();
}

// MARK: Actions

export const token = {
  get value() { return sessionStorage.getItem('token'); },
  set value(text) { text ? sessionStorage.setItem('token', text) : sessionStorage.removeItem('token'); },
};

/** Asks for something to be done. Throws with what the server says against it. */
export async function act(path, body) {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token.value ?? ''}` },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) {
    if (answer.status === 401) token.value = null;
    throw new Error(text.trim() || `status ${answer.status}`);
  }
  return text ? JSON.parse(text) : {};
}
