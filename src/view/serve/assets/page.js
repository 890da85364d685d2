"use strict";
// What is shown: a list, a run, a study, a comparison or a settle to touch, by what stands behind # in the address.
const main = document.getElementById("main");
const crumbs = document.getElementById("crumbs");
const status = document.getElementById("status");
let stream = null;
let timer = null;

const say = (text) => { if (status.textContent !== text) status.textContent = text; };
const query = (path, more = "") => `?path=${encodeURIComponent(path)}${more}`;
const inside = (path, name) => (path === "." ? name : `${path}/${name}`);

async function ask(address, options) {
  const answer = await fetch(address, options);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function trail(...steps) {
  const links = [["runs and studies", "#"], ...steps].map(([name, href]) => (href ? element("a", { href }, name) : element("span", { "aria-current": "page" }, name)));
  crumbs.replaceChildren(...links.flatMap((link, i) => (i ? [" / ", link] : [link])));
}

function leave() {
  if (stream) stream.close();
  clearTimeout(timer);
  stopTouch();
  stream = timer = null;
  say("");
}

async function show() {
  leave();
  const [what, ...rest] = location.hash.slice(1).split("=");
  const named = decodeURIComponent(rest.join("="));
  const views = { run: showRun, study: showStudy, compare: showCompared, touch: showTouch };
  try {
    await (views[what] ?? showList)(named);
  } catch (error) {
    main.replaceChildren(element("h2", {}, "This can't be shown"), element("p", {}, String(error.message)));
  }
  document.title = [crumbs.lastChild?.textContent, "gncn"].filter(Boolean).join(" – ");
}

async function showList() {
  trail();
  const all = await ask("/api/list");
  const search = element("input", { type: "search", id: "search", autocomplete: "off" });
  const order = element("select", { id: "order" }, element("option", { value: "changed" }, "newest first"), element("option", { value: "path" }, "by name"));
  const compare = element("button", { type: "button", disabled: true }, "Compare curves");
  const body = element("tbody");
  const count = element("p", { class: "faint", role: "status" });
  const chosen = new Set();
  const most = 300;
  const fill = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = all.filter(({ path, command }) => words.every((word) => `${path} ${command}`.toLowerCase().includes(word)));
    if (order.value === "path") found.sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true }));
    body.replaceChildren(...found.slice(0, most).map((entry) => row(entry, chosen, compare)));
    count.textContent = all.length === 0
      ? "There is no run and no study in this folder yet. `gncn train CIRCUIT` makes a run; reload this page then."
      : `${found.length} of ${all.length}` + (found.length > most ? `; the first ${most} are shown` : "");
  };
  search.addEventListener("input", fill);
  order.addEventListener("change", () => { if (order.value === "changed") all.sort((a, b) => b.changed - a.changed); fill(); });
  compare.addEventListener("click", () => { location.hash = `compare=${encodeURIComponent(JSON.stringify([...chosen]))}`; });
  main.replaceChildren(
    element("h2", {}, "Runs and studies"),
    element("div", { class: "bar" }, element("label", {}, "Search ", search), element("label", {}, "Order ", order), compare),
    count,
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Runs and studies" },
      element("table", {}, element("thead", {}, element("tr", {}, ...["Compare", "Name", "State", "Written", "Command"].map((name) => element("th", { scope: "col" }, name)))), body)));
  fill();
}

function row({ path, kind, finished, changed, command }, chosen, compare) {
  const box = element("input", { type: "checkbox", "aria-label": `compare ${path}`, disabled: kind !== "run" });
  box.checked = chosen.has(path);
  box.addEventListener("change", () => {
    if (box.checked) chosen.add(path); else chosen.delete(path);
    compare.disabled = chosen.size < 2;
  });
  const name = element("a", { href: `#${kind}=${encodeURIComponent(path)}` }, path === "." ? `this ${kind}` : path);
  return element("tr", {}, element("td", {}, box), element("td", { class: "word" }, name), element("td", {}, `${kind}, ${finished ? "finished" : "under way"}`),
    element("td", {}, new Date(changed * 1000).toLocaleString()), element("td", { class: "word" }, command));
}

// Names of curves in the order of their first row, those of one kind in one chart.
function grouped(rows) {
  const names = new Set();
  for (const row of rows) for (const name of Object.keys(row)) if (name !== "epoch") names.add(name);
  const groups = new Map();
  for (const name of names) {
    const group = name.startsWith("train_free_energy.") ? "train_free_energy" : name;
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  return groups;
}

const points = (rows, name) => rows.filter((row) => row[name] !== undefined).map((row, i) => [row.epoch ?? i + 1, row[name]]);

function curvesOf(rows) {
  return [...grouped(rows)].map(([group, names]) =>
    chart(group, names.slice(0, 6).map((name) => ({ name: name === group ? name : name.slice(group.length + 1), points: points(rows, name) })), { across: "epoch" }));
}

function copyable(text, label) {
  const button = element("button", { type: "button" }, "Copy");
  button.addEventListener("click", async () => {
    try { await navigator.clipboard.writeText(text); say("copied"); } catch { say("the browser does not let this page copy; select the text instead"); }
  });
  return element("div", {}, element("pre", { tabindex: "0", "aria-label": label }, text), button);
}

// What became of the messages of the last batch, link by link.
function traffic(pulse) {
  const age = (value) => digits(value ?? undefined);
  const cells = ({ from, to, sent, used, dropped, staleness, unheard }) => [`${from} → ${to}`, digits(sent), digits(used), digits(dropped), age(staleness), age(unheard)];
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...["Link", "Sent", "Used", "Lost", "Staleness", "Unheard"].map((name) => element("th", { scope: "col" }, name)))),
    element("tbody", {}, ...pulse.links.map((link) => element("tr", {}, ...cells(link).map((text) => element("td", {}, text))))));
  return [
    element("p", {}, `Epoch ${pulse.epoch} of ${pulse.epochs}, batch ${pulse.done} of ${pulse.of}: free energy ${digits(pulse.free_energy)} nats an image, ${digits(pulse.images_per_second)} images a second.`),
    pulse.warning ? element("p", {}, `Warning: ${pulse.warning}`) : null,
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Messages of the last batch" }, table)].filter(Boolean);
}

// What the newest weights make of the same images, each time that they are newer: the first one, and the last ones.
function improving(path, epoch) {
  const most = 6;
  const list = element("div");
  const figure = element("figure", { id: "improving", hidden: true }, element("figcaption", {}, "Test images, and what the circuit makes of them, as it learns"), list);
  const look = () => {
    const at = epoch();
    const image = element("img", { src: `/api/reconstructions${query(path, `&t=${Date.now()}`)}`, alt: `Ten test images above their reconstructions, ${at}`, class: "pixels" });
    const shown = element("div", {}, element("p", { class: "faint" }, at), image);
    image.addEventListener("load", () => {
      list.append(shown);
      if (list.children.length > most) list.children[1].remove();
      figure.hidden = false;
    });
  };
  return { figure, look };
}

// The circuit with the activities, messages and ages of the last batch. A new drawing takes the place of the old one once it is
// there, so that nothing flickers, and none is asked for while one is on its way.
function lively(path) {
  const image = element("img", { alt: "" });
  const figure = element("figure", { id: "live", class: "drawing", hidden: true }, element("figcaption", {}, "The last batch: activity of layers, messages a second and their ages"), image);
  let busy = false;
  const look = (pulse) => {
    if (busy) return;
    busy = true;
    const next = new Image();
    next.addEventListener("load", () => {
      image.src = next.src;
      image.alt = `The circuit drawn as of epoch ${pulse.epoch}, batch ${pulse.done}: bars for the activity of layers, links as wide as their messages are many and coloured by age. The figures are in the table of messages.`;
      figure.hidden = false;
      busy = false;
    });
    next.addEventListener("error", () => { busy = false; });
    next.src = `/api/live${query(path, `&t=${Date.now()}`)}`;
  };
  return { figure, look };
}

function verdict(path) {
  const told = element("div", { role: "status" });
  const button = element("button", { type: "button" }, "Ask what settling bears");
  button.addEventListener("click", async () => {
    button.disabled = true;
    told.replaceChildren(element("p", {}, "Three test images are settled and linearised…"));
    try {
      const { words, stability } = await ask(`/api/verdict${query(path)}`);
      const facts = { verdict: stability.verdict, linearised: stability.at, "spectral radius of an update": digits(stability.update_radius), "of the absolute map": digits(stability.absolute_radius),
        "firings that messages may be late": stability.lateness ?? "none", "factor on all beta, lock-step": digits(stability.step_factor[0]), "what decides": stability.stiffest };
      told.replaceChildren(element("p", {}, `${words}.`), element("dl", { id: "verdict" }, ...Object.entries(facts).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))])));
    } catch (error) {
      told.replaceChildren(element("p", {}, String(error.message)));
    }
    button.disabled = false;
  });
  return [button, told];
}

async function showRun(path) {
  const run = await ask(`/api/run${query(path)}`);
  trail([path === "." ? "this run" : path, null]);
  let rows = run.rows;
  const state = element("p", { id: "state" });
  const charts = element("div", { class: "charts", id: "curves" });
  const log = element("pre", { tabindex: "0", "aria-label": "Log" });
  const art = element("div", { class: "charts" });
  const picture = (title, address, alt, kind) => {
    const image = element("img", { src: address, alt, class: kind ?? "" });
    const figure = element("figure", {}, element("figcaption", {}, title), image);
    image.addEventListener("error", () => figure.remove());
    return figure;
  };
  const redraw = () => {
    charts.replaceChildren(...(rows.length ? curvesOf(rows) : [element("p", {}, "No epoch has been finished yet; curves appear with the first.")]));
    log.textContent = rows.slice(-40).map((row) => Object.entries(row).map(([name, value]) => `${name} ${digits(value)}`).join("  ")).join("\n") || "nothing yet";
    state.textContent = `${run.finished ? "Finished" : "Under way"}, ${rows.length ? `epoch ${rows.at(-1).epoch ?? rows.length}` : "before the first epoch"}. Schedule ${run.schedule}, seed ${run.seed}, gncn ${run.version}.`;
  };
  const redrawPictures = () => {
    const stamp = `&t=${Date.now()}`;
    art.replaceChildren(
      picture("Receptive fields", `/api/fields${query(path, stamp)}`, "Receptive fields of the first layer that predicts the image, grey is 0", "pixels"),
      ...run.pictures.map((name) => picture(name, `/file${query(inside(path, name), stamp)}`, `The picture ${name} of this run`, "pixels")));
  };
  const messages = element("div", { id: "messages" }, element("p", {}, "This run has told nothing of its messages."));
  if (run.pulse) messages.replaceChildren(...traffic(run.pulse));
  const live = lively(path);
  if (run.pulse && run.circuit) live.look(run.pulse);
  const pictured = improving(path, () => (rows.length ? `epoch ${rows.at(-1).epoch ?? rows.length}` : "before the first epoch is finished"));
  const drawing = run.circuit && picture("Circuit", `/api/drawing${query(path)}`, `The circuit drawn: populations as rooms, links between them with the norms of their synapses. Its text is below.`);
  if (drawing) drawing.className = "drawing";
  main.replaceChildren(...[
    element("h2", {}, path === "." ? "This run" : path), state,
    element("p", {}, element("a", { href: `#touch=${encodeURIComponent(path)}` }, "Settle an image by hand")),
    element("h2", {}, "Curves"), charts,
    run.circuit ? pictured.figure : null,
    run.circuit ? live.figure : null,
    element("details", { open: true }, element("summary", {}, "Messages of the last batch"), messages),
    ...(run.circuit ? [element("h2", {}, "Stability"), ...verdict(path)] : []),
    element("h2", {}, "Command"), copyable(run.command.join(" "), "The command of this run"),
    element("h2", {}, "Circuit and pictures"), run.circuit ? drawing : null, art,
    element("details", {}, element("summary", {}, "The circuit as text"), element("pre", { tabindex: "0", "aria-label": "Circuit file" }, run.circuit)),
    element("details", {}, element("summary", {}, "Data and measures"), element("pre", { tabindex: "0", "aria-label": "Data and measures" }, JSON.stringify({ data: run.data, measures: run.measures }, null, 1))),
    element("h2", {}, "Log, newest 40 epochs"), log].filter(Boolean));
  redraw();
  redrawPictures();
  if (run.circuit) pictured.look();
  stream = new EventSource(`/api/follow${query(path, `&from=${run.end}`)}`);
  stream.addEventListener("rows", ({ data }) => {
    const told = JSON.parse(data);
    rows = told.anew ? told.rows : [...rows, ...told.rows];
    if (rows.length > 4000) rows = rows.filter((_, i) => i % 2 === 0 || i === rows.length - 1);
    redraw();
    redrawPictures();
    if (run.circuit) pictured.look();
  });
  stream.addEventListener("pulse", ({ data }) => {
    const pulse = JSON.parse(data);
    messages.replaceChildren(...traffic(pulse));
    if (run.circuit) live.look(pulse);
  });
  stream.addEventListener("state", async ({ data }) => {
    const { finished } = JSON.parse(data);
    if (finished !== run.finished) { run.finished = finished; run.pictures = (await ask(`/api/run${query(path)}`)).pictures; redrawPictures(); }
    redraw();
  });
  stream.addEventListener("gone", ({ data }) => { stream.close(); say(data); });
  stream.addEventListener("error", () => say("The page was closed, or the connection lost; it is tried again. Start `gncn view` again if it was ended."));
  stream.addEventListener("open", () => say(""));
}

async function showStudy(path) {
  trail([path === "." ? "this study" : path, null]);
  const report = await fetch(`/file${query(inside(path, "report.html"))}`, { method: "HEAD" });
  main.replaceChildren(element("h2", {}, path === "." ? "This study" : path), report.ok
    ? element("iframe", { src: `/file${query(inside(path, "report.html"))}`, title: "Report of the study", sandbox: "" })
    : element("p", {}, "The report is not written yet; points that are finished are kept, and `gncn study` with the same command goes on."));
}

async function showCompared(named) {
  const paths = JSON.parse(named);
  trail(["comparison", null]);
  const runs = await Promise.all(paths.slice(0, 6).map(async (path) => ({ path, rows: (await ask(`/api/run${query(path)}`)).rows })));
  const names = new Set(runs.flatMap(({ rows }) => [...grouped(rows).values()].flat()));
  const more = paths.length > 6 ? element("p", {}, "Six runs are shown at the most, so that curves can be told apart.") : null;
  main.replaceChildren(element("h2", {}, "Curves of several runs"), ...(more ? [more] : []), element("div", { class: "charts" },
    ...[...names].map((name) => chart(name, runs.map(({ path, rows }) => ({ name: path, points: points(rows, name) })), { across: "epoch" }))));
}

addEventListener("hashchange", () => { show().then(() => main.focus()); });
show();
