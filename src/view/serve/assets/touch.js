"use strict";
// A settle to touch. Time goes over a film of ticks; a touch at a tick asks for the film again, with one more change of the
// schedule, and virtual time promises that all before it is as it was.
let touch = null;

function stopTouch() {
  if (touch) clearInterval(touch.clock);
  touch = null;
}

function schedule({ until, seed, delay, drop, changes }) {
  const parts = [`until: ${until}`, `seed: ${seed}`];
  if (delay > 0) parts.push(`delay: Fixed(${delay})`);
  if (drop > 0) parts.push(`drop: ${drop}`);
  if (changes.length) parts.push(`changes: [${changes.map(({ at, change }) => `(at: ${at}, change: ${change})`).join(", ")}]`);
  return `VirtualTime(${parts.join(", ")})`;
}

async function showTouch(path) {
  trail([path === "." ? "this run" : path, `#run=${encodeURIComponent(path)}`], ["settle by hand", null]);
  const mine = (touch = { path, until: 100, seed: 0, delay: 0, drop: 0, changes: [], row: 0, hidden: "nothing", drawn: null, frame: 0, clock: null, told: null });
  main.replaceChildren(element("h2", {}, "Settle by hand"), element("p", {}, "Opening the run and its data…"));
  await settle(mine);
  if (touch === mine) build(mine);
}

async function settle(mine) {
  const body = { run: mine.path, schedule: schedule(mine), row: mine.row, drawn: mine.drawn, hidden: mine.hidden };
  mine.told = await ask("/api/settle", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

function build(mine) {
  const number = (id, value, least, most, step, change) => {
    const input = element("input", { type: "number", id, value, min: least, max: most, step });
    input.addEventListener("change", () => { if (input.value !== "" && input.checkValidity()) change(Number(input.value)); else say(`${id}: a number from ${least} to ${most} is needed`); });
    return input;
  };
  const choice = (id, names, change) => {
    const select = element("select", { id }, ...names.map((name) => element("option", { value: name }, name)));
    if (change) select.addEventListener("change", () => change(select.value));
    return select;
  };
  const labelled = (text, control) => element("label", {}, `${text} `, control);
  const button = (text, click, more = {}) => element("button", { type: "button", onclick: click, ...more }, text);
  const again = async (undo = () => {}) => {
    try { await settle(mine); say(""); } catch (error) { undo(); say(error.message); return; }
    if (touch === mine) { mine.frame = Math.min(mine.frame, mine.told.touched.ticks.length - 1); draw(mine); }
  };
  const set = (name) => (value) => { const before = mine[name]; mine[name] = value; return again(() => { mine[name] = before; }); };
  const here = () => (mine.frame >= mine.told.touched.ticks.length - 1 ? mine.told.touched.ticks.at(-1) : mine.told.touched.ticks[mine.frame] + 1);
  const change = (text) => { const before = mine.changes; mine.changes = [...before, { at: here(), change: text }].sort((a, b) => a.at - b.at); return again(() => { mine.changes = before; }); };

  const { populations, links } = mine.told;
  const states = populations.filter((name) => !name.endsWith(".error"));
  const linkNames = [...new Set(links.map(([from, to]) => `${populations[from]} → ${populations[to]}`))];
  const who = choice("who", populations);
  const layer = choice("layer", states);
  const link = choice("link", linkNames);
  const ends = () => link.value.split(" → ").map((name) => `"${name}"`).join(", ");
  const period = element("input", { type: "number", id: "period", value: 8, min: 1, max: 1000 });
  const beta = element("input", { type: "number", id: "beta", value: 0.03, min: 0.0001, max: 1, step: "any" });
  const late = element("input", { type: "number", id: "late", value: 8, min: 0, max: 1000 });
  const share = element("input", { type: "number", id: "share", value: 0.5, min: 0, max: 0.999, step: "any" });

  mine.play = button("Play", () => play(mine), { id: "play" });
  mine.slider = element("input", { type: "range", min: 0, value: 0, id: "tick", "aria-label": "Tick" });
  mine.slider.addEventListener("input", () => { mine.frame = Number(mine.slider.value); draw(mine); });
  mine.speed = element("select", { id: "speed" }, ...[1, 4, 10, 30].map((n) => element("option", { value: n, selected: n === 10 }, `${n} ticks/s`)));
  mine.speed.addEventListener("change", () => { if (mine.clock) { play(mine); play(mine); } });
  mine.where = element("p", { id: "where", role: "status" });
  mine.charts = element("div", { class: "charts", id: "films" });
  mine.canvases = ["Shown", "Prediction, touched", "Prediction, untouched"].map((name) => ({ name, canvas: element("canvas", { role: "img", "aria-label": name }) }));
  mine.list = element("ol", { class: "changes" });
  mine.command = element("div");
  mine.ages = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Ages of messages" });
  mine.undo = (place) => { const before = mine.changes; mine.changes = before.filter((_, i) => i !== place); return again(() => { mine.changes = before; }); };
  paint(mine, mine.canvases[0].canvas, again);
  const step = (by) => { mine.frame = Math.max(0, Math.min(mine.told.touched.ticks.length - 1, mine.frame + by)); draw(mine); };

  main.replaceChildren(
    element("h2", {}, "Settle by hand"),
    element("p", {}, "The same image settles twice: as your hand changes it, and untouched. A change holds from the tick after the one that is shown."),
    element("div", { class: "bar" },
      labelled("Image", number("image", mine.row, 0, mine.told.image.images - 1, 1, (value) => { mine.drawn = null; return set("row")(value); })),
      labelled("Hide", choice("hide", ["nothing", "right", "left", "top", "bottom"], set("hidden"))),
      button("Draw one", () => { mine.drawn = mine.told.image.values.map(() => 0); again(); say("draw on the first picture with the mouse, a finger, or arrow keys and the space bar"); }),
      labelled("Ticks", number("until", mine.until, 2, 2000, 1, set("until"))),
      labelled("Delay of all", number("delay", mine.delay, 0, 1000, 1, set("delay"))),
      labelled("Loss of all", number("drop", mine.drop, 0, 0.99, 0.01, set("drop"))),
      labelled("Seed", number("seed", mine.seed, 0, 1e9, 1, set("seed")))),
    element("div", { class: "bar" }, mine.play, button("Back", () => step(-1), { id: "back" }), button("One firing on", () => step(1), { id: "on" }), button("To the start", () => step(-1e9)), labelled("Speed", mine.speed)),
    mine.slider, mine.where,
    element("div", { class: "pictures" }, ...mine.canvases.map(({ name, canvas }) => element("figure", {}, element("figcaption", {}, name), canvas))),
    element("h2", {}, "Touch it"),
    element("div", { class: "bar" }, labelled("Population", who), labelled("period", period),
      button("Slow", () => change(`Clock("${who.value}", (period: ${period.value}))`), { id: "slow" }), button("Silence", () => change(`Silence("${who.value}")`), { id: "silence" })),
    element("div", { class: "bar" }, labelled("Layer", layer), labelled("β", beta),
      button("Set β", () => change(`Beta("${layer.value}", ${beta.value})`)), button("Clamp where it is", () => change(`Silence("${layer.value}")`))),
    element("div", { class: "bar" }, labelled("Link", link), labelled("delay in ticks", late), button("Delay", () => change(`Delay(${ends()}, Fixed(${late.value}))`)),
      labelled("share lost", share), button("Drop messages", () => change(`Drop(${ends()}, ${share.value})`))),
    mine.list,
    element("h2", {}, "What happens"), mine.charts,
    element("h2", {}, "Ages on links at this tick"), mine.ages,
    element("h2", {}, "The command that gives these bits"), mine.command,
    element("div", { class: "bar" },
      button("input.npy", () => save("input.npy", "application/octet-stream", npy(mine.told.image.values))),
      button("mask.npy", () => { if (mine.told.image.observed) save("mask.npy", "application/octet-stream", npy(mine.told.image.observed)); else say("nothing is hidden, so there is no mask"); }),
      button("Curves as SVG", () => saveCharts("settle.svg", mine.charts)),
      button("Picture as PNG", () => mine.canvases[1].canvas.toBlob((blob) => save("prediction.png", "image/png", blob))),
      button("Curves as CSV", () => save("settle.csv", "text/csv", csv(mine.told))),
      button("Settling as RON", () => save("settling.ron", "text/plain", `${mine.told.ron}\n`))));
  draw(mine);
}

function play(mine) {
  if (mine.clock) {
    clearInterval(mine.clock);
    mine.clock = null;
  } else {
    if (mine.frame >= mine.told.touched.ticks.length - 1) mine.frame = 0;
    mine.clock = setInterval(() => {
      mine.frame += 1;
      if (mine.frame >= mine.told.touched.ticks.length - 1) { mine.frame = mine.told.touched.ticks.length - 1; clearInterval(mine.clock); mine.clock = null; }
      draw(mine);
    }, 1000 / Number(mine.speed.value));
  }
  draw(mine);
}

// The place in a film that shows what holds at a tick.
const frameAt = (film, tick) => { let at = 0; while (at + 1 < film.ticks.length && film.ticks[at + 1] <= tick) at += 1; return at; };

function latest(film, frame) {
  for (let i = frame; i >= 0; i -= 1) if (film.pictures[i]) return film.pictures[i];
  return null;
}

function draw(mine) {
  const { touched, plain, image, populations, links } = mine.told;
  const tick = touched.ticks[mine.frame], other = frameAt(plain, tick);
  mine.play.textContent = mine.clock ? "Pause" : "Play";
  mine.slider.max = touched.ticks.length - 1;
  mine.slider.value = mine.frame;
  mine.slider.setAttribute("aria-valuetext", `tick ${tick}`);
  const sum = (film, frame) => Object.values(film.energy).reduce((total, list) => total + (list[frame] ?? 0), 0);
  mine.where.textContent = `Tick ${tick} of ${mine.until}: ${touched.fired[mine.frame].map((id) => populations[id]).join(", ")} fired. ` +
    `Free energy ${digits(sum(touched, mine.frame))} nats, untouched ${digits(sum(plain, other))}. ${image.label === null ? "" : `Class ${image.label}.`}`;
  const bytes = (hex) => (hex ? hex.match(/../g).map((byte) => parseInt(byte, 16)) : []);
  const shown = image.values.map((value, i) => (image.observed && !image.observed[i] ? 96 : Math.round(value * 255)));
  [shown, bytes(latest(touched, mine.frame)), bytes(latest(plain, other))].forEach((values, i) => put(mine.canvases[i].canvas, image, values));
  const marks = [{ at: tick, kind: "now" }, ...mine.changes.map(({ at }) => ({ at, kind: "touchmark" }))];
  const line = (film, list) => list.map((value, i) => [film.ticks[i], value]);
  const both = (title, of) => chart(title, [{ name: "touched", points: of(touched) }, { name: "untouched", points: of(plain) }], { across: "tick", marks, compact: true });
  const total = (film) => film.ticks.map((at, i) => [at, Object.values(film.energy).every((list) => list[i] !== null) ? sum(film, i) : NaN]);
  mine.charts.replaceChildren(both("Free energy, nats", total),
    both("Largest unheard, in firings of a receiver", (film) => line(film, film.unheard.map((list) => Math.max(...list.map((age) => age ?? 0))))),
    ...Object.keys(touched.activity).map((name) => both(`Activity of ${name}`, (film) => line(film, film.activity[name]))));
  const rows = links.map(([from, to], i) => element("tr", {}, element("td", {}, `${populations[from]} → ${populations[to]}`),
    element("td", {}, digits(touched.ages[mine.frame][i])), element("td", {}, digits(plain.ages[other][i])),
    element("td", { class: "unheard" }, digits(touched.unheard[mine.frame][i])), element("td", { class: "still" }, digits(plain.unheard[other][i])),
    element("td", {}, digits(touched.lost[mine.frame][i]))));
  mine.ages.replaceChildren(element("table", { id: "ages" }, element("thead", {}, element("tr", {}, ...["Link", "age, in firings of the sender", "untouched", "unheard, in firings of the receiver", "untouched", "lost so far"].map((name) => element("th", { scope: "col" }, name)))), element("tbody", {}, ...rows)));
  mine.list.replaceChildren(...mine.changes.map(({ at, change }, i) => element("li", {}, `from tick ${at}: ${change} `, element("button", { type: "button", "aria-label": `take back ${change}`, onclick: () => mine.undo(i) }, "Take back"))));
  if (mine.shownCommand !== mine.told.command) {
    mine.shownCommand = mine.told.command;
    mine.command.replaceChildren(copyable(mine.told.command, "The command that gives these bits"));
  }
}

function put(canvas, { width, height, channels }, values) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const data = context.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    const at = (c) => values[i * channels + Math.min(c, channels - 1)] ?? 0;
    data.data.set([at(0), at(channels > 2 ? 1 : 0), at(channels > 2 ? 2 : 0), 255], i * 4);
  }
  context.putImageData(data, 0, 0);
}

// Drawing by mouse, finger or keys; what is drawn settles when the pen is lifted.
function paint(mine, canvas, again) {
  let down = false, cursor = [0, 0];
  canvas.tabIndex = 0;
  const dot = (column, row) => {
    const { width, height, channels } = mine.told.image;
    mine.drawn ??= mine.told.image.values.slice();
    for (const [dx, dy] of [[0, 0], [1, 0], [0, 1], [1, 1]]) {
      const [x, y] = [column + dx, row + dy];
      if (x >= 0 && y >= 0 && x < width && y < height) for (let c = 0; c < channels; c += 1) mine.drawn[(y * width + x) * channels + c] = 1;
    }
    put(canvas, mine.told.image, mine.drawn.map((value) => value * 255));
  };
  const at = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    dot(Math.floor(((clientX - box.left) / box.width) * canvas.width), Math.floor(((clientY - box.top) / box.height) * canvas.height));
  };
  canvas.addEventListener("pointerdown", (event) => { down = true; canvas.setPointerCapture(event.pointerId); at(event); });
  canvas.addEventListener("pointermove", (event) => { if (down) at(event); });
  canvas.addEventListener("pointerup", () => { if (down) again(); down = false; });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) cursor = [Math.max(0, Math.min(canvas.width - 1, cursor[0] + move[0])), Math.max(0, Math.min(canvas.height - 1, cursor[1] + move[1]))];
    else if (event.key === " ") { dot(...cursor); again(); }
    else return;
    event.preventDefault();
    say(`pen at column ${cursor[0]}, row ${cursor[1]}`);
  });
}

// NumPy's format, version 1: one row of 32-bit floats.
function npy(values) {
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (1, ${values.length}), }`;
  const length = 64 * Math.ceil((10 + head.length + 1) / 64);
  const text = head.padEnd(length - 11, " ") + "\n";
  const bytes = new Uint8Array(length + 4 * values.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length & 255, text.length >> 8]);
  bytes.set([...text].map((sign) => sign.charCodeAt(0)), 10);
  const view = new DataView(bytes.buffer, length);
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  return bytes;
}

function csv({ touched, plain, links, populations }) {
  const head = (film) => [...Object.keys(film.energy).map((name) => `free_energy.${name}`), ...Object.keys(film.activity).map((name) => `activity.${name}`)];
  const names = ["settle", "tick", ...head(touched), ...links.map(([from, to]) => `age.${populations[from]}.${populations[to]}`), ...links.map(([from, to]) => `unheard.${populations[from]}.${populations[to]}`)];
  const rows = (name, film) => film.ticks.map((tick, i) => [name, tick, ...Object.values(film.energy).map((list) => list[i] ?? ""), ...Object.values(film.activity).map((list) => list[i]), ...film.ages[i].map((age) => age ?? ""), ...film.unheard[i].map((age) => age ?? "")]);
  return [names, ...rows("touched", touched), ...rows("untouched", plain)].map((row) => row.join(",")).join("\n") + "\n";
}
