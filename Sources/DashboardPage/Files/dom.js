// Elements are made by `h` and brought onto the page by `patch`, which changes only what differs, so that focus,
// selection and charts stay. All text goes through text nodes: nothing that the bus says is ever read as HTML.

const HANDLERS = ['onclick', 'oninput', 'onchange', 'onsubmit', 'onkeydown'];

/** An element: `h('a', {href: '/', class: 'x'}, 'text', node, [nodes], null)`. */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (HANDLERS.includes(name)) element[name] = value;
    else if (name === 'vars') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : String(child));
  }
}

/** Makes `parent`'s children like the fresh ones. What has `data-keep` is left to whoever fills it. */
export function patch(parent, fresh) {
  const keyed = new Map();
  for (const node of parent.children) if (node.dataset.key !== undefined) keyed.set(node.dataset.key, node);
  let at = parent.firstChild;
  for (const node of fresh.flat(Infinity).filter(Boolean)) {
    const key = node.dataset?.key;
    const known = key === undefined ? (at?.dataset?.key === undefined ? at : null) : keyed.get(key);
    if (!known || known.nodeName !== node.nodeName) {
      parent.insertBefore(node, at);
      continue;
    }
    if (known === at) at = at.nextSibling;
    else parent.insertBefore(known, at);
    morph(known, node);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

function morph(known, fresh) {
  if (known.nodeType === Node.TEXT_NODE) {
    if (known.data !== fresh.data) known.data = fresh.data;
    return;
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (known.getAttribute(name) === value) continue;
    if (name === 'style') known.style.cssText = fresh.style.cssText;
    else known.setAttribute(name, value);
  }
  for (const { name } of [...known.attributes]) {
    if (!fresh.hasAttribute(name) && !(known.dataset.keep !== undefined && name !== 'hidden') && name !== 'open') {
      known.removeAttribute(name);
    }
  }
  // What somebody types is theirs until they leave the field.
  if (known.nodeName === 'INPUT' && known !== document.activeElement && known.value !== fresh.value) known.value = fresh.value;
  for (const name of HANDLERS) known[name] = fresh[name];
  if (known.dataset.keep !== undefined) return;
  patch(known, [...fresh.childNodes]);
}
