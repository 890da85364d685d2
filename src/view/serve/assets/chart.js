"use strict";
// Small curves as SVG, with a table of the same numbers for whoever doesn't see them.
const SVG = "http://www.w3.org/2000/svg";

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function drawn(name, properties = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(properties)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function digits(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 1e-3)) return value.toExponential(2);
  return Number(value.toPrecision(4)).toLocaleString("en");
}

function key(number, name) {
  const line = drawn("svg", { viewBox: "0 0 32 10", "aria-hidden": "true" }, drawn("line", { x1: 0, x2: 32, y1: 5, y2: 5, class: `curve s${number % 6}` }));
  return element("li", {}, line, " ", name);
}

// `series`: [{ name, points: [[x, y], ...] }]; `marks`: places of x, with a class each.
function chart(title, series, { across = "", marks = [], compact = false } = {}) {
  const wide = 360, high = compact ? 150 : 190, left = 54, right = 8, top = 8, bottom = 30;
  const finite = series.map(({ points }) => points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y)));
  const all = finite.flat();
  let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const [x, y] of all) { x0 = Math.min(x0, x); x1 = Math.max(x1, x); y0 = Math.min(y0, y); y1 = Math.max(y1, y); }
  if (all.length === 0) [x0, x1, y0, y1] = [0, 1, 0, 1];
  if (x0 === x1) x1 = x0 + 1;
  if (y0 === y1) { y0 -= 0.5; y1 += 0.5; }
  const atX = (x) => left + ((x - x0) / (x1 - x0)) * (wide - left - right);
  const atY = (y) => top + (1 - (y - y0) / (y1 - y0)) * (high - top - bottom);
  const last = series.map(({ name }, i) => `${name} ${digits(finite[i].at(-1)?.[1])}`).join(", ");
  const picture = drawn("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": `${title}. Last values: ${last}.` });
  picture.append(drawn("path", { class: "axis", d: `M${left} ${top}V${high - bottom}H${wide - right}` }));
  const say = (x, y, text, anchor) => { const label = drawn("text", { x, y, "text-anchor": anchor }); label.textContent = text; picture.append(label); };
  say(left - 5, top + 9, digits(y1), "end");
  say(left - 5, high - bottom, digits(y0), "end");
  say(left, high - bottom + 15, digits(x0), "start");
  say(wide - right, high - bottom + 15, digits(x1), "end");
  say((left + wide) / 2, high - bottom + 15, across, "middle");
  for (const { at, kind } of marks) {
    if (at >= x0 && at <= x1) picture.append(drawn("line", { x1: atX(at), x2: atX(at), y1: top, y2: high - bottom, class: kind }));
  }
  finite.forEach((points, i) => {
    const path = points.map(([x, y], j) => `${j ? "L" : "M"}${atX(x).toFixed(1)} ${atY(y).toFixed(1)}`).join("");
    picture.append(drawn("path", { class: `curve s${i % 6}`, d: path }));
    if (points.length === 1) picture.append(drawn("circle", { class: `curve s${i % 6}`, cx: atX(points[0][0]), cy: atY(points[0][1]), r: 3 }));
  });
  const figure = element("figure", {}, element("figcaption", {}, title), picture);
  if (series.length > 1 || series[0]?.name !== title) figure.append(element("ul", { class: "key" }, ...series.map(({ name }, i) => key(i, `${name} ${digits(finite[i].at(-1)?.[1])}`))));
  return figure;
}

function save(name, kind, data) {
  const address = URL.createObjectURL(new Blob([data], { type: kind }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// A chart as a file of its own has to bring its colours along.
function saveCharts(name, parent) {
  const figures = [...parent.querySelectorAll("figure > svg")];
  const colours = getComputedStyle(document.documentElement);
  const rules = [0, 1, 2, 3, 4, 5].map((i) => `.s${i}{stroke:${colours.getPropertyValue(`--c${i}`)}}`).join("") +
    `.curve{fill:none;stroke-width:2}.axis{fill:none}.axis,.now,.touchmark{stroke:${colours.getPropertyValue("--faint")}}text{font:11px sans-serif;fill:${colours.getPropertyValue("--ink")}}`;
  let down = 0;
  const parts = figures.map((figure) => {
    const [, , wide, high] = figure.getAttribute("viewBox").split(" ").map(Number);
    const title = figure.parentElement.querySelector("figcaption").textContent;
    const copy = drawn("g", { transform: `translate(0 ${down + 16})` }, ...[...figure.cloneNode(true).childNodes]);
    const head = drawn("text", { x: 4, y: down + 12 });
    head.textContent = title;
    down += high + 24;
    return [head, copy, wide];
  });
  const whole = drawn("svg", { xmlns: SVG, viewBox: `0 0 ${Math.max(...parts.map(([, , wide]) => wide))} ${down}` });
  const style = drawn("style");
  style.textContent = rules;
  whole.append(style, ...parts.flatMap(([head, copy]) => [head, copy]));
  save(name, "image/svg+xml", new XMLSerializer().serializeToString(whole));
}
