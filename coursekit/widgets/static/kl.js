// @ts-check
import { Axes, arrays, button, deck, format, h, legend, marker, nearest, reducedMotion, select, shell, slider } from "./toolkit.js";

/** Milliseconds between two steps of a walk. */
const PACE = 60;
const SIGNS = ["KL(p‖q)", "KL(q‖p)"];
const WAYS = ["forward", "reverse"];

/**
 * Left: p and q, and under them both integrands on the same axis. Right: both divergences as bars, and the controls.
 * @param {{model: any, el: HTMLElement}} context
 */
function render({ model, el }) {
  const frame = shell({ model, el, name: "Two directions of the KL divergence" });
  const live = !model.get("frozen");
  let curves = arrays(model.get("curves"));
  let answers = arrays(model.get("answers"));
  const clamp = (/** @type {number[]} */ table, /** @type {number} */ v) => Math.max(table[0], Math.min(table[table.length - 1], v));
  const colours = (/** @type {any} */ theme) => [theme.best, theme.accent];
  const guesses = () => WAYS.map((way) => model.get(`guess_${way}`));
  const decks = [deck(model, "ahead_mean"), deck(model, "ahead_scale")];
  /** What is drawn: at once from a deck where one holds this q, else what the kernel answered last. */
  const picture = () => decks[0].frame() ?? decks[1].frame() ?? curves;
  const nats = (/** @type {number} */ v) => `${v.toFixed(3)} nats`;
  /** Four digits, so that the bar beside it keeps its length. */
  const short = (/** @type {number} */ v) => v.toFixed(v < 9.9995 ? 3 : v < 99.995 ? 2 : 1);
  /** Two decimals; a rounded zero has no sign. */
  const two = (/** @type {number} */ v) => (Math.round(100 * v) / 100).toFixed(2).replace("-", "−");

  // ---- left: densities and integrands
  /** @type {Axes | null} */
  let top = null;
  const left = frame.stage({ label: "Target p, normal q, and the integrands of both divergences", height: 340, grow: 3, draw: (stage) => {
    const theme = stage.theme;
    const shown = picture();
    const { grid, p, q } = shown;
    const xlim = /** @type {[number, number]} */ ([grid[0], grid[grid.length - 1]]);
    // A narrow q may leave the picture: p and the wide fits must stay readable.
    const ylim = /** @type {[number, number]} */ ([0, Math.max(0.45, Math.min(0.8, 1.1 * shown.hold[0]))]);
    top = new Axes(stage, { xlim, ylim, bottom: 0.46, xticks: false, title: "p and q: drag q, or its square to widen it" });
    top.area(grid, p, { color: theme.muted, alpha: 0.25 });
    top.line(grid, p, { color: theme.truth, width: 2.2, dash: [7, 5] });
    WAYS.forEach((name, way) => {
      const best = answers[`${name}_q`] ?? [];
      for (let i = 0; i < best.length; i += grid.length) {
        top?.line(grid, best.subarray(i, i + grid.length), { color: colours(theme)[way], width: 2, dash: way ? [2, 4] : [10, 4] });
      }
    });
    top.line(grid, q, { color: theme.estimate, width: 3 });
    guesses().forEach((guess, way) => {
      if (!guess.length) return;
      // A mark at the mean, a stroke as long as one scale to each side.
      const axes = /** @type {Axes} */ (top);
      const y = ylim[1] * (0.95 - 0.12 * way);
      axes.line([guess[0] - guess[1], guess[0] + guess[1]], [y, y], { color: colours(theme)[way], width: 2 });
      marker(stage.pen, axes.X(guess[0]), axes.Y(y), 7 * Math.sqrt(stage.scale), way ? "triangle" : "diamond", colours(theme)[way]);
    });
    const focused = document.activeElement === stage.canvas;
    const big = (focused ? 9 : 7) * Math.sqrt(stage.scale);
    marker(stage.pen, top.X(shown.mean[0]), top.Y(Math.min(shown.hold[0], ylim[1] * 0.96)), big, "dot", theme.estimate);
    // At the right flank, or at the left one where the right one is not in the picture.
    const flank = shown.mean[0] + shown.scale[0];
    handle = [top.X(flank <= xlim[1] ? flank : shown.mean[0] - shown.scale[0]), top.Y(Math.min(shown.hold[1], ylim[1] * 0.9))];
    marker(stage.pen, handle[0], handle[1], big, "square", theme.estimate);
    const parts = [["p log(p/q): its area is KL(p‖q)", "forward", 0.46, 0.7],
      ["q log(q/p): its area is KL(q‖p)", "reverse", 0.7, 1]];
    parts.forEach(([title, way, from, to], i) => {
      const values = shown[/** @type {string} */ (way)];
      let [low, high] = [0, 0];
      for (const v of values) { low = Math.min(low, v); high = Math.max(high, v); }
      // The axis grows in steps: then growing and shrinking can be seen.
      const reach = [0.5, 1, 2, 5, 10, 20, 50, 100].find((r) => r >= high) ?? high;
      const down = Math.min(-0.15 * reach, low);
      const axes = new Axes(stage, { xlim, ylim: [down, reach], top: Number(from), bottom: Number(to), title: String(title),
        xticks: i === 1, xlabel: "", yticks: [0, reach / 2] });
      axes.area(grid, Array.from(values, (v) => Math.max(0, v)), { color: colours(theme)[i], alpha: 0.45 });
      axes.area(grid, Array.from(values, (v) => Math.min(0, v)), { color: theme.muted, alpha: 0.45 });
      axes.line(grid, values, { color: colours(theme)[i], width: 2 });
    });
    key.set([
      { label: "target p", color: theme.truth, mark: "dash" },
      { label: "q", color: theme.estimate, mark: "line" },
      ...(answers.forward ? [{ label: "best KL(p‖q)", color: theme.best, mark: "dash" }, { label: "minima KL(q‖p)", color: theme.accent, mark: "dots" }] : []),
      ...guesses().map((g, way) => ({ label: `guess ${SIGNS[way]}`, color: colours(theme)[way], mark: way ? "triangle" : "diamond", on: g.length })).filter((item) => item.on),
    ]);
  } });
  const key = legend();
  /** Pixel of the square that makes q wider. */
  let handle = [0, 0];

  // ---- right: the divergences as bars
  const bars = frame.stage({ label: "KL(p‖q) and KL(q‖p) in nats", height: 90, largeHeight: 112, draw: (stage) => {
    const theme = stage.theme;
    const pen = stage.pen;
    const font = 14 * stage.scale;
    pen.font = `600 ${font}px ${theme.font}`;
    const [start, room] = [5 * font, pen.measureText("88.88 nats").width + 0.6 * font];
    const width = stage.width - start - room - 4;
    const { divergence } = picture();
    const end = Math.max(...divergence);
    const reach = [1, 2, 5, 10, 20, 50, 100, 200].find((r) => r >= end) ?? end;
    pen.textBaseline = "middle";
    WAYS.forEach((_, i) => {
      const y = (1.2 + 1.8 * i) * font;
      pen.font = `600 ${font}px ${theme.font}`;
      pen.fillStyle = theme.ink;
      pen.textAlign = "left";
      pen.fillText(SIGNS[i], 4, y);
      pen.textAlign = "right";
      pen.fillText(`${short(divergence[i])} nats`, stage.width - 4, y);
      pen.fillStyle = theme.grid;
      pen.fillRect(start, y - 0.65 * font, width, 1.3 * font);
      pen.fillStyle = colours(theme)[i];
      pen.fillRect(start, y - 0.65 * font, (width * divergence[i]) / reach, 1.3 * font);
    });
    pen.fillStyle = theme.muted;
    pen.font = `${0.85 * font}px ${theme.font}`;
    pen.textAlign = "left";
    pen.fillText("0", start, 4.4 * font);
    pen.textAlign = "right";
    pen.fillText(`${format(reach)} ${reach === 1 ? "nat" : "nats"}`, start + width, 4.4 * font);
  } });

  // ---- moving q
  const move = (/** @type {{mean?: number, scale?: number}} */ to) => {
    halt();
    const values = {};
    if (to.mean !== undefined) values.mean = clamp(model.get("means"), to.mean);
    if (to.scale !== undefined) values.scale = clamp(model.get("scales"), to.scale);
    // Places of the sliders only: those are computed ahead, and a page without a kernel has no others.
    for (const name of Object.keys(values)) { const t = model.get(name + "s"); values[name] = t[nearest(t, values[name])]; }
    frame.push(values);
  };
  let held = "";
  let offset = 0;
  left.onPointer({ drag: (px, py, first) => {
    if (!top) return;
    const x = top.xAt(px);
    if (first) {
      held = Math.hypot(px - handle[0], py - handle[1]) < 18 * Math.sqrt(left.scale) ? "scale" : "mean";
      // Held anywhere near its middle q stays under the pointer; elsewhere it comes.
      offset = Math.abs(x - model.get("mean")) < model.get("scale") ? model.get("mean") - x : 0;
      left.canvas.focus({ preventScroll: true });
    }
    move(held === "scale" ? { scale: Math.abs(x - model.get("mean")) } : { mean: x + offset });
  } });
  const step = (/** @type {string} */ name, /** @type {number} */ by) => {
    const table = model.get(name + "s");
    const at = Math.max(0, Math.min(table.length - 1, nearest(table, model.get(name)) + by));
    move({ [name]: table[at] });
  };
  left.canvas.addEventListener("wheel", (e) => {
    if (document.activeElement !== left.canvas) return; // a page that is scrolled past must scroll
    e.preventDefault();
    step("scale", e.deltaY > 0 ? -1 : 1);
  }, { passive: false });
  left.canvas.tabIndex = 0;
  left.canvas.setAttribute("role", "slider");
  left.canvas.setAttribute("aria-label", "Normal q over the target p: left and right move its mean, up and down its scale");
  left.canvas.style.cursor = "grab";
  left.canvas.addEventListener("keydown", (e) => {
    const by = e.shiftKey ? 5 : 1;
    if (e.key === "ArrowLeft") step("mean", -by);
    else if (e.key === "ArrowRight") step("mean", by);
    else if (e.key === "ArrowUp") step("scale", by);
    else if (e.key === "ArrowDown") step("scale", -by);
    else return;
    e.preventDefault();
  });
  for (const event of ["focus", "blur"]) left.canvas.addEventListener(event, () => left.invalidate());

  // ---- a walk to the best place
  /** @type {{way: number, places: Array<[number, number]>, at: number} | null} */
  let walk = null;
  let timer = 0;
  const halt = () => { clearTimeout(timer); timer = 0; walk = null; follow(); };
  frame.onDispose(() => clearTimeout(timer));
  const tick = () => {
    timer = 0;
    if (!walk) return;
    const [mean, scale] = walk.places[walk.at];
    frame.push({ mean: clamp(model.get("means"), mean), scale: clamp(model.get("scales"), scale) });
    walk.at += 1;
    if (walk.at >= walk.places.length) walk = null;
    else timer = window.setTimeout(tick, PACE);
    follow();
  };
  const start = (/** @type {number} */ way, /** @type {Array<[number, number]>} */ places) => {
    // Without motion there is only the end of the walk.
    walk = { way, places, at: reducedMotion() ? places.length - 1 : 0 };
    clearTimeout(timer);
    tick();
  };
  const fit = (/** @type {number} */ way) => {
    halt();
    if (live) { model.send({ action: `fit_${WAYS[way]}` }); return; }
    const next = arrays(model.get("downhill"))[WAYS[way]];
    const [means, scales] = [model.get("means"), model.get("scales")];
    let place = nearest(scales, model.get("scale")) * means.length + nearest(means, model.get("mean"));
    /** @type {Array<[number, number]>} */
    const places = [];
    for (;;) {
      places.push([means[place % means.length], scales[Math.floor(place / means.length)]]);
      if (next[place] === place) break;
      place = next[place];
    }
    start(way, places);
  };
  const pauseResume = () => {
    if (!walk) return;
    if (timer) { clearTimeout(timer); timer = 0; } else tick();
    follow();
  };

  // ---- controls
  const named = (/** @type {string[]} */ words) => /** @type {Array<[string, string]>} */ (words.map((w) => [w, w.charAt(0).toUpperCase() + w.slice(1)]));
  const target = select({ label: "Target p", options: named(model.get("targets")), value: model.get("target"),
    onChange: (v) => { halt(); frame.push({ target: v }); } });
  const slide = (/** @type {string} */ label, /** @type {string} */ name) => slider({ label, wide: true, values: model.get(name + "s"), value: model.get(name), format: two,
    onInput: (v) => { if (name === "mean" || name === "scale") move({ [name]: v }); else { halt(); frame.push({ [name]: v }); } } });
  const sliders = { mean: slide("Mean of q", "mean"), scale: slide("Scale of q", "scale"),
    distance: slide("Mode distance", "distance"), weight: slide("Left weight", "weight") };
  const take = (/** @type {number} */ way) => frame.push({ [`guess_${WAYS[way]}`]: [model.get("mean"), model.get("scale"), picture().divergence[way]] });
  const guess = SIGNS.map((sign, way) => button({ label: `Guess ${sign}`, onClick: () => take(way) }));
  const fits = SIGNS.map((sign, way) => button({ label: `Fit ${sign}`, onClick: () => fit(way) }));
  const pause = button({ label: "Pause", other: "Resume", onClick: pauseResume });
  const reveal = button({ label: "Reveal", onClick: () => { halt(); frame.push({ revealed: !model.get("revealed") }); } });

  frame.controls.append(sliders.mean.element, sliders.scale.element);
  if (live) frame.controls.append(target.element, sliders.distance.element, sliders.weight.element);
  frame.controls.append(guess[0].element, guess[1].element, fits[0].element, fits[1].element, pause.element, reveal.element, frame.large);
  frame.plots.append(key.element, left.canvas, h("div", { class: "ck-column" }, bars.canvas, frame.controls));
  bars.canvas.style.flex = "none";

  // ---- follow the model
  const follow = () => {
    target.set(model.get("target"));
    for (const [name, control] of Object.entries(sliders)) control.set(model.get(name));
    pause.setDisabled(!walk);
    pause.setLabel(walk && !timer ? "Resume" : "Pause");
    reveal.setLabel(model.get("revealed") ? "Hide best fits" : "Reveal best fits");
    left.canvas.setAttribute("aria-valuenow", String(model.get("mean")));
    left.canvas.setAttribute("aria-valuetext", `mean ${two(model.get("mean"))}, scale ${two(model.get("scale"))}`);
    const words = [];
    if (!model.get("revealed")) words.push("Predict: where is each divergence smallest? Drag q there, press Guess, then reveal.");
    guesses().forEach((g, way) => {
      if (!g.length) return;
      const best = answers[WAYS[way]]; // rows of mean, scale, divergence, the best first
      const judged = model.get("revealed") && best ? `: ${nats(g[2])}, ${Math.max(0, g[2] - best[2]).toFixed(3)} above the best` : "";
      words.push(`Your guess for ${SIGNS[way]}: mean ${two(g[0])}, scale ${two(g[1])}${judged}.`);
    });
    frame.tell(words.join(" "), timer > 0);
  };
  frame.follow(["target", "distance", "weight", "mean", "scale", "revealed", "guess_forward", "guess_reverse"], follow);
  frame.follow(["guess_forward", "guess_reverse", "mean", "scale", "ahead_mean", "ahead_scale"], () => frame.redraw());
  frame.follow(["curves"], () => { curves = arrays(model.get("curves")); frame.redraw(); });
  frame.follow(["answers"], () => { answers = arrays(model.get("answers")); follow(); frame.redraw(); });
  frame.follow(["path"], () => {
    const { mean, scale, direction } = arrays(model.get("path"));
    if (mean) start(direction[0], /** @type {Array<[number, number]>} */ (Array.from(mean, (m, i) => [m, scale[i]])));
  });
  follow();
  return frame.dispose;
}

export default { render };
