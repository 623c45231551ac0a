// The status page: follows /events, remembers every service, and shows those
// that fit the filter.
import { ago, fill, grow, list, setNow } from "./dom.js";
import * as view from "./view.js";

const $ = (id) => document.getElementById(id);
const PAGE = 200; // rows at first, and more with each press of the button
const LOST_AFTER = 16000; // three pings, in ms

const services = new Map(); // namespace/name -> {id, p, hay}
let order = []; // the same, sorted
let latest = null; // the last update
const opened = new Set(); // ids whose details are shown
const folded = new Map(); // namespace -> whether a person folded it
const show = { text: "", state: "", limit: PAGE, problems: 5 };

// ---- following fairlead

let stream = null, watchdog = 0, retry = 0, lostAt = 0;

function connect() {
  clearTimeout(retry);
  if (stream) stream.close();
  stream = new EventSource("events");
  stream.addEventListener("update", (e) => { alive(); apply(JSON.parse(e.data)); });
  stream.addEventListener("ping", (e) => { alive(); setNow(JSON.parse(e.data).now); });
  stream.addEventListener("bye", () => lose("fairlead stopped at"));
  stream.onerror = () => lose("The connection to fairlead was lost at");
  clearTimeout(watchdog);
  watchdog = setTimeout(() => lose("fairlead has not answered since"), LOST_AFTER);
}

function alive() {
  clearTimeout(watchdog);
  watchdog = setTimeout(() => lose("fairlead has not answered since"), LOST_AFTER);
  if (lostAt) say("The connection to fairlead is back");
  lostAt = 0;
  link("live");
  $("lost").hidden = true;
}

function lose(why) {
  stream.close();
  clearTimeout(watchdog);
  clearTimeout(retry);
  retry = setTimeout(connect, 1500);
  if (lostAt) return;
  lostAt = Date.now();
  link("lost");
  const at = new Date(lostAt);
  fill($("lost"), `${why} ${at.toLocaleTimeString()}. `, latest ? "What you see is from then. " : "", "Trying again.");
  $("lost").hidden = false;
}

function link(to) {
  $("link").dataset.link = to;
  if (to === "lost") fill($("link"), "Lost ", ago(new Date(lostAt).toISOString()));
  else fill($("link"), "Live", latest && latest.at && [", changed ", ago(latest.at)]);
}

// A hidden page does not hold a connection: browsers allow only a few to one
// host, and somebody has many tabs.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) return connect();
  stream.close();
  clearTimeout(watchdog);
  clearTimeout(retry);
});

function apply(u) {
  if (u.page && u.page !== document.body.dataset.tag) return location.reload(); // another version of fairlead
  setNow(u.now);
  const news = [], first = latest === null, gone = new Set(u.removed || []);
  if (u.reset) {
    const now = new Set(u.changed.map((p) => p.service.namespace + "/" + p.service.name));
    for (const id of services.keys()) if (!now.has(id)) gone.add(id);
  }
  let sort = gone.size > 0;
  for (const id of gone) services.delete(id);
  for (const p of u.changed) {
    const id = p.service.namespace + "/" + p.service.name, old = services.get(id);
    if (old && old.p.summary.state !== p.summary.state) news.push(p);
    sort ||= !old;
    services.set(id, { id, p, hay: "" });
  }
  if (sort) order = [...services.values()].sort(before).map((s) => s.id);
  latest = u;
  render();
  link("live");
  if (!first) tell(news, gone.size);
}

function before(a, b) {
  const x = a.p.service, y = b.p.service;
  if (x.namespace !== y.namespace) return x.namespace < y.namespace ? -1 : 1;
  return x.name < y.name ? -1 : x.name > y.name ? 1 : 0;
}

// tell announces changes to those who listen, and marks them for those who look.
function tell(news, gone) {
  for (const p of news) {
    const el = document.querySelector(`tr[data-service="${CSS.escape(p.service.namespace + "/" + p.service.name)}"]`);
    if (el) el.animate([{ backgroundColor: "var(--flash)" }, {}], { duration: 1600, easing: "ease-out" });
  }
  const words = news.slice(0, 3).map((p) => `${p.service.name} in ${p.service.namespace} is ${p.summary.state === "NotReady" ? "not ready: " + p.summary.message : p.summary.state.toLowerCase()}`);
  if (news.length > 3) words.push(`and ${news.length - 3} more services changed`);
  if (gone) words.push(`${gone} removed`);
  if (words.length) say(words.join(". "));
}

function say(text) {
  $("news").textContent = text;
}

// ---- showing it

function matches(s, words) {
  if (show.state && s.p.summary.state !== show.state) return false;
  if (words.length === 0) return true;
  s.hay ||= haystack(s.p);
  return words.every((w) => s.hay.includes(w));
}

function haystack({ service: s, decision: d, summary: m }) {
  const parts = [s.dnsName, s.namespace + "/" + s.name, s.type, s.origin.file, m.state, m.reason, m.message, s.clusterIPs,
    (s.ports || []).map((p) => [p.name, p.port]), (d.targets || []).map((t) => [t.name, t.where, t.addresses, (t.checks || []).map((c) => [c.address, c.reason])]), (d.endpoints || []).map((e) => e.ip)];
  return parts.flat(5).join(" ").toLowerCase();
}

function render() {
  const words = show.text.toLowerCase().split(/\s+/).filter(Boolean), filtered = words.length > 0 || show.state !== "";
  const counts = {}, spaces = new Map();
  let fit = 0;
  for (const id of order) {
    const s = services.get(id), st = s.p.summary.state, ns = s.p.service.namespace;
    counts[st] = (counts[st] || 0) + 1;
    if (!matches(s, words)) continue;
    fit++;
    let g = spaces.get(ns);
    if (!g) spaces.set(ns, (g = { counts: {}, all: [] }));
    g.counts[st] = (g.counts[st] || 0) + 1;
    g.all.push(s);
  }
  const fold = !filtered && order.length > PAGE && spaces.size > 1;
  let left = show.limit, cut = false;
  const groups = [];
  for (const [ns, g] of spaces) {
    const shut = folded.get(ns) ?? fold;
    if (groups.length >= show.limit || (!shut && left <= 0)) { cut = true; break; }
    const rows = shut ? [] : g.all.slice(0, left);
    cut ||= !shut && rows.length < g.all.length;
    left -= rows.length;
    groups.push({ ns, g, shut, rows });
  }
  summary(counts);
  const table = $("table");
  list(table, groups.map(({ ns }) => ({ key: ns, build: () => Object.assign(document.createElement("tbody"), { role: "rowgroup" }) })), table.tHead);
  groups.forEach(({ ns, g, shut, rows }, i) => list(table.tBodies[i], [
    { key: " ", token: JSON.stringify([g.counts, shut]), build: () => view.group(ns, g.counts, g.all.length, shut) },
    ...rows.flatMap((s) => {
      const open = opened.has(s.id), row = { key: s.id, token: open ? s : s.p, build: () => view.row(s.p, s.id, open) };
      return open ? [row, { key: s.id + " ", token: s, build: () => view.details(s.p) }] : [row];
    }),
  ]));
  table.hidden = fit === 0;
  $("more").hidden = !cut;
  fill($("more"), `Show ${PAGE} more`);
  const shown = groups.reduce((n, x) => n + x.rows.length, 0), n = (x) => x.toLocaleString("en");
  fill($("count"), filtered ? `${n(fit)} of ${n(order.length)} match` : fold ? `in ${n(spaces.size)} namespaces` : "",
    shown > 0 && shown < fit ? `, ${n(shown)} shown` : "");
  $("none").hidden = fit > 0;
  fill($("none"), order.length === 0 ? "No services yet: fairlead has found none in its manifests." : "No service matches. ", filtered && order.length > 0 && clear());
}

function clear() {
  const b = document.createElement("button");
  b.type = "button";
  b.className = "plain";
  b.dataset.clear = "";
  b.append("Show all");
  return b;
}

function summary(counts) {
  const bad = (counts.NotReady || 0) + (counts.Unknown || 0), all = latest.problems;
  document.title = bad ? `(${bad}) Fairlead` : "Fairlead";
  fill($("version"), latest.info.version);
  fill($("tiles"), view.tiles(counts, order.length, show.state));
  fill($("facts"), view.facts(latest));
  fill($("problems"), view.problems(all, show.problems));
  $("problems").hidden = all.length === 0;
  $("summary").hidden = false;
}

// ---- what people do

function choose(change) {
  Object.assign(show, { limit: PAGE }, change);
  const q = new URLSearchParams(Object.entries({ q: show.text, state: show.state }).filter(([, v]) => v));
  history.replaceState(null, "", q.size ? "#" + q : location.pathname);
  if (latest) render();
}

function toggle(set, key, to) {
  set(key, to);
  render();
}

document.addEventListener("click", (e) => {
  const row = e.target.closest("tr.service"); // anywhere in a row, unless text is being selected
  const b = e.target.closest("button") || (row && getSelection().isCollapsed && row.querySelector("button"));
  if (!b) return;
  const d = b.dataset;
  if (d.open) toggle((k) => opened.delete(k) || opened.add(k), d.open);
  else if (d.fold) toggle((k, v) => folded.set(k, v), d.fold, b.getAttribute("aria-expanded") === "true");
  else if (d.show !== undefined) choose({ state: d.show === show.state ? "" : d.show });
  else if (d.clear !== undefined) { $("filter").value = ""; choose({ text: "", state: "" }); $("filter").focus(); }
  else if (d.problems) { show.problems = Infinity; render(); }
  else if (d.copy) clip(b, d.copy);
  else if (b.id === "more") { show.limit += PAGE; render(); }
});

async function clip(b, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no clipboard outside secure contexts: select it for the person
    getSelection().selectAllChildren(b.previousElementSibling);
    return say("Selected; copy it with the keyboard");
  }
  say("Copied");
  b.textContent = "Copied";
  setTimeout(() => { b.textContent = "Copy"; }, 1500);
}

$("filter").addEventListener("input", (e) => choose({ text: e.target.value }));
document.addEventListener("keydown", (e) => {
  const typing = e.target.matches("input");
  if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey && !e.altKey) { e.preventDefault(); $("filter").focus(); }
  if (e.key === "Escape" && typing) { e.target.value = ""; choose({ text: "" }); }
});

const start = new URLSearchParams(location.hash.slice(1));
Object.assign(show, { text: start.get("q") || "", state: start.get("state") || "" });
$("filter").value = show.text;
setInterval(() => { if (!document.hidden) grow(); }, 1000);
connect();
