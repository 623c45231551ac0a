// What a service, a namespace, a problem and the summary look like. Every
// function here builds elements from data and keeps nothing.
import { ago, h } from "./dom.js";
import * as health from "./health.js";
import { code, dot, faint, n, plural, port, table } from "./parts.js";

export const STATES = [
  ["Ready", "Ready"],
  ["Degraded", "Degraded"],
  ["NotReady", "Not ready"],
  ["Unknown", "Unknown"],
];
const LABEL = new Map(STATES);

const state = (s) => [dot(s), h("span", { class: "word" }, LABEL.get(s) || s)];
const copy = (text) => h("button", { type: "button", class: "copy", "data-copy": text, "aria-label": `Copy ${text}` }, "Copy");
const cell = (name, ...children) => h("td", { role: "cell", class: "c-" + name }, children);
const origin = (o) => (o.file ? `${o.file}${o.line ? ":" + o.line : ""}` : o.kind);

/** tiles are the counts by state; pressing one shows only those. */
export function tiles(counts, total, chosen) {
  const tile = (key, label, count) =>
    h("button", { type: "button", class: "tile", "data-show": key, "aria-pressed": String(chosen === key), "data-zero": count === 0 },
      h("b", {}, n(count)), h("span", { class: "tile-name" }, key && dot(key), label));
  const all = tile("", total === 1 ? "Service" : "Services", total);
  return [all, STATES.filter(([s]) => s !== "Unknown" || counts[s]).map(([s, label]) => tile(s, label, counts[s] || 0))];
}

/** facts are what the process says about itself. */
export function facts(u) {
  const i = u.info;
  const fact = (name, ...values) => values.flat().length > 0 && h("div", {}, h("dt", {}, name), h("dd", {}, values));
  const codes = (all) => (all || []).map(code);
  return [
    fact("DNS", i.dnsAddress ? [code(i.dnsAddress), copy(i.dnsAddress)] : []),
    fact("Upstreams", codes(i.upstreams)),
    fact("Virtual IPs", codes(i.serviceCIDRs)),
    fact("Domain", u.domain ? [code(u.domain)] : []),
    fact("Manifests", codes(i.paths)),
    fact("Up", i.started ? [ago(i.started, "plain")] : []),
  ];
}

/** problems are those of the manifests, the worst first. */
export function problems(all, limit) {
  const rank = { Error: 0, Warning: 1, Info: 2 };
  const sorted = [...all].sort((a, b) => (rank[a.severity] ?? 3) - (rank[b.severity] ?? 3));
  const item = (p) =>
    h("li", { "data-severity": p.severity },
      h("span", { class: "badge" }, p.severity),
      h("div", { class: "problem" },
        h("p", { class: "what" }, p.message),
        p.hint && h("p", { class: "hint" }, p.hint),
        h("p", { class: "where" }, p.file && code(origin(p)), p.object && h("span", {}, p.object), p.field && code(p.field), faint(p.reason))));
  return [
    h("h2", { id: "problems-title" }, plural(all.length, "problem"), " in the manifests"),
    h("ul", {}, sorted.slice(0, limit).map(item)),
    all.length > limit && h("button", { type: "button", class: "more", "data-problems": "all" }, `Show all ${plural(all.length, "problem")}`),
  ];
}

/** group is a namespace's heading. */
export function group(ns, counts, total, folded) {
  const bad = STATES.filter(([s]) => s !== "Ready" && counts[s]);
  return h("tr", { role: "row", class: "group" },
    h("th", { role: "rowheader", scope: "rowgroup", colspan: "6" },
      h("button", { type: "button", class: "fold", "aria-expanded": String(!folded), "data-fold": ns }, ns),
      h("span", { class: "tally" }, plural(total, "service"), bad.map(([s, label]) => h("span", { class: "bad", "data-state": s }, ` · ${counts[s]} ${label.toLowerCase()}`)))));
}

/** row is one service in a line. */
export function row(p, id, open) {
  const s = p.service, m = p.summary, d = p.decision;
  const targets = d.targets || [];
  const active = targets.filter((t) => t.active), down = targets.filter((t) => health.role(t) === "down").length;
  const standby = targets.length - active.length - down;
  const why = m.state !== "Ready" && (m.message || m.reason);
  return h("tr", { role: "row", class: "service", "data-state": m.state, "data-service": id },
    cell("state", state(m.state)),
    h("th", { role: "rowheader", scope: "row", class: "c-name" },
      h("button", { type: "button", class: "expand", "aria-expanded": String(open), "data-open": id }, s.name),
      h("span", { class: "type" }, s.type)),
    cell("address", d.external && faint("CNAME"), (s.clusterIPs || []).map((ip) => h("span", { class: "ip" }, code(ip))),
      h("span", { class: "ports" }, (s.ports || []).map((x) => h("span", { title: x.name }, code(port(x)))))),
    cell("points",
      active.map((t) => h("span", { class: "target" }, t.where)),
      active.length === 0 && faint(targets.length ? "no target is active" : "no target"),
      health.tier(d), health.pinned(s.pin, d),
      standby > 0 && h("span", { class: "standby" }, `${standby} on standby`),
      down > 0 && h("span", { class: "standby" }, `${down} down`),
      why && h("p", { class: "why" }, why)),
    cell("endpoints", d.external ? faint("outside") : m.totalEndpoints === 0 ? faint("none")
      : [h("b", {}, n(m.readyEndpoints)), ` of ${n(m.totalEndpoints)}`, h("span", { class: "unit" }, " ready")]),
    cell("since", ago(m.since)));
}

/** gateway says what clients and targets are spoken to. */
function gateway(g) {
  const from = g.listeners.map((l) => `${l.port} ${l.protocol}${l.tls === "Passthrough" ? " passed through" : ""}`).join(", ");
  const b = g.backendTLS;
  const to = !b ? "" : !b.verified ? ", to targets by TLS that is not verified" : `, to targets by TLS${b.hostname ? " as " + b.hostname : ""}`;
  return `${from}${to}, ${g.loadBalancing}, when one is down ${g.onTargetDown}${g.drainTimeout ? " for " + g.drainTimeout : ""}`;
}

/** details is all that is known about a service. */
export function details(p) {
  const s = p.service, d = p.decision;
  const name = h("dl", { class: "names" },
    h("div", {}, h("dt", {}, "Name"), h("dd", {}, code(s.dnsName), copy(s.dnsName))),
    h("div", {}, h("dt", {}, "Declared"), h("dd", {}, code(origin(s.origin)), faint(s.origin.kind))),
    (s.ports || []).some((x) => x.name) && h("div", {}, h("dt", {}, "Ports"), h("dd", {}, s.ports.map((x) => code(`${x.name ? x.name + ":" : ""}${port(x)}`)))),
    s.sessionAffinity && h("div", {}, h("dt", {}, "Affinity"), h("dd", {}, `clients stay with their endpoint for ${s.sessionAffinity}`)),
    d.external && h("div", {}, h("dt", {}, "CNAME"), h("dd", {}, code(d.external.name))),
    s.gateway && h("div", {}, h("dt", {}, "Gateway"), h("dd", { class: "text" }, h("span", {}, gateway(s.gateway)))),
    health.facts(s, d).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "text" }, h("span", {}, value)))));
  const named = new Set((s.targets || []).filter((t) => t.hostname || t.srv).map((t) => t.name));
  const sorted = [...(d.targets || [])].sort((a, b) => a.priority - b.priority);
  const targets = sorted.map((t) =>
    [[h("b", {}, t.name), h("span", { class: "tag", "data-role": health.role(t) }, health.role(t))], String(t.priority), code(t.where),
      (t.addresses || []).map(code), t.resolvedAt ? ago(t.resolvedAt) : faint(named.has(t.name) ? "never" : "fixed"), t.message || t.reason]);
  const answers = d.external ? [["A", d.external.a], ["AAAA", d.external.aaaa]].map(([type, r]) =>
    [type, (r.addresses || []).length ? r.addresses.map(code) : faint("none"), r.ttl || "", r.at ? ago(r.at) : faint("not yet")]) : [];
  const conditions = (d.conditions || []).map((c) => [h("b", {}, c.type), h("span", { class: "flag", "data-status": c.status }, c.status), c.reason, c.message, ago(c.lastTransitionTime)]);
  return h("tr", { role: "row", class: "details" }, h("td", { role: "cell", colspan: "6" }, h("div", { class: "sheet" }, name,
    targets.length > 0 && table("Targets", ["Target", "Priority", "Where", "Addresses", "Confirmed", "Says"], targets),
    answers.length > 0 && table("Resolves to", ["Type", "Addresses", "TTL", "Answered"], answers),
    health.endpoints(s, d),
    health.history(d),
    conditions.length > 0 && table("Conditions", ["Condition", "Status", "Reason", "Message", "Since"], conditions))));
}
