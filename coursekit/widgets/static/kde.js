// @ts-check
import { Axes, arrays, button, checkbox, deck, format, h, legend, nearest, sameNumber, select, shell, slider } from "./toolkit.js";

/** Capital first letter. @param {string} word */
const title = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/** A score in words, as Python writes it. @param {number | undefined} v */
const nats = (v) => (v === undefined || !Number.isFinite(v) ? "−∞" : `${v.toFixed(3).replace("-", "−")} nats`);

/**
 * Left: the estimate over the sample. Right: the held-out log-likelihood against the bandwidth, once revealed.
 * @param {{model: any, el: HTMLElement}} context
 */
function render({ model, el }) {
  const frame = shell({ model, el, name: "Kernel density estimate: bandwidth and kernel" });
  const live = !model.get("frozen");
  let data = arrays(model.get("data"));
  let curve = arrays(model.get("curve"));
  let scores = arrays(model.get("scores"));
  const ahead = deck(model);
  /** What is drawn: at once from the deck where it holds this bandwidth, else what the kernel answered last. */
  const picture = () => ahead.frame() ?? curve;

  // ---- left: density
  const key = legend({ rows: 2 });
  const left = frame.stage({ label: "Sample, kernel density estimate and true density", height: 320, largeHeight: 330, grow: 3, draw: (stage) => {
    const theme = stage.theme;
    const { grid, truth, sample, bump_offset: offset, bump_height: height, bump_centre: centre } = data;
    const { estimate, bandwidth: [width] } = picture();
    const showTruth = model.get("show_truth") && truth.length > 0;
    let top = 0;
    for (const y of estimate) top = Math.max(top, y);
    for (const y of truth) top = Math.max(top, y);
    // A tiny bandwidth makes spikes: they may leave the picture, the hills below must stay readable.
    const highest = truth.length ? Math.max(...truth) : top;
    const axes = new Axes(stage, { xlim: [grid[0], grid[grid.length - 1]], ylim: [0, Math.min(top, 2 * highest) * 1.08],
      title: "density", xlabel: "x" });
    axes.area(grid, estimate, { color: theme.estimate, alpha: 0.15 });
    axes.rug(sample, { color: theme.accent });
    if (model.get("show_bumps")) {
      const y = height.map((v) => v / width);
      for (const c of centre) {
        axes.line(offset.map((v) => c + v * width), y, { color: theme.other, width: 1.4, alpha: 0.8 });
      }
    }
    if (showTruth) axes.line(grid, truth, { color: theme.truth, width: 2.2, dash: [7, 5] });
    axes.line(grid, estimate, { color: theme.estimate, width: 3 });
    key.set([
      { label: "estimate", color: theme.estimate, mark: "line" },
      ...(showTruth ? [{ label: "true density", color: theme.truth, mark: "dash" }] : []),
      { label: `sample (${sample.length})`, color: theme.accent, mark: "line" },
      ...(model.get("show_bumps") ? [{ color: theme.other, mark: "line", label: centre.length < sample.length
        ? `bumps of ${centre.length} points, ${format(sample.length / centre.length)} times higher`
        : "bump of each point" }] : []),
      ...(scores.score ? [
        { label: "best", color: theme.best, mark: "diamond" },
        { label: "Scott", color: theme.accent, mark: "triangle" },
        { label: "Silverman", color: theme.other, mark: "square" },
        { label: "your bandwidth", color: theme.estimate, mark: "dot" },
      ] : []),
    ]);
    stage.canvas.dataset.bandwidth = format(width); // what this frame shows, for tests and the latency benchmark
  } });

  // ---- right: who judges
  /** @type {Axes | null} */
  let judge = null;
  const right = frame.stage({ label: "Held-out log-likelihood against bandwidth", height: 320, largeHeight: 330, grow: 2, draw: (stage) => {
    const theme = stage.theme;
    const table = model.get("bandwidths");
    const here = model.get("bandwidth");
    const guess = model.get("guess");
    const finite = scores.score ? scores.score.filter(Number.isFinite) : [];
    const best = finite.length ? finite.reduce((a, b) => Math.max(a, b)) : 0;
    const worst = finite.length ? finite.reduce((a, b) => Math.min(a, b)) : -1;
    // Far too small a bandwidth costs hundreds of nats: show the part of the curve where a choice is made.
    const low = Math.max(worst, best - 1.5);
    const pad = 0.12 * Math.max(best - low, 0.05);
    const ylim = /** @type {[number, number]} */ ([low - pad, best + pad]);
    judge = new Axes(stage, { xlim: [table[0], table[table.length - 1]], xlog: true, ylim, xlabel: "bandwidth h (log scale)",
      title: "held-out log-likelihood (nats/point)", yticks: scores.score ? undefined : [] });
    if (!scores.score) {
      judge.vertical(here, { color: theme.estimate, width: 3 });
      const middle = (judge.left + judge.right) / 2;
      judge.text("Predict, then reveal:", middle, judge.top + 0.35 * (judge.bottom - judge.top), { align: "center", bold: true });
      judge.text("where is the best bandwidth?", middle, judge.top + 0.35 * (judge.bottom - judge.top) + 1.6 * judge.font, { align: "center" });
      return;
    }
    const none = scores.score.findIndex(Number.isFinite);
    if (none !== 0) {
      // To the left of the first finite score the likelihood is -inf: a held-out point lies under no bump.
      const end = none < 0 ? table[table.length - 1] : scores.bandwidth[none];
      stage.pen.globalAlpha = 0.18;
      stage.pen.fillStyle = theme.muted;
      stage.pen.fillRect(judge.left, judge.top, judge.X(end) - judge.left, judge.bottom - judge.top);
      stage.pen.globalAlpha = 1;
    }
    judge.line(scores.bandwidth, scores.score, { color: theme.muted, width: 2.5 });
    const guessed = guess >= 0.999 * table[0] && guess <= 1.001 * table[table.length - 1];
    if (guessed) judge.vertical(guess, { color: theme.muted, width: 1.5, dash: [3, 4] });
    judge.vertical(here, { color: theme.estimate, width: 1.5 });
    /** @type {Array<[Float32Array, string, string, number]>} */
    const marks = [[scores.scott, "triangle", theme.accent, 7], [scores.silverman, "square", theme.other, 6.5],
      ...(finite.length ? [[scores.best, "diamond", theme.best, 8]] : [])];
    const score = scoreAt(here);
    if (score !== undefined) marks.push([new Float32Array([here, score]), "dot", theme.estimate, 6]);
    let below = 0;
    for (const [[h, value], shape, color, size] of marks) {
      if (value >= ylim[0]) { judge.points([h], [value], { shape, color, size }); continue; }
      // Off the picture: at its lower edge, with what it would take to see it.
      const edge = judge.bottom - 1.2 * size * Math.sqrt(stage.scale);
      judge.points([h], [judge.yAt(edge)], { shape, color, size });
      judge.text(`↓ ${format(value)}`, judge.X(h) + 0.8 * judge.font, edge - 1.35 * judge.font * below++, { color, bold: true });
    }
    if (none !== 0) {
      const [zone, line] = [(judge.left + judge.X(none < 0 ? table[table.length - 1] : scores.bandwidth[none])) / 2, judge.X(here)];
      const gap = 2 * judge.font; // beside the line of the bandwidth, not under it
      const at = Math.abs(zone - line) >= gap ? zone : line <= zone ? line + gap : line - gap;
      judge.text("−∞", at, judge.top + 1.2 * judge.font, { align: "center", bold: true });
    }
    if (guessed) judge.text("your prediction", judge.X(guess), judge.top + 2.8 * judge.font, { color: theme.muted, align: "center" });
  } });
  /** The score of a bandwidth; unknown while the kernel still computes one that is not on the slider. */
  const scoreAt = (/** @type {number} */ h) => {
    const at = nearest(scores.bandwidth, h);
    if (sameNumber(scores.bandwidth[at], h)) return scores.score[at];
    return curve.score && sameNumber(curve.bandwidth[0], h) ? curve.score[0] : undefined;
  };
  const setBandwidth = (/** @type {number} */ v) => frame.push({ bandwidth: v });
  right.onPointer({ drag: (x, _, first) => {
    if (!judge) return;
    if (first) bandwidth.input.focus({ preventScroll: true }); // arrow keys go on from here
    const table = model.get("bandwidths");
    setBandwidth(table[nearest(table, Math.min(Math.max(judge.xAt(x), table[0]), table[table.length - 1]))]);
  } });

  // ---- controls
  const named = (/** @type {string[]} */ words) => /** @type {Array<[string, string]>} */ (words.map((w) => [w, title(w)]));
  const bandwidth = slider({ label: "Bandwidth h", wide: true, values: model.get("bandwidths"), value: model.get("bandwidth"), onInput: setBandwidth });
  const kernel = select({ label: "Kernel", options: named(model.get("kernels")), value: model.get("kernel"),
    onChange: (v) => frame.push({ kernel: v }) });
  const density = select({ label: "Density", options: named(model.get("densities")), value: model.get("density"),
    onChange: (v) => frame.push({ density: v }) });
  const size = slider({ label: "Points n", values: model.get("sizes"), value: model.get("n"), onInput: (v) => frame.push({ n: v }) });
  const resample = button({ label: "New sample", onClick: () => model.send({ action: "resample" }) });
  const seed = h("span", { class: "ck-value" });
  const bumps = checkbox({ label: "Bumps", checked: model.get("show_bumps"), onChange: (on) => frame.push({ show_bumps: on }) });
  const truth = checkbox({ label: "True density", checked: model.get("show_truth"), onChange: (on) => frame.push({ show_truth: on }) });
  const question = ["Reveal held-out likelihood", "Hide held-out likelihood"];
  const reveal = button({ label: question[0], other: question[1], onClick: () => frame.push(live ? { revealed: !model.get("revealed") }
    : { revealed: !model.get("revealed"), guess: model.get("revealed") ? null : model.get("bandwidth") }) });
  const own = model.get("densities").length === 0;

  frame.plots.append(key.element, left.canvas, right.canvas);
  frame.controls.append(bandwidth.element, kernel.element, reveal.element);
  if (live && !own) frame.controls.append(density.element);
  frame.controls.append(bumps.element);
  if (live && !own) frame.controls.append(size.element);
  if (live) frame.controls.append(resample.element, seed);
  if (!own) frame.controls.append(truth.element);
  frame.controls.append(frame.large);

  // ---- follow the model
  const follow = () => {
    bandwidth.setValues(model.get("bandwidths"), model.get("bandwidth"));
    kernel.set(model.get("kernel"));
    density.set(model.get("density"));
    size.set(model.get("n"));
    size.element.querySelector(".ck-value").textContent = format(model.get("n"), 4);
    seed.textContent = `seed ${model.get("seed")}`;
    bumps.set(model.get("show_bumps"));
    truth.set(model.get("show_truth"));
    reveal.setLabel(question[Number(model.get("revealed"))]);
    const words = [];
    const guess = model.get("guess");
    // With a kernel, Python says the prediction's score; a page without one chose it here.
    if (!live && guess && scores.score) words.push(`You predicted ${format(guess)}: ${nats(scoreAt(guess))}.`);
    if (model.get("show_truth") && data.truth.length) words.push("Dashed: the true density, which nobody has in practice.");
    frame.tell(words.join(" "));
    frame.redraw();
  };
  frame.follow(["bandwidth"], () => {
    bandwidth.set(model.get("bandwidth"));
    // Without a deck the curve comes in a moment, and a picture in between would only delay it.
    if (ahead.frame()) frame.redraw();
  });
  frame.follow(["bandwidths", "kernel", "density", "n", "seed", "show_bumps", "show_truth", "revealed", "guess"], follow);
  frame.follow(["data"], () => { data = arrays(model.get("data")); frame.redraw(); });
  frame.follow(["curve"], () => {
    curve = arrays(model.get("curve"));
    if (!ahead.frame()) frame.redraw(); // else it is drawn already, or late: an answer to an earlier key
  });
  // A key may come before the deck, and the deck before the answer to the key.
  frame.follow(["ahead"], () => { if (ahead.frame()) frame.redraw(); });
  frame.follow(["scores"], () => { scores = arrays(model.get("scores")); follow(); });
  follow();
  return frame.dispose;
}

export default { render };
