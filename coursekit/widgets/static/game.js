// @ts-check
import { Axes, arrays, button, checkbox, h, legend, reducedMotion, select, shell, slider } from "./toolkit.js";
import { Plane } from "./game_plane.js";

const LIVE = -1;
const SIDES = ["A", "B"];
const RATES = [0, 1e-5, 3e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 3e-2, 1e-1];
const EMPTY = "The board is empty: draw a stroke first, or press Start again to have the last drawing back.";
const UPDATES = [1, 2, 3, 5, 10];
/** Milliseconds between frames on a page without a kernel, and for those who asked for less motion. */
const PACE = 120;
const STILL = 600;
/** Milliseconds between answers to frames: each makes JupyterLab show a busy kernel, which costs more than a frame. */
const LATEST = 1000;
/** Size of buttons and menus in lecture size; pictures and words have 1.6. */
const NEAR = "1.15";
/** Distance between points of a stroke, as a part of half the window. */
const GAP = 0.02;
/** Way of the cursor at one press of a key, as a part of half the window. */
const STRIDE = 0.05;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

/**
 * One plane for each side; beside them losses and quality over updates; below, what can be turned.
 * @param {{model: any, el: HTMLElement}} context
 */
function render({ model, el }) {
  const frame = shell({ model, el, name: "The GAN game" });
  const live = !model.get("frozen");
  const count = () => model.get("sides").length;
  let points = arrays(model.get("points"));
  let curves = arrays(model.get("curves"));
  /** The newest of each array: frames between others leave out what changes slowly. @type {Record<string, any>} */
  let picture = {};
  let about = { number: 0, step: 0, sides: /** @type {any[]} */ ([]) };
  /** Points of the stroke that is being drawn, in data coordinates. @type {number[][]} */
  let stroke = [];
  let wiped = false;
  /** Where the keyboard draws, from -1 to 1 over the window; null until an arrow key is pressed on a plane. @type {[number, number] | null} */
  let cursor = null;

  const take = () => {
    const packed = model.get("picture");
    if (!packed?.names) return;
    const fresh = arrays(packed);
    const facts = packed.about.sides;
    // What was made for another moment by seconds, or for other sides, must not stay.
    const whole = facts.some((/** @type {any} */ f) => "modes" in f || "energy_distance" in f) && !model.get("playing");
    const before = about;
    about = packed.about;
    picture = whole || before.sides.length !== facts.length ? fresh : { ...picture, ...fresh };
    about.sides = facts.map((/** @type {any} */ f, /** @type {number} */ i) =>
      (whole ? f : { ...before.sides[i], ...f }));
  };
  take();

  // ---- the planes
  const has = (/** @type {string} */ layer) => model.get("layers").includes(layer);
  /** Two lines over a plane: its name, and how far it is. @param {number} i */
  const title = (i) => {
    const { objective, remedy } = model.get("sides")[i];
    const f = about.sides[i] ?? {};
    const name = remedy === "none" ? spoken(objective) : objective === "non_saturating" ? remedy : `${spoken(objective)} + ${remedy}`;
    const found = f.modes !== undefined && f.modes !== null ? `${f.modes}/${f.of} modes, ${Math.round(100 * f.quality)} % high quality`
      : typeof f.energy_distance === "number" ? `energy distance ${Math.max(0, f.energy_distance).toFixed(3)}` : "";
    return [`${count() > 1 ? `${SIDES[i]}: ` : ""}${name}`, f.ended ? "diverged" : found];
  };
  const spoken = (/** @type {string} */ word) => word.replace(/_/g, "-");

  const drawing = () => live && model.get("data") === "drawn";
  /** @type {Array<{plane: Plane, stage: any}>} */
  const views = SIDES.map((letter, i) => {
    const plane = new Plane();
    const stage = frame.stage({ label: `Side ${letter}: data and generated points in the plane`, height: 330, largeHeight: 380, grow: 3, draw: (s) => {
      plane.draw(s, {
        title: title(i), unit: model.get("unit"), points: picture[`points${i}`] ?? new Int16Array(0), data: wiped ? new Int16Array(0) : points.data,
        dataStamp: wiped ? "wiped" : points, modes: wiped ? undefined : points.modes, caught: picture[`caught${i}`],
        heat: has("heat") ? picture[`heat${i}`] : undefined, manifold: has("manifold") ? picture[`manifold${i}`] : undefined,
        tails: has("arrows") ? picture[`tails${i}`] : undefined, arrows: has("arrows") ? picture[`arrows${i}`] : undefined,
        stroke: stroke.map(([x, y]) => level(x, y)), cursor: drawing() && document.activeElement === s.canvas ? cursor : null,
      });
      s.canvas.dataset.step = String(about.step);
      if (i === 0) answer();
    } });
    stage.canvas.tabIndex = 0;
    return { plane, stage };
  });
  /** From data coordinates to -1 … 1 over the window. @param {number} x @param {number} y */
  const level = (x, y) => { const [cx, cy, half] = model.get("window"); return [(x - cx) / half, (y - cy) / half]; };

  // ---- losses and quality
  const finite = (/** @type {Float32Array} */ values) => values.filter((v) => Number.isFinite(v));
  /** Ends of an axis that shows all but the wildest hundredth. @param {Float32Array[]} all */
  const ends = (all) => {
    const values = Float64Array.from(all.flatMap((one) => Array.from(finite(one)))).sort();
    if (!values.length) return /** @type {[number, number]} */ ([0, 1]);
    const [low, high] = [0.01, 0.99].map((q) => values[Math.round(q * (values.length - 1))]);
    const pad = 0.1 * Math.max(high - low, 0.05);
    return /** @type {[number, number]} */ ([low - pad, high + pad]);
  };
  const dash = (/** @type {number} */ i) => (i ? [6, 4] : []);
  const charts = frame.stage({ label: "Losses and quality over updates", height: 330, largeHeight: 380, grow: 2, draw: (stage) => {
    const theme = stage.theme;
    const steps = curves.steps ?? [0];
    const xlim = /** @type {[number, number]} */ ([0, Math.max(200, model.get("last"), steps[steps.length - 1])]);
    const sides = Array.from({ length: count() }, (_, i) => i).filter((i) => curves[`d_loss${i}`]);
    const losses = sides.flatMap((i) => [curves[`d_loss${i}`], curves[`g_loss${i}`]]);
    const upper = new Axes(stage, { xlim, ylim: ends(losses), bottom: 0.5, xticks: false, title: count() > 1 ? "losses (A solid, B dashed)" : "losses" });
    for (const i of sides) {
      upper.line(steps, curves[`d_loss${i}`], { color: theme.estimate, width: 2, dash: dash(i) });
      upper.line(steps, curves[`g_loss${i}`], { color: theme.accent, width: 2, dash: dash(i) });
    }
    const of = about.sides[0]?.of ?? 0;
    const xlabel = stage.height > 200 * stage.scale ? "updates" : "";
    const counted = sides.some((i) => finite(curves[`modes${i}`]).length);
    const lower = counted
      ? new Axes(stage, { xlim, ylim: [0, 1.05], top: 0.5, xlabel, yticks: [0, 0.5, 1], title: "modes caught, high quality" })
      : new Axes(stage, { xlim, ylim: [0, ends(sides.map((i) => curves[`energy_distance${i}`]))[1]], top: 0.5, xlabel, title: "energy distance to the data" });
    for (const i of sides) {
      if (counted) {
        lower.line(steps, curves[`modes${i}`].map((/** @type {number} */ v) => v / (of || 1)), { color: theme.best, width: 2.5, dash: dash(i) });
        lower.line(steps, curves[`quality${i}`], { color: theme.other, width: 2, dash: dash(i) });
      } else lower.line(steps, curves[`energy_distance${i}`], { color: theme.best, width: 2.5, dash: dash(i) });
    }
    const at = about.step;
    for (const axes of [upper, lower]) {
      for (const mark of model.get("bookmarks")) axes.vertical(mark, { color: theme.muted, width: 1, dash: [2, 3] });
      if (model.get("shown") !== LIVE) axes.vertical(at, { color: theme.ink, width: 1.5 });
    }
    const also = (/** @type {string} */ words, /** @type {string} */ layer, /** @type {string} */ more) => (has(layer) ? `${words}, ${more}` : words);
    key.set([
      { label: "data, D's loss", color: theme.estimate, mark: "square" },
      { label: "generated, G's loss", color: theme.accent, mark: "square" },
      { label: also(counted ? "modes caught" : "distance", "arrows", "arrows"), color: theme.best, mark: "line" },
      { label: also(counted ? "quality" : "–", "manifold", "grid of z"), color: theme.other, mark: "line" },
      { label: "missed", color: theme.ink, mark: "ring" },
    ].filter(({ mark, label }) => (mark !== "ring" || counted) && label !== "–").map((one) => ({ ...one, label: one.label.replace("–, ", "") })));
  } });
  const key = legend();

  // ---- frames that come by themselves
  let answered = 0, owed = 0, came = 0, shown = 0;
  /** Tell Python now and then which frame was drawn last, and how many of those that came were drawn: more may come. */
  const answer = () => {
    if (!live || !model.get("playing") || about.number === answered) return;
    shown += 1;
    if (!owed) owed = window.setTimeout(reply, LATEST);
  };
  const reply = () => {
    owed = 0;
    answered = about.number;
    if (model.get("playing")) model.send({ seen: answered, came, drawn: shown });
    came = shown = 0;
  };
  frame.onDispose(() => clearTimeout(owed));
  let drawn = 0, waiting = 0;
  const redrawPlanes = () => views.forEach((v) => v.stage.invalidate());
  const arrived = () => {
    take();
    came += 1;
    // Whoever asked for less motion gets a picture now and then; Python waits for the answer and trains meanwhile.
    const wait = reducedMotion() && model.get("playing") ? drawn + STILL - performance.now() : 0;
    if (wait > 0) {
      if (!waiting) waiting = window.setTimeout(() => { waiting = 0; drawn = performance.now(); redrawPlanes(); }, wait);
      return;
    }
    drawn = performance.now();
    redrawPlanes();
  };
  frame.onDispose(() => clearTimeout(waiting));

  // ---- what one can do
  const send = (/** @type {string} */ action) => {
    // Python still has the data that were wiped: it must not go on with what nobody sees.
    if (wiped && ["play", "step_d", "step_g", "bookmark"].includes(action)) { frame.fail(EMPTY); return; }
    frame.fail("");
    model.send({ action });
  };
  let timer = 0;
  const halt = () => { clearInterval(timer); timer = 0; };
  frame.onDispose(() => { halt(); if (live && model.get("playing")) model.send({ action: "pause" }); });
  const running = () => (live ? model.get("playing") : timer !== 0);
  const marks = () => [...new Set([...model.get("kept"), ...model.get("bookmarks"), model.get("last")])].sort((a, b) => a - b);
  const now = () => (model.get("shown") === LIVE ? model.get("last") : model.get("shown"));
  const look = (/** @type {number} */ step) => {
    if (!live) { frame.push({ shown: step }); return; }
    const newest = step >= model.get("last");
    if (newest && model.get("shown") === LIVE) return;
    frame.push({ shown: newest ? LIVE : step });
  };
  const scrub = (/** @type {number} */ by) => {
    if (!live) halt();
    const all = marks();
    let i = all.findIndex((s) => s >= now());
    if (i < 0) i = all.length - 1;
    look(all[Math.max(0, Math.min(all.length - 1, i + by))]);
    follow();
  };
  const playPause = () => {
    if (live) { send(model.get("playing") ? "pause" : "play"); return; }
    if (timer) { halt(); follow(); return; }
    const all = marks();
    if (now() >= all[all.length - 1]) frame.push({ shown: all[0] });
    timer = window.setInterval(() => {
      const next = marks().find((s) => s > now());
      if (next === undefined) halt(); else frame.push({ shown: next });
      follow();
    }, reducedMotion() ? STILL : PACE);
    follow();
  };
  const newest = () => { halt(); look(model.get("last")); follow(); };
  const bookmarked = () => model.get("bookmarks").includes(now());

  const play = button({ label: "Play", other: "Pause", onClick: playPause });
  const stepD = button({ label: "D step", onClick: () => send("step_d") });
  const stepG = button({ label: "G step", onClick: () => send("step_g") });
  const again = button({ label: "Start again", onClick: () => { if (live) send("restart"); else { halt(); look(0); } } });
  const undo = button({ label: "Undo", onClick: () => send("undo") });
  undo.element.setAttribute("aria-label", "Undo: back to the games before they began anew");
  const mark = button({ label: "Bookmark", onClick: () => send("bookmark") });
  const goOn = button({ label: "Go on", onClick: () => send("restore") });
  const drop = button({ label: "Remove", onClick: () => send("remove_bookmark") });
  goOn.element.setAttribute("aria-label", "Go on from this bookmark");
  drop.element.setAttribute("aria-label", "Remove this bookmark");
  const history = slider({ label: "Look back", values: [0, 1], value: 0, wide: true, format: (s) => `update ${s}`,
    onInput: (step) => { if (!live) halt(); look(step); } });
  const named = (/** @type {string[]} */ words) => /** @type {Array<[string, string]>} */ (words.map((w) => [w, spoken(w)]));
  const pace = select({ label: "Speed", value: String(model.get("pace")),
    options: model.get("paces").map((/** @type {number} */ p) => [String(p), p ? `${p} a second` : "full"]),
    onChange: (v) => frame.push({ pace: Number(v) }) });

  // ---- what is set up
  const data = select({ label: "Data", options: named(model.get("data_names")), value: model.get("data"),
    onChange: (v) => frame.push({ data: v }) });
  const seed = select({ label: "Seed", options: seeds(model.get("seed")), value: String(model.get("seed")),
    onChange: (v) => frame.push({ seed: Number(v) }) });
  const wipe = button({ label: "Wipe the board", onClick: () => {
    if (model.get("playing")) send("pause");
    wiped = true;
    stroke = [];
    redrawPlanes();
  } });
  const compare = checkbox({ label: "Two runs side by side", checked: count() > 1, onChange: (on) => {
    const [first] = model.get("sides");
    const other = first.remedy === "none" && !["mmd", "mmd-gan", "sinkhorn"].includes(first.objective) ? "pacgan2" : "none";
    frame.push({ sides: on ? [first, { objective: first.objective, remedy: other }] : [first] });
  } });
  /** Numbers that are turned keep the others; another objective or remedy brings its own. @param {number} i @param {any} change */
  const turn = (i, change) => {
    const sides = model.get("sides").map((/** @type {any} */ one) => ({ ...one }));
    const { objective, remedy } = sides[i];
    sides[i] = "objective" in change || "remedy" in change ? { objective, remedy, ...change } : { ...sides[i], ...change };
    frame.push({ sides });
  };
  const settings = SIDES.map((letter, i) => {
    /** The row says whose it is; a name that is read alone says it, too. @param {any} control */
    const of = (control) => {
      if (i) control.input.setAttribute("aria-label", `${control.element.querySelector("label").textContent} ${letter}`);
      return control;
    };
    const objective = of(select({ label: "Objective", options: named(model.get("objectives")), value: "", onChange: (v) => turn(i, { objective: v }) }));
    const remedy = of(select({ label: "Remedy", options: named(model.get("remedies")), value: "", onChange: (v) => turn(i, { remedy: v }) }));
    const k = of(select({ label: "k", options: [], value: "", onChange: (v) => turn(i, { k: Number(v) }) }));
    const rateD = of(select({ label: "D's rate", options: [], value: "", onChange: (v) => turn(i, { rate_d: Number(v) }) }));
    const rateG = of(select({ label: "G's rate", options: [], value: "", onChange: (v) => turn(i, { rate_g: Number(v) }) }));
    const whose = h("strong", { "aria-hidden": "true" }, letter);
    const element = h("div", { class: "ck-controls", role: "group", "aria-label": `Side ${letter}` }, whose, objective.element, remedy.element, k.element, rateD.element, rateG.element);
    let putFor = "";
    const put = () => {
      const one = model.get("sides")[i];
      show(whose, count() > 1);
      if (JSON.stringify(one) === putFor) return;
      putFor = JSON.stringify(one);
      show(element, Boolean(one));
      if (!one) return;
      objective.set(one.objective);
      remedy.set(one.remedy);
      for (const [control, values, value] of /** @type {Array<[any, number[], number]>} */ ([[k, UPDATES, one.k], [rateD, RATES, one.rate_d], [rateG, RATES, one.rate_g]])) {
        const all = [...new Set([...values, value])].sort((a, b) => a - b);
        control.fill(all.map((v) => [String(v), v && v < 1e-3 ? v.toExponential().replace("-", "−") : String(v)]));
        control.set(String(value));
      }
    };
    /** Long names are cut, so that a row stays one. @param {boolean} on */
    const narrow = (on) => { for (const list of [objective, remedy]) list.input.style.maxWidth = on ? "9em" : ""; };
    return { element, put, narrow };
  });
  const layers = [["heat", "D's map (blue: data)"], ["arrows", "arrows −∂ G's loss/∂x"], ["manifold", "G's manifold"]].map(([name, label]) => {
    const box = checkbox({ label, checked: has(name), onChange: (on) => {
      const rest = model.get("layers").filter((/** @type {string} */ l) => l !== name);
      frame.push({ layers: on ? [...rest, name] : rest });
    } });
    return { name, ...box };
  });
  let open = live && !model.get("large");
  const setUp = button({ label: "Set up", pressed: open, onClick: () => { open = !open; place(); } });
  const toggles = h("div", { class: "ck-controls" }, ...layers.map((l) => l.element));
  const board = h("div", { class: "ck-controls" }, data.element, seed.element, wipe.element, compare.element);
  const panel = h("div", { role: "group", "aria-label": "Set up" }, board, ...settings.map((s) => s.element));
  const keysLine = () => (!live ? "Keys: Space play or pause · ← → one frame · Home, End first and last"
    : drawing() ? "Draw: drag, or in a plane ← → ↑ ↓ and Enter · Space play · D G one step · B bookmark · C go on · U undo"
      : "Keys: Space play · D G one step · ← → look back · End newest · B bookmark · C go on from it · U undo");
  const words = /** @type {HTMLElement} */ (frame.root.querySelector(".ck-summary"));
  const help = h("p", { class: "ck-help", style: "margin: 2px 0; opacity: 0.85" });

  frame.controls.append(play.element);
  if (live) frame.controls.append(stepD.element, stepG.element, again.element, undo.element, pace.element, mark.element);
  history.element.style.flex = "1 1 60%";
  frame.controls.append(history.element, ...(live ? [goOn.element, drop.element] : []));
  if (live) toggles.append(setUp.element);
  toggles.append(frame.large);
  frame.plots.append(key.element, ...views.map((v) => v.stage.canvas), charts.canvas);
  // Narrow enough for three pictures in a row of a notebook.
  for (const s of [...views.map((v) => v.stage), charts]) s.canvas.style.flex = "var(--ck-grow) 1 200px";
  frame.controls.after(toggles, ...(live ? [panel] : []), help);
  frame.root.tabIndex = -1;
  frame.root.style.outline = "none";

  // ---- drawing data by hand
  /** Data coordinates of a place from -1 to 1 over the window. @param {number} a @param {number} b */
  const onBoard = (a, b) => { const [cx, cy, half] = model.get("window"); return [cx + a * half, cy + b * half]; };
  const add = (/** @type {number[][]} */ made) => {
    const before = wiped ? [] : model.get("drawn");
    wiped = false;
    // So many points that the oldest must go.
    frame.push({ drawn: [...before, ...made].slice(-1000) });
  };
  for (const { plane, stage } of live ? views : []) {
    stage.onPointer({ drag: (/** @type {number} */ px, /** @type {number} */ py, /** @type {boolean} */ first) => {
      if (first) stage.canvas.focus({ preventScroll: true });
      if (!drawing()) return;
      const [a, b] = plane.place(px, py);
      if (Math.abs(a) > 1 || Math.abs(b) > 1) return;
      const half = model.get("window")[2];
      const [x, y] = onBoard(a, b);
      const last = stroke[stroke.length - 1];
      if (!first && last && Math.hypot(x - last[0], y - last[1]) < GAP * half) return;
      stroke.push([x, y]);
      redrawPlanes();
    } });
    stage.canvas.addEventListener("pointerup", () => {
      const made = stroke;
      stroke = [];
      if (made.length) add(made);
    });
    stage.canvas.addEventListener("pointercancel", () => { stroke = []; redrawPlanes(); });
    stage.canvas.addEventListener("blur", redrawPlanes);
    stage.canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      if (!drawing() || e.ctrlKey || e.metaKey || e.altKey || e.shiftKey || !(e.key in ARROWS || e.key === "Enter")) return;
      e.preventDefault();
      e.stopPropagation(); // with the slider arrows still look back
      const [a, b] = cursor ?? [0, 0];
      const [right, up] = ARROWS[e.key] ?? [0, 0];
      const within = (/** @type {number} */ v) => Math.max(-1, Math.min(1, v));
      cursor = [within(a + STRIDE * right), within(b + STRIDE * up)];
      const place = onBoard(...cursor);
      if (e.key === "Enter") add([place]);
      frame.tell(`${e.key === "Enter" ? "Drawn" : "Cursor"} at ${place.map((v) => v.toFixed(1).replace("-", "−")).join(", ")}.`);
      redrawPlanes();
    });
  }

  // ---- keys
  const press = (/** @type {KeyboardEvent} */ e) => {
    const target = /** @type {HTMLElement} */ (e.target);
    if (e.ctrlKey || e.metaKey || e.altKey || target.tagName === "SELECT") return;
    const onSlider = target.tagName === "INPUT" && /** @type {HTMLInputElement} */ (target).type === "range";
    const pressesItself = target.tagName === "BUTTON" || (target.tagName === "INPUT" && !onSlider);
    const letter = e.key.length === 1 ? e.key.toLowerCase() : e.key;
    /** @type {Record<string, () => void>} */
    const does = {
      ...(pressesItself ? {} : { " ": playPause }),
      ...(onSlider ? {} : { ArrowLeft: () => scrub(-1), ArrowRight: () => scrub(1), Home: () => look(marks()[0]), End: newest }),
      ...(live ? { d: () => send("step_d"), g: () => send("step_g"), b: () => send("bookmark"), u: () => send("undo"),
        c: () => { if (bookmarked()) send("restore"); else frame.fail("Look back at a bookmark first: its update is marked in the curves. Then C goes on from it."); } } : {}),
    };
    const act = does[letter];
    if (!act) return;
    e.preventDefault();
    act();
  };
  frame.root.addEventListener("keydown", press);

  // ---- follow the model
  const place = () => {
    show(panel, open);
    // The room reads pictures and words; who turns and presses sits near. So all fits on a projector.
    for (const near of [frame.controls, toggles, panel, help]) {
      near.style.setProperty("--ck-scale", model.get("large") && near !== panel ? NEAR : "1");
      near.style.fontSize = "calc(14px * var(--ck-scale))";
    }
    key.element.style.fontSize = words.style.fontSize = model.get("large") ? "20px" : "";
    help.hidden = open && model.get("large");
    for (const one of settings) one.narrow(model.get("large"));
    setUp.setPressed(open);
    // In lecture size what is opened takes its room from the pictures, so that all stays on the screen.
    for (const s of [...views.map((v) => v.stage), charts]) {
      s.heights.large = open ? (count() > 1 ? 260 : 285) : 324;
      s.refresh();
    }
    setUp.element.setAttribute("aria-expanded", String(open));
  };
  let filled = NaN;
  const follow = () => {
    const steps = marks();
    play.setLabel(running() ? "Pause" : "Play");
    history.setValues(steps, now());
    const critic = model.get("sides").every((/** @type {any} */ s) => !["mmd", "sinkhorn"].includes(s.objective));
    stepD.setDisabled(!critic);
    undo.setDisabled(!model.get("undoable"));
    mark.setDisabled(model.get("shown") !== LIVE);
    for (const one of [goOn, drop]) one.setDisabled(!bookmarked());
    show(views[1].stage.canvas, count() > 1);
    data.set(model.get("data"));
    if (filled !== model.get("seed")) { filled = model.get("seed"); seed.fill(seeds(filled)); }
    seed.set(String(model.get("seed")));
    pace.set(String(model.get("pace")));
    compare.set(count() > 1);
    wipe.element.hidden = model.get("data") !== "drawn";
    help.textContent = keysLine();
    for (const { stage } of views) stage.canvas.style.cursor = drawing() ? "crosshair" : "default";
    for (const one of settings) one.put();
    for (const one of layers) one.set(has(one.name));
    frame.tell("", running());
  };
  frame.follow(["picture"], arrived);
  frame.follow(["curves", "bookmarks", "kept"], () => { curves = arrays(model.get("curves")); charts.invalidate(); });
  frame.follow(["points"], () => { points = arrays(model.get("points")); wiped = false; frame.redraw(); });
  frame.follow(["last", "kept", "bookmarks", "undoable", "shown", "playing", "data", "seed", "pace", "layers", "sides"], follow);
  frame.follow(["layers", "shown", "sides", "window"], () => { follow(); frame.redraw(); });
  frame.follow(["large"], () => { open = live && !model.get("large"); place(); });
  frame.follow(["sides"], place);
  follow();
  place();
  return frame.dispose;
}

/** Show an element, or take it out of the page. @param {HTMLElement} element @param {boolean} on */
function show(element, on) {
  element.style.display = on ? "" : "none";
}

/** A few seeds, and the present one. @param {number} present @returns {Array<[string, string]>} */
function seeds(present) {
  const all = [...new Set([0, 1, 2, 3, 4, 5, 6, 7, present])].sort((a, b) => a - b);
  return all.map((s) => [String(s), String(s)]);
}

export default { render };
