// What probes say, which tier is published, and how that came to be.
import { ago, h } from "./dom.js";
import { code, dot, faint, hostport, n, plural, port, table } from "./parts.js";

const SOME = 100; // endpoints listed in the details
const one = (...parts) => parts.some(Boolean) && h("span", {}, parts); // a cell of one line
const VERDICT = { Up: "Ready", Down: "NotReady", Unknown: "Unknown" }; // the dots' shapes

/** isDown says that every endpoint of a target is known to be down. */
export const isDown = (t) => (t.checks || []).length > 0 && t.checks.every((c) => c.verdict === "Down");

/** role is what a target does now. */
export const role = (t) => (t.active ? "active" : isDown(t) ? "down" : "standby");

/** pinned is a badge that says who has pinned a service, and why, if that is followed. */
export function pinned(pin, d) {
  if (!pin || !d.pinned) return null;
  const who = [pin.by && `by ${pin.by}`, pin.at && new Date(pin.at).toLocaleString(), pin.reason].filter(Boolean).join(", ");
  return h("span", { class: "pin", title: [`to ${pin.target}`, who].filter(Boolean).join(" ") }, "pinned");
}

/** tier is the published one, where a service has several. */
export function tier(d) {
  const best = Math.min(...(d.targets || []).map((t) => t.priority));
  return (d.active || []).length > 0 && d.priority > best && h("span", { class: "tier" }, `priority ${d.priority}`);
}

/** facts are how a service is watched and when it moves, as pairs of name and value. */
export function facts(s, d) {
  const p = s.probe, f = s.failover || {}, pin = s.pin;
  return [
    pin && ["Pinned", ["to ", h("b", {}, pin.target), pin.by && ` by ${pin.by}`, pin.at && [", ", ago(pin.at)], pin.reason && `: ${pin.reason}`, !d.pinned && " (not followed)"]],
    d.activeSince && (d.active || []).length > 0 && ["Active", [`${d.active.join(", ")}, priority ${d.priority}, for `, ago(d.activeSince, "plain")]],
    p && ["Probe", [`${p.kind} every ${p.interval}, timeout ${p.timeout}, down after ${plural(p.failureThreshold, "failure")}, up after ${p.successThreshold}`, p.role && `, role ${p.role}`]],
    p && f.failback && ["Failover", [`failback ${f.failback}`, f.failback === "Automatic" && ` after ${f.failbackDelay || "0s"}`, `, when all are down ${f.whenAllDown}`, f.minimumReady > 1 && `, ${f.minimumReady} must be up`]],
  ].filter(Boolean);
}

/** endpoints are those that are published, and where they are probed, all others. */
export function endpoints(s, d) {
  const all = d.endpoints || [];
  if (!s.probe) return plain(all);
  const ready = new Map(all.map((e) => [e.ip, e.ready])); // an address that two targets have is published once
  const published = (t, ip) => (!t.active || (!d.external && !ready.has(ip)) ? faint("no") : d.external ? "by name" : ready.get(ip) ? "ready" : "not ready");
  const rows = (d.targets || []).flatMap((t) => (t.checks || []).map((c) => {
    const ip = c.address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
    return [h("b", {}, t.name), code(c.address), one(dot(VERDICT[c.verdict]), h("span", { class: "verdict", "data-verdict": c.verdict }, c.verdict)),
      published(t, ip), c.since ? ago(c.since) : faint("not yet"),
      one(c.reason && h("b", { class: "reason" }, c.reason), c.message)];
  }));
  if (rows.length === 0) return null;
  return [table("Endpoints", ["Target", "Address", "Health", "Published", "Since", "Says"], rows.slice(0, SOME)), more(rows.length)];
}

function plain(all) {
  if (all.length === 0) return null;
  const item = (e) => h("li", {}, dot(e.ready ? "Ready" : "NotReady"),
    code((e.ports || []).length === 1 ? hostport(e.ip, e.ports[0].port) : e.ip),
    (e.ports || []).length > 1 && faint(e.ports.map(port).join(" ")), faint(e.ready ? "ready" : "not ready"));
  return h("div", { class: "block" }, h("h3", {}, "Endpoints"), h("ul", { class: "endpoints" }, all.slice(0, SOME).map(item)), more(all.length));
}

const more = (count) => count > SOME && h("p", { class: "faint" }, `and ${n(count - SOME)} more in snapshot.json`);

/** history is the last moves of a service, the newest first. */
export function history(d) {
  const names = (targets, priority) => (targets || []).length > 0 ? [targets.join(", "), faint(` priority ${priority}`)] : [faint("nothing")];
  const rows = (d.history || []).map((m) => [ago(m.at), one(names(m.from, m.fromPriority)),
    one(h("span", { class: "arrow", "aria-hidden": "true" }, "→ "), names(m.to, m.toPriority)),
    m.reason, m.took || faint("–"), m.message]);
  return rows.length > 0 && h("div", { class: "history" }, table("Transitions", ["When", "From", "To", "Reason", "Took", "Message"], rows));
}
