// Small parts that the page's views are made of.
import { h } from "./dom.js";

export const faint = (text) => h("span", { class: "faint" }, text);
export const code = (text) => h("code", {}, text);
export const n = (x) => x.toLocaleString("en");
export const plural = (x, one) => `${n(x)} ${one}${x === 1 ? "" : "s"}`;
export const port = (p) => `${p.port}/${p.protocol}`;
export const hostport = (ip, p) => (ip.includes(":") ? `[${ip}]:${p}` : `${ip}:${p}`);
export const dot = (state) => h("span", { class: "dot", "data-state": state, "aria-hidden": "true" });

/** table is a small one with a caption; narrow windows show each row as a list. */
export const table = (caption, heads, rows) =>
  h("div", { class: "block" }, h("h3", {}, caption),
    h("div", { class: "scroll" }, h("table", { class: "small" },
      h("thead", {}, h("tr", {}, heads.map((x) => h("th", { scope: "col" }, x)))), h("tbody", {}, rows.map((cells) =>
        h("tr", {}, cells.map((c, i) => h("td", { "data-head": heads[i] }, c))))))));
