// Building and changing the document. Text is put in as text nodes only, never
// as markup. Changes are made in place, so that focus, selection and scroll
// position stay.

/** h builds an element; attributes and children that are empty are left out. */
export function h(tag, attrs, ...children) {
  const el = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs || {})) {
    if (v !== undefined && v !== null && v !== false) el.setAttribute(k, v === true ? "" : v);
  }
  el.append(...solid(children));
  return el;
}

function solid(children) {
  return children.flat(3).filter((c) => c !== undefined && c !== null && c !== false && c !== "");
}

/** fill gives el these children, and keeps those that it has where they fit. */
export function fill(el, ...children) {
  const next = el.cloneNode(false);
  next.append(...solid(children));
  morph(el, next);
}

/** morph makes old equal to next. */
export function morph(old, next) {
  if (old.nodeType !== next.nodeType || old.nodeName !== next.nodeName) return old.replaceWith(next);
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const a of [...old.attributes]) if (!next.hasAttribute(a.name)) old.removeAttribute(a.name);
  for (const a of [...next.attributes]) if (old.getAttribute(a.name) !== a.value) old.setAttribute(a.name, a.value);
  const want = [...next.childNodes];
  while (old.childNodes.length > want.length) old.lastChild.remove();
  want.forEach((n, i) => (i < old.childNodes.length ? morph(old.childNodes[i], n) : old.append(n)));
}

/**
 * list makes the keyed children of parent, after its child `after`, those of
 * items: {key, token, build}. A child whose token is unchanged is left alone.
 */
export function list(parent, items, after) {
  const have = new Map([...parent.children].filter((c) => c.listKey !== undefined).map((c) => [c.listKey, c]));
  let last = after || null;
  for (const item of items) {
    let el = have.get(item.key);
    have.delete(item.key);
    if (!el) el = item.build();
    else if (el.listToken !== item.token) morph(el, item.build());
    el.listKey = item.key;
    el.listToken = item.token;
    const place = last ? last.nextSibling : parent.firstChild;
    if (place !== el) parent.insertBefore(el, place);
    last = el;
  }
  for (const el of have.values()) el.remove();
}

let skew = 0; // how far the server's clock is ahead of ours, in ms

/** setNow tells what time it is for the server. */
export function setNow(text) {
  const d = Date.parse(text) - Date.now();
  skew = Math.abs(d) > 2000 ? d : 0;
}

/** span is how long ago an instant was: 12s, 3m, 5h, 2d. */
export function span(at) {
  const s = Math.max(0, Math.floor((Date.now() + skew - at) / 1000));
  if (s < 60) return s + "s";
  if (s < 3600) return Math.floor(s / 60) + "m";
  if (s < 48 * 3600) return Math.floor(s / 3600) + "h";
  return Math.floor(s / 86400) + "d";
}

function age(el) {
  const s = span(Date.parse(el.dateTime));
  if (el.dataset.age === "plain") return s;
  return s === "0s" ? "just now" : s + " ago";
}

/** ago is an element that tells how long ago an instant was, and keeps doing so. */
export function ago(iso, form) {
  if (!iso) return h("span", { class: "faint" }, "unknown");
  const el = h("time", { datetime: iso, "data-age": form || "ago", title: new Date(iso).toLocaleString() });
  el.textContent = age(el);
  return el;
}

/** grow updates every age on the page. */
export function grow() {
  for (const el of document.querySelectorAll("time[data-age]")) {
    const text = age(el);
    if (el.textContent !== text) el.firstChild.data = text;
  }
}
