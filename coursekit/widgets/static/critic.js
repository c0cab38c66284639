// @ts-check
import { Axes, arrays, button, curveUpTo, h, legend, marker, nearest, reducedMotion, sameNumber, select, shell, slider } from "./toolkit.js";

/** Milliseconds between two pictures of a run that is played. */
const PACE = 40;
const LOG4 = Math.log(4);
/** Where on the densities' panel the handles are, as parts of its height: the two never hide each other. */
const ROWS = [0.93, 0.79];
/** Pixels above the densities' panel from which a pointer still takes hold. */
const GRIP = 14;

/**
 * Left: σ(D*) and σ(D), and under them both densities to be dragged. Right: the losses against the steps of training.
 * @param {{model: any, el: HTMLElement}} context
 */
function render({ model, el }) {
  const frame = shell({ model, el, name: "The best critic of two densities, and a trained one" });
  const live = !model.get("frozen");
  let exact = arrays(model.get("exact"));
  /** The run as far as it is held: an array of each kind, with a row for each of `step`. @type {Record<string, any>} */
  let run = arrays(model.get("ahead"));
  const last = () => model.get("steps").length - 1;
  const colours = (/** @type {any} */ theme) => [theme.estimate, theme.accent];
  const two = (/** @type {number} */ v) => (Math.round(100 * v) / 100).toFixed(2).replace("-", "−");
  /** Whether the run that is held belongs to what is shown, and not to an earlier place. */
  const mine = () => {
    const given = model.get("ahead")?.about?.given;
    return Boolean(given) && Object.entries(given).every(([name, value]) =>
      typeof value === "number" ? sameNumber(value, model.get(name)) : value === model.get(name));
  };
  /** The row to draw: that of the slider's step, or the last that there is; null where there is no run at all. */
  const row = () => {
    const held = run.step?.length ?? 0;
    if (!held) return null;
    const at = Math.min(nearest(model.get("steps"), model.get("step")), held - 1);
    const size = run.curve.length / held;
    return { at, step: run.step[at], curve: run.curve.subarray(at * size, (at + 1) * size),
      sample: run.loss[2 * at], fresh: run.loss[2 * at + 1], error: run.error[at] };
  };

  // ---- left: the critics over the densities
  /** @type {Axes | null} */
  let board = null;
  /** Pixels of both handles. */
  const at = [[0, 0], [0, 0]];
  const NAMES = [{ mean: "mean_p", scale: "scale_p", label: "Middle of p, data" }, { mean: "mean_g", scale: "scale_g", label: "Middle of p_g, the generator" }];
  const left = frame.stage({ label: "Best and trained critic, as probabilities of data, over both densities", height: 330, largeHeight: 326, grow: 1.4, draw: (stage) => {
    const theme = stage.theme;
    const pen = stage.pen;
    const { grid, best, seen, p, p_g: g } = exact;
    const xlim = /** @type {[number, number]} */ ([grid[0], grid[grid.length - 1]]);
    const [big, root] = [Math.sqrt(stage.scale), stage.scale];
    const top = new Axes(stage, { xlim, ylim: [-0.14, 1.14], bottom: 0.55, xticks: false, title: "probability of “data”, σ(D*) and σ(D)", yticks: [0, 0.5, 1] });
    // Where next to no points fall the critic may say what it likes.
    pen.fillStyle = theme.grid;
    pen.globalAlpha = 0.75;
    for (let i = 0; i < grid.length; i++) {
      const from = i;
      while (i < grid.length && !seen[i]) i++;
      if (i > from) pen.fillRect(top.X(grid[from]), top.top, top.X(grid[Math.min(i, grid.length - 1)]) - top.X(grid[from]), top.bottom - top.top);
    }
    pen.globalAlpha = 1;
    // Data at one, fakes at zero: what the critic is trained to say of its points.
    [exact.real, exact.fake].forEach((points, i) => {
      const strip = Object.assign(Object.create(Axes.prototype), top, { bottom: i ? top.bottom : top.top + 8 * root });
      strip.rug(points, { color: colours(theme)[i], height: 8 });
    });
    top.line(grid, best, { color: theme.truth, width: 2.2, dash: [7, 5] });
    const shown = row();
    if (shown) top.line(grid, shown.curve, { color: theme.best, width: 3, alpha: mine() ? 1 : 0.3 });
    let high = 0;
    for (const values of [p, g]) for (const v of values) high = Math.max(high, v);
    board = new Axes(stage, { xlim, ylim: [0, 1.5 * high], top: 0.55, title: live ? "densities: drag p or p_g by its mark" : "densities: drag p_g by its mark", xlabel: "" });
    [p, g].forEach((values, i) => {
      const axes = /** @type {Axes} */ (board);
      const color = colours(theme)[i];
      axes.area(grid, values, { color, alpha: 0.25 });
      axes.line(grid, values, { color, width: 2.5 });
      if (handles[i].hidden) return;
      const mean = model.get(NAMES[i].mean);
      at[i] = [axes.X(mean), axes.bottom - ROWS[i] * (axes.bottom - axes.top)];
      const to = axes.yAt(at[i][1]);
      axes.line([mean, mean], [0, to], { color, width: 1.5, dash: [3, 4] });
      marker(pen, at[i][0], at[i][1], (document.activeElement === handles[i] ? 10 : 7.5) * big, i ? "square" : "dot", color);
      Object.assign(handles[i].style, { left: `${at[i][0] - 14}px`, top: `${at[i][1] - 14}px` });
    });
    key.set([
      { label: "best D*, its loss log 4 − 2 JS", color: theme.truth, mark: "dash" },
      { label: "trained D", color: theme.best, mark: "line" },
      { label: "data p", color: theme.estimate, mark: "dot" },
      { label: "generator p_g", color: theme.accent, mark: "square" },
    ]);
  } });
  const key = legend();
  const put = (/** @type {number} */ i, /** @type {string} */ kind, /** @type {number} */ to) => {
    const table = model.get(kind === "mean" ? "means" : "scales");
    frame.push({ [NAMES[i][/** @type {"mean" | "scale"} */ (kind)]]: table[nearest(table, to)] });
  };
  /** Focusable, named, and where the marks are drawn; the pointer goes through them to the canvas. */
  const handles = NAMES.map(({ mean, scale, label }, i) => {
    const handle = h("span", { role: "slider", tabindex: live || i ? "0" : "-1", "aria-label": `${label}: left and right move it, up and down change its scale`,
      style: "position: absolute; width: 28px; height: 28px; border-radius: 50%; pointer-events: none" });
    const walk = (/** @type {string} */ kind, /** @type {string} */ name, /** @type {number} */ by) => {
      const table = model.get(kind + "s");
      put(i, kind, table[Math.max(0, Math.min(table.length - 1, nearest(table, model.get(name)) + by))]);
    };
    handle.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
      const by = e.shiftKey ? 5 : 1;
      if (e.key === "ArrowLeft") walk("mean", mean, -by);
      else if (e.key === "ArrowRight") walk("mean", mean, by);
      else if (e.key === "ArrowUp" && live) walk("scale", scale, by);
      else if (e.key === "ArrowDown" && live) walk("scale", scale, -by);
      else if (e.key === "Home") walk("mean", mean, -1e3);
      else if (e.key === "End") walk("mean", mean, 1e3);
      else return;
      e.preventDefault();
    });
    for (const event of ["focus", "blur"]) handle.addEventListener(event, () => left.invalidate());
    return handle;
  });
  if (!live) handles[0].hidden = true; // a page without a kernel holds one place of p
  let held = 1;
  let offset = 0;
  left.onPointer({ drag: (px, py, first) => {
    if (!board) return;
    const x = board.xAt(px);
    // Whoever points at the upper picture moves nothing.
    if (first) held = py < board.top - GRIP ? -1 : 1;
    if (held < 0) return;
    if (first) {
      held = live && Math.hypot(px - at[0][0], py - at[0][1]) < Math.hypot(px - at[1][0], py - at[1][1]) ? 0 : 1;
      // Held near its middle it stays under the pointer; elsewhere it comes.
      offset = Math.abs(px - at[held][0]) < 20 * Math.sqrt(left.scale) ? model.get(NAMES[held].mean) - x : 0;
      handles[held].focus({ preventScroll: true });
    }
    put(held, "mean", x + offset);
  }, hover: (spot) => { left.canvas.style.cursor = board && spot && spot[1] >= board.top - GRIP ? "grab" : "default"; } });
  left.canvas.addEventListener("mousedown", (e) => e.preventDefault()); // else the focus would go from the mark to nowhere

  // ---- right: the losses
  const right = frame.stage({ label: "Loss of the critic on its points and on fresh ones, against steps of training", height: 330, largeHeight: 326, draw: (stage) => {
    const theme = stage.theme;
    const steps = model.get("steps");
    const shown = row();
    let highest = 0;
    for (const v of run.loss ?? []) highest = Math.max(highest, v);
    // The axis grows in steps: then growing and shrinking can be seen.
    const reach = [1.6, 2.4, 4, 8, 16, 32].find((r) => r >= highest) ?? highest;
    const axes = new Axes(stage, { xlim: [0, 1.02 * steps[last()]], ylim: [0, reach], title: "loss of the critic in nats", xlabel: "step of training" });
    const bound = exact.bound[0];
    const xlim = [0, steps[last()]];
    axes.line(xlim, [LOG4, LOG4], { color: theme.muted, width: 1.5, dash: [2, 4] });
    axes.line(xlim, [bound, bound], { color: theme.truth, width: 2.2, dash: [7, 5] });
    if (shown) {
      const kinds = [{ color: theme.best, shape: "dot", of: 0 }, { color: theme.other, shape: "triangle", of: 1 }];
      for (const { color, shape, of } of kinds) {
        const values = run.step.map((/** @type {number} */ _, /** @type {number} */ i) => run.loss[2 * i + of]);
        const [xs, ys] = curveUpTo(run.step, values, shown.step);
        axes.line(xs, ys, { color, width: 3, alpha: mine() ? 1 : 0.3 });
        axes.points([shown.step], [values[shown.at]], { color, size: 6, shape, alpha: mine() ? 1 : 0.3 });
      }
    }
    axes.text("a coin: log 4", axes.right, axes.Y(LOG4) - 0.8 * axes.font, { color: theme.muted, align: "right" });
    losses.set([
      { label: "loss on its own points", color: theme.best, mark: "dot" },
      { label: "on fresh ones", color: theme.other, mark: "triangle" },
      { label: "ground: next to no points", color: theme.grid, mark: "square" }, // of the left picture: here is room
    ]);
  } });
  const losses = legend();
  const summary = /** @type {HTMLElement} */ (frame.root.querySelector(".ck-summary"));

  // ---- playing a run
  let timer = 0;
  frame.onDispose(() => clearTimeout(timer));
  const halt = () => { clearTimeout(timer); timer = 0; follow(); };
  const tick = () => {
    timer = 0;
    const steps = model.get("steps");
    const now = nearest(steps, model.get("step"));
    // A run that is not through yet is waited for.
    if (mine() && now + 1 < run.step.length) frame.push({ step: steps[now + 1] });
    if (nearest(steps, model.get("step")) < last()) timer = window.setTimeout(tick, PACE);
    follow();
  };
  const play = () => {
    if (timer) { halt(); return; }
    const steps = model.get("steps");
    // Without motion there is only the end of the run.
    if (reducedMotion()) { frame.push({ step: steps[last()] }); return; }
    if (nearest(steps, model.get("step")) === last()) frame.push({ step: 0 });
    tick();
  };

  // ---- controls
  const pairs = (/** @type {string[]} */ words, /** @type {(w: string) => string} */ write) => /** @type {Array<[string, string]>} */ (words.map((w) => [w, write(w)]));
  const sizes = /** @type {Record<string, string>} */ ({ linear: "linear", 8: "8 units", "48 x 2": "48 × 2 units" });
  const shape = select({ label: "Data", options: pairs(model.get("shapes"), (w) => w), value: model.get("shape"), onChange: (v) => frame.push({ shape: v }) });
  const critic = select({ label: "Critic", options: pairs(model.get("critics"), (w) => sizes[w] ?? w), value: model.get("critic"), onChange: (v) => frame.push({ critic: v }) });
  const slide = (/** @type {string} */ label, /** @type {string} */ name, /** @type {string} */ table, /** @type {(v: number) => string} */ write) =>
    slider({ label, values: model.get(table), value: model.get(name), format: write, onInput: (v) => { if (name === "step") halt(); frame.push({ [name]: v }); } });
  const sliders = {
    scale_p: slide("Scale p", "scale_p", "scales", two),
    scale_g: slide("Scale p_g", "scale_g", "scales", two),
    n: slide("Points n", "n", "numbers", (v) => v.toLocaleString("en")),
    step: slide("Step", "step", "steps", String),
  };
  for (const { element } of Object.values(sliders)) /** @type {HTMLElement} */ (element.querySelector(".ck-value")).style.minWidth = "2.8em";
  const train = button({ label: "Train", other: "Pause", onClick: play });
  const back = button({ label: "From start", onClick: () => { halt(); frame.push({ step: 0 }); } });
  const other = button({ label: "Other points", onClick: () => model.send({ action: "redraw_points" }) });
  const reset = button({ label: "Reset", onClick: () => { halt(); model.send({ action: "reset" }); } });
  const seed = h("span", { class: "ck-value" });
  if (live) frame.controls.append(sliders.scale_p.element, sliders.scale_g.element);
  frame.controls.append(sliders.n.element, sliders.step.element);
  if (live) frame.controls.append(shape.element);
  frame.controls.append(critic.element, train.element, back.element);
  if (live) frame.controls.append(other.element, seed, reset.element);
  frame.controls.append(frame.large);
  const both = h("div", { style: "flex-basis: 100%; display: flex; flex-wrap: wrap; gap: 0 18px" }, key.element, losses.element);
  for (const words of [key, losses]) words.element.style.flexBasis = "auto";
  const place = h("div", { style: "position: relative; flex: 1.4 1 300px; min-width: 0" }, left.canvas, ...handles);
  frame.plots.append(both, place, right.canvas);

  // The room reads pictures and numbers; who turns and presses sits near. So all fits on a projector.
  const near = () => {
    for (const element of [frame.controls, both, summary]) {
      const big = element === both ? "1.3" : "1.15"; // what the colours mean, the room must read, too
      element.style.setProperty("--ck-scale", model.get("large") ? big : "1");
      element.style.fontSize = "calc(14px * var(--ck-scale))";
    }
  };
  frame.follow(["large"], near);
  near();

  // ---- follow the model
  const follow = () => {
    shape.set(model.get("shape"));
    critic.set(model.get("critic"));
    for (const [name, control] of Object.entries(sliders)) control.set(model.get(name));
    seed.textContent = `seed ${model.get("seed")}`;
    train.setLabel(timer ? "Pause" : "Train");
    NAMES.forEach(({ mean, scale }, i) => {
      const table = model.get("means");
      handles[i].setAttribute("aria-valuemin", String(table[0]));
      handles[i].setAttribute("aria-valuemax", String(table[table.length - 1]));
      handles[i].setAttribute("aria-valuenow", String(model.get(mean)));
      handles[i].setAttribute("aria-valuetext", `middle ${two(model.get(mean))}, scale ${two(model.get(scale))}`);
    });
    frame.tell(words(), timer > 0);
    frame.redraw();
  };
  const words = () => {
    const shown = row();
    if (!shown || !mine()) return "The critic is being trained.";
    const wanted = model.get("step");
    const now = wanted > shown.step ? `Trained as far as step ${shown.step} of ${wanted}` : `Step ${shown.step}`;
    const below = exact.bound[0] - shown.sample;
    const crossed = below > 0.001 ? `, ${below.toFixed(3)} below the bound` : "";
    return `${now}: loss ${shown.sample.toFixed(3)} on its own points${crossed}, ${shown.fresh.toFixed(3)} on fresh ones; `
      + `where points fall σ(D) is off σ(D*) by ${shown.error.toFixed(2)} at most.`;
  };
  frame.follow(["shape", "mean_p", "scale_p", "mean_g", "scale_g", "n", "critic", "seed", "step"], follow);
  frame.follow(["exact"], () => { exact = arrays(model.get("exact")); follow(); });
  frame.follow(["ahead"], () => { run = arrays(model.get("ahead")); follow(); });
  follow();
  return frame.dispose;
}

export default { render };
