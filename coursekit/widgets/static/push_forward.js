// @ts-check
import { Axes, FAINTEST, arrays, button, curveUpTo, format, h, histogram, legend, marker, nearest, reducedMotion, select, shell, slider } from "./toolkit.js";

/** Points pushed in a second, the choices. */
const SPEEDS = [1, 5, 25, 100, 500];

/** Seconds that a point travels: long enough to follow when there are few, short when there are many. */
const flightTime = (/** @type {number} */ speed) => (speed <= 1 ? 2 : speed <= 5 ? 1.4 : speed <= 25 ? 0.9 : 0.5);

/** Capital first letter. @param {string} word */
const title = (word) => word.charAt(0).toUpperCase() + word.slice(1);

/**
 * Left: the density, which can be drawn. Right: the distribution function with points travelling through its inverse,
 * and under it, on the same horizontal axis, the histogram of where they fell.
 * @param {{model: any, el: HTMLElement}} context
 */
function render({ model, el }) {
  const frame = shell({ model, el, name: "Push-forward of uniform noise by an inverse distribution function" });
  const live = !model.get("frozen");
  let curves = arrays(model.get("curves"));
  let pushed = arrays(model.get("pushed"));
  const levels = model.get("levels");
  const drawn = () => model.get("density") === "drawn";
  /** How many points there are: while Python still computes, n may already be larger than what is here. */
  const total = () => Math.min(model.get("n"), pushed.u.length);
  const highest = (/** @type {ArrayLike<number>} */ ys) => { let m = 0; for (let i = 0; i < ys.length; i++) m = Math.max(m, ys[i]); return m; };
  /** The one point that is followed, once the reader points at one. @type {{u: number, x: number} | null} */
  let focus = null;
  let knot = 12;

  const knotAt = (/** @type {number} */ i) => model.get("low") + (i * (model.get("high") - model.get("low"))) / (model.get("heights").length - 1);

  // ---- left: the density
  /** @type {Axes | null} */
  let board = null;
  const left = frame.stage({ label: "Curve of the density", height: 250, largeHeight: 390, draw: (stage) => {
    const theme = stage.theme;
    const { grid, density } = curves;
    const heights = model.get("heights");
    const knots = heights.map((/** @type {number} */ _, /** @type {number} */ i) => knotAt(i));
    board = new Axes(stage, { xlim: [model.get("low"), model.get("high")], ylim: [0, model.get("ceiling")], xlabel: "x",
      title: !live ? "density" : drawn() ? "heights you drew (area is made 1)" : "density: draw here to change it" });
    const [xs, ys] = drawn() ? [knots, heights] : [grid, density];
    if (focus) {
      const x = focus.x;
      // Up to x lies the part u of the area: that is what F says.
      board.area(...curveUpTo(xs, ys, x), { color: theme.accent, alpha: 0.35 });
      board.vertical(x, { color: theme.accent, width: 2.5 });
    }
    board.area(xs, ys, { color: theme.estimate, alpha: 0.15 });
    board.line(xs, ys, { color: theme.estimate, width: 3 });
    if (live) {
      const focused = document.activeElement === stage.canvas;
      board.points(knots, heights, { color: theme.estimate, size: drawn() ? 4 : 2.5 });
      if (focused) board.points([knots[knot]], [heights[knot]], { color: theme.accent, size: 7, shape: "diamond" });
    }
    if (focus) {
      board.text(`area u = ${format(focus.u)}`, board.X(focus.x), board.top + 0.8 * board.font, { align: "center", color: theme.accent, bold: true });
    }
  } });

  // ---- right: u -> x -> histogram
  /** @type {Axes | null} */
  let map = null;
  const key = legend();
  const right = frame.stage({ label: "Distribution function and histogram of the pushed points", height: 470, largeHeight: 390, grow: 1.3, draw: (stage) => {
    const theme = stage.theme;
    const { grid, density, cdf } = curves;
    const { u, x, edges, bin } = pushed;
    const pen = stage.pen;
    const shown = Math.min(model.get("shown"), total());
    const xlim = /** @type {[number, number]} */ ([model.get("low"), model.get("high")]);
    const bars = histogram(bin, shown, edges);
    const peak = highest(density);
    // The axis grows in steps, so that it does not tremble while the first points fall.
    const top = [1.35, 2, 3, 5, 8, 13, 20, 40].map((m) => m * peak).find((m) => m >= highest(bars)) ?? highest(bars);

    const part = model.get("large") ? 0.5 : 0.56; // of the height for F; in lecture size words take more of it
    map = new Axes(stage, { xlim, ylim: [0, 1], bottom: part, title: "F: from u on the vertical axis to x below", yticks: [0, 0.25, 0.5, 0.75, 1], xticks: false });
    const hist = new Axes(stage, { xlim, ylim: [0, top], top: part, title: `histogram of ${shown} pushed ${shown === 1 ? "point" : "points"}`, xlabel: "x" });
    hist.bars(edges, bars, { color: theme.best, alpha: 0.6 });
    hist.line(grid, density, { color: theme.estimate, width: 2.5 });
    map.line(grid, cdf, { color: theme.estimate, width: 3 });

    // Where points left and where they arrived: ticks on both axes.
    pen.globalAlpha = Math.max(FAINTEST, Math.min(0.9, 60 / Math.max(1, shown)));
    pen.strokeStyle = theme.accent;
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (let i = 0; i < shown; i++) {
      const py = map.Y(u[i]);
      pen.moveTo(map.left, py); pen.lineTo(map.left + 10, py);
      const px = map.X(x[i]);
      if (px < map.left || px > map.right) continue;
      pen.moveTo(px, map.bottom); pen.lineTo(px, map.bottom - 10);
    }
    pen.stroke();
    pen.globalAlpha = 1;

    const ground = hist.bottom;
    for (const { index, t } of flights) path(map, ground, u[index], x[index], t, theme.accent, flights.length < 30);
    const named = focus ?? (flights.length && !playing ? { u: u[flights[0].index], x: NaN } : null);
    if (focus) path(map, ground, focus.u, focus.x, 1, theme.accent, true);
    if (named) map.text(`u = ${format(named.u)}`, map.left + 14, map.Y(named.u) + (named.u > 0.85 ? 1 : -0.9) * map.font, { color: theme.accent, bold: true });
    if (focus) map.text(`x = F⁻¹(u) = ${format(focus.x)}`, map.X(focus.x) + 6, map.bottom - 1.7 * map.font, { color: theme.accent, bold: true });
    key.set([
      { label: "density p, distribution function F", color: theme.estimate, mark: "line" },
      { label: "uniform numbers u, pushed points x", color: theme.accent, mark: "dot" },
      { label: "histogram", color: theme.best, mark: "square" },
    ]);
  } });

  /**
   * The way of one point, up to the part t of it: right to the curve, down to the axis, down into the histogram.
   * @param {Axes} axes @param {number} ground @param {number} u @param {number} x @param {number} t
   * @param {string} color @param {boolean} trail
   */
  const path = (axes, ground, u, x, t, color, trail) => {
    const pen = axes.pen;
    const [x0, y0, x1] = [axes.left, axes.Y(u), Math.max(axes.left, Math.min(axes.right, axes.X(x)))];
    const along = Math.min(1, t / 0.45);
    const down = Math.max(0, Math.min(1, (t - 0.45) / 0.55));
    const [px, py] = [x0 + along * (x1 - x0), y0 + down * (ground - y0)];
    if (trail) {
      pen.strokeStyle = color;
      pen.lineWidth = 2 * Math.sqrt(axes.stage.scale);
      pen.setLineDash([5, 4]);
      pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(px, y0); if (down > 0) pen.lineTo(px, py);
      pen.stroke();
      pen.setLineDash([]);
    }
    marker(pen, px, py, 5 * Math.sqrt(axes.stage.scale), "dot", color);
  };

  // ---- one point: hover, or the slider
  const look = (/** @type {number} */ u) => {
    arrive(); // points on their way would hide the one to look at
    focus = { u, x: curves.level_x[nearest(levels, u)] };
    model.set("u", u);
    follow();
  };
  const lookAtPoint = (/** @type {number} */ i) => {
    focus = { u: pushed.u[i], x: pushed.x[i] };
    model.set("u", levels[nearest(levels, focus.u)]);
  };
  right.onPointer({
    hover: (at) => {
      if (!map || timer) return; // while points travel, the pointer only passes by
      if (!at || at[1] > map.bottom || at[1] < map.top || at[0] < map.left) { return; }
      look(levels[nearest(levels, map.yAt(at[1]))]);
    },
  });

  // ---- drawing
  let strokeX = 0, strokeY = 0;
  const draw = (/** @type {number[]} */ heights) => {
    if (!heights.some((y) => y > 0)) { frame.fail("All heights are zero, so there is no mass to push: raise at least one."); return; }
    frame.push({ heights, density: "drawn" });
  };
  if (live) {
    left.canvas.tabIndex = 0;
    left.canvas.setAttribute("role", "slider");
    left.canvas.setAttribute("aria-orientation", "vertical");
    left.canvas.setAttribute("aria-label", "Heights of the density: left and right choose one, up and down change it");
    left.canvas.style.cursor = "crosshair";
    left.onPointer({ drag: (px, py, first) => {
      if (!board) return;
      const x = board.xAt(px);
      const y = Math.max(0, Math.min(model.get("ceiling"), board.yAt(py)));
      if (first) [strokeX, strokeY] = [x, y];
      const heights = [...model.get("heights")];
      const [a, b] = [Math.min(strokeX, x), Math.max(strokeX, x)];
      const half = 0.5 * (knotAt(1) - knotAt(0));
      heights.forEach((_, i) => {
        const k = knotAt(i);
        if (k < a - half || k > b + half) return;
        // Between two pointer positions the stroke is straight.
        const t = x === strokeX ? 1 : Math.max(0, Math.min(1, (k - strokeX) / (x - strokeX)));
        heights[i] = strokeY + t * (y - strokeY);
        knot = i;
      });
      [strokeX, strokeY] = [x, y];
      draw(heights);
    } });
    left.canvas.addEventListener("keydown", (e) => {
      const heights = [...model.get("heights")];
      const ceiling = model.get("ceiling");
      const step = ceiling * (e.shiftKey ? 0.2 : 0.05);
      if (e.key === "ArrowLeft") knot = Math.max(0, knot - 1);
      else if (e.key === "ArrowRight") knot = Math.min(heights.length - 1, knot + 1);
      else if (e.key === "ArrowUp") heights[knot] = Math.min(ceiling, heights[knot] + step);
      else if (e.key === "ArrowDown") heights[knot] = Math.max(0, heights[knot] - step);
      else if (e.key === "Home") heights[knot] = 0;
      else if (e.key === "End") heights[knot] = ceiling;
      else return;
      e.preventDefault();
      if (e.key === "ArrowLeft" || e.key === "ArrowRight") follow(); else draw(heights);
    });
    for (const event of ["focus", "blur"]) left.canvas.addEventListener(event, () => left.invalidate());
  }

  // ---- time
  /** Points on their way: index and the part of the way behind them. @type {Array<{index: number, t: number}>} */
  let flights = [];
  let playing = false;
  let speed = SPEEDS[1];
  let owed = 0;
  let last = 0;
  let timer = 0;
  let said = 0;

  const next = () => (flights.length ? flights[flights.length - 1].index + 1 : model.get("shown"));
  const land = (/** @type {number} */ count) => {
    if (count) model.set("shown", Math.min(total(), model.get("shown") + count));
  };
  /** Stop; points on their way are there at once. */
  const arrive = () => {
    if (timer) halt();
    land(flights.length);
    flights = [];
  };
  const save = (/** @type {boolean} */ now) => {
    // Python is told four times a second, not at every frame.
    if (now || performance.now() - said > 250) { said = performance.now(); model.save_changes(); }
  };

  const tick = (/** @type {number} */ now) => {
    const seconds = Math.min(0.1, (now - last) / 1000);
    last = now;
    const n = total();
    const still = reducedMotion();
    if (playing) {
      owed += speed * seconds;
      let launch = Math.floor(owed);
      // Without motion points do not travel: they are there, twice a second, as many as would have come.
      if (still && launch < speed / 2) launch = 0;
      owed -= launch;
      if (still) land(launch);
      else for (; launch > 0 && next() < n; launch--) flights.push({ index: next(), t: 0 });
    }
    const part = seconds / flightTime(playing ? speed : 1);
    for (const flight of flights) flight.t += part;
    const landed = flights.filter((f) => f.t >= 1).length;
    flights.splice(0, landed);
    land(landed);
    const done = !flights.length && (!playing || model.get("shown") >= n);
    if (done && !playing && landed) lookAtPoint(model.get("shown") - 1); // a single step: say where it went
    if (done) playing = false;
    save(done);
    if (flights.length || landed || done) follow();
    timer = done ? 0 : requestAnimationFrame(tick);
  };
  const run = () => { if (!timer) { last = performance.now(); timer = requestAnimationFrame(tick); } };
  const halt = () => { cancelAnimationFrame(timer); timer = 0; playing = false; save(true); };
  frame.onDispose(() => cancelAnimationFrame(timer));

  const playPause = () => {
    if (playing) { halt(); follow(); return; }
    if (model.get("shown") >= total()) model.set("shown", 0);
    focus = null;
    playing = true;
    owed = 1;
    run();
  };
  const step = () => {
    arrive();
    save(true);
    if (model.get("shown") >= total()) { follow(); return; }
    const index = model.get("shown");
    focus = null;
    if (reducedMotion()) { land(1); lookAtPoint(index); save(true); follow(); return; }
    flights.push({ index, t: 0 });
    run();
  };
  const restart = () => { halt(); flights = []; focus = null; model.set("shown", 0); save(true); follow(); };
  const all = () => { halt(); flights = []; focus = null; model.set("shown", total()); save(true); follow(); };

  // ---- controls
  const named = (/** @type {string[]} */ words) => /** @type {Array<[string, string]>} */ (words.map((w) => [w, title(w)]));
  const density = select({ label: "Density", options: named(model.get("densities")), value: model.get("density"),
    onChange: (v) => frame.push({ density: v }) });
  const play = button({ label: "Play", other: "Pause", onClick: playPause });
  const one = button({ label: "Step", onClick: step });
  const again = button({ label: "Start again", onClick: restart });
  const whole = button({ label: "All at once", onClick: all });
  const pace = select({ label: "Points a second", options: SPEEDS.map((s) => [String(s), String(s)]), value: String(speed),
    onChange: (v) => { speed = Number(v); } });
  const size = select({ label: "Points n", options: [...new Set([...model.get("sizes"), model.get("n")])].sort((a, b) => a - b).map((s) => [String(s), String(s)]),
    value: String(model.get("n")), onChange: (v) => frame.push({ n: Number(v) }) });
  const resample = button({ label: "New noise", onClick: () => model.send({ action: "resample" }) });
  const seed = h("span", { class: "ck-value" });
  const uSlider = slider({ label: "Follow one u", values: levels, value: model.get("u"), onInput: (v) => { look(v); save(false); } });

  const buttons = h("div", { class: "ck-row" }, play.element, one.element, again.element, whole.element);
  frame.controls.append(density.element, pace.element, buttons);
  if (live) frame.controls.append(size.element, resample.element, seed);
  frame.controls.append(uSlider.element, frame.large);
  const column = h("div", { class: "ck-column" }, left.canvas);
  frame.plots.append(key.element, column, right.canvas);
  // The controls fill the place under the lower picture; in lecture size, where both are as high, they go below both.
  const place = () => {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    if (model.get("large")) frame.plots.after(frame.controls); else column.append(frame.controls);
    if (frame.controls.contains(focused)) focused?.focus();
  };
  frame.follow(["large"], place);
  place();

  // ---- follow the model
  const follow = () => {
    density.set(model.get("density"));
    size.set(String(model.get("n")));
    seed.textContent = `seed ${model.get("seed")}`;
    play.setLabel(playing ? "Pause" : "Play");
    uSlider.set(model.get("u"));
    if (live) {
      const heights = model.get("heights");
      left.canvas.setAttribute("aria-valuemin", "0");
      left.canvas.setAttribute("aria-valuemax", format(model.get("ceiling")));
      left.canvas.setAttribute("aria-valuenow", String(heights[knot]));
      left.canvas.setAttribute("aria-valuetext", `at x = ${format(knotAt(knot))} the height is ${format(heights[knot])}`);
    }
    const shown = Math.min(model.get("shown"), total());
    let words = shown
      ? `Pushed so far: ${shown} of ${model.get("n")}; KS distance ${pushed.ks[shown - 1].toFixed(3)}, expected about ${pushed.ks_expected[shown - 1].toFixed(3)}; both come from the noise u alone and are the same for every density.`
      : "No point is pushed yet: press Play or Step.";
    if (focus) words += ` u = ${format(focus.u)} goes to x = ${format(focus.x)}.`;
    frame.tell(words, playing);
    frame.redraw();
  };
  frame.follow(["density", "heights", "low", "high", "ceiling", "n", "seed", "shown", "u"], follow);
  frame.follow(["curves"], () => {
    curves = arrays(model.get("curves"));
    if (focus) focus = { u: model.get("u"), x: curves.level_x[nearest(levels, model.get("u"))] };
    follow();
  });
  frame.follow(["pushed"], () => {
    pushed = arrays(model.get("pushed"));
    flights = flights.filter((f) => f.index < pushed.u.length);
    follow();
  });
  follow();
  return frame.dispose;
}

export default { render };
