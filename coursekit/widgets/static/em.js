// @ts-check
import { Axes, OKABE_ITO, arrays, button, format, h, legend, marker, reducedMotion, select, shell, slider } from "./toolkit.js";

/** Milliseconds between two half-steps. */
const PACE = 500;
const TOO_LATE = "Means can be moved at the start only: press Back to start first.";
const SHAPES = ["dot", "square", "triangle", "diamond", "dot", "square"];

/**
 * Left: points, coloured by who is responsible for them, and the components as ellipses. Right: the log-likelihood.
 * @param {{model: any, el: HTMLElement}} context
 */
function render({ model, el }) {
  const frame = shell({ model, el, name: "Expectation-maximisation, step by step" });
  const live = !model.get("frozen");
  let data = arrays(model.get("data"));
  let picture = arrays(model.get("picture"));
  let climb = arrays(model.get("climb"));
  /** The component that arrow keys move, before the first step. */
  let chosen = 0;
  const o = OKABE_ITO;
  // Told apart with every colour-vision deficiency; on dark pages the two darkest are lighter.
  const palette = (/** @type {any} */ theme) => (theme.light
    ? [o.blue, o.vermillion, "#00805d", "#a8487f", "#8a6500", "#1b1b1b"]
    : [o.sky, o.orange, "#1fc795", o.purple, o.yellow, "#f2f2f2"]);
  const rgb = (/** @type {string} */ hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

  // ---- left: the plane
  /** @type {Axes | null} */
  let plane = null;
  const left = frame.stage({ label: "Points and components in the plane", height: 350, grow: 3, draw: (stage) => {
    const theme = stage.theme;
    const { x } = data;
    const { means, factors, responsibilities: r } = picture;
    const k = means.length / 2;
    const colours = palette(theme);
    const mixed = colours.map(rgb);
    const [low, high] = [model.get("low"), model.get("high")];
    const first = model.get("step") === 0;
    const wide = (/** @type {string} */ shape) => ({ triangle: 1.35, diamond: 1.15 })[shape] ?? 1; // room for its number
    plane = new Axes(stage, { xlim: [low[0], high[0]], ylim: [low[1], high[1]],
      title: `${first ? (live ? "drag a mean to move it" : "the start") : "colour: responsibility"}; ellipses: 1 and 2 sd` });
    const size = Math.sqrt(stage.scale);
    plane.clipped(() => {
      const pen = stage.pen;
      for (let i = 0; i < x.length / 2; i++) {
        const [px, py] = [plane.X(x[2 * i]), plane.Y(x[2 * i + 1])];
        if (!r.length) { pen.globalAlpha = 0.6; marker(pen, px, py, 3 * size, "dot", theme.muted); continue; }
        // Colour mixes by responsibility; the shape is that of the likeliest; a point that is shared is smaller.
        let best = 0;
        const c = [0, 0, 0];
        for (let j = 0; j < k; j++) {
          const share = r[i * k + j];
          if (share > r[i * k + best]) best = j;
          for (let part = 0; part < 3; part++) c[part] += share * mixed[j][part];
        }
        pen.globalAlpha = 0.75;
        marker(pen, px, py, (1.5 + 2.8 * r[i * k + best]) * size, SHAPES[best], `rgb(${c.map(Math.round).join(",")})`);
      }
      pen.globalAlpha = 1;
      for (let j = 0; j < k; j++) {
        const [a, b, c, d] = factors.subarray(4 * j, 4 * j + 4);
        pen.strokeStyle = colours[j];
        for (const radius of [1, 2]) {
          pen.lineWidth = (radius === 1 ? 3 : 1.5) * size;
          pen.beginPath();
          for (let t = 0; t <= 64; t++) {
            const [u, v] = [radius * Math.cos((t * Math.PI) / 32), radius * Math.sin((t * Math.PI) / 32)];
            pen.lineTo(plane.X(means[2 * j] + a * u + b * v), plane.Y(means[2 * j + 1] + c * u + d * v));
          }
          pen.stroke();
        }
      }
    });
    const focused = document.activeElement === stage.canvas && first && live;
    for (let j = 0; j < k; j++) {
      const [px, py] = [plane.X(means[2 * j]), plane.Y(means[2 * j + 1])];
      marker(stage.pen, px, py, (focused && j === chosen ? 15 : 11) * size * wide(SHAPES[j]), SHAPES[j], theme.background);
      marker(stage.pen, px, py, (focused && j === chosen ? 13 : 9) * size * wide(SHAPES[j]), SHAPES[j], colours[j]);
      stage.pen.fillStyle = theme.background;
      stage.pen.font = `700 ${11 * stage.scale}px ${theme.font}`;
      stage.pen.textAlign = "center";
      stage.pen.textBaseline = "middle";
      stage.pen.fillText(String(j + 1), px, py + (SHAPES[j] === "triangle" ? 3 : 1) * size);
    }
    const at = (/** @type {number} */ v) => v.toFixed(1).replace("-", "−");
    key.set(Array.from({ length: k }, (_, j) => ({ label: `${j + 1}: (${at(means[2 * j])}, ${at(means[2 * j + 1])}), weight ${picture.weights[j].toFixed(2)}`, color: colours[j], mark: SHAPES[j] })));
  } });
  const key = legend();

  // ---- right: the climb
  /** @type {Axes | null} */
  let ladder = null;
  const right = frame.stage({ label: "Log-likelihood against iteration", height: 160, largeHeight: 190, draw: (stage) => {
    const theme = stage.theme;
    const ll = climb.log_likelihood;
    let [low, high] = [Infinity, -Infinity];
    for (const v of ll) { low = Math.min(low, v); high = Math.max(high, v); }
    const pad = 0.08 * Math.max(high - low, 1);
    const most = Math.max(5, ll.length - 1);
    ladder = new Axes(stage, { xlim: [-0.03 * most, 1.03 * most], ylim: [low - pad, high + pad], xlabel: "iteration", title: "log-likelihood (nats/point)" });
    const xs = Array.from(ll, (_, i) => i);
    ladder.line(xs, ll, { color: theme.muted, width: 2 });
    ladder.points(xs, ll, { color: theme.muted, size: 2.5 });
    const at = Math.floor(model.get("step") / 2);
    if (at < ll.length) ladder.points([at], [ll[at]], { color: theme.accent, size: 6, shape: "diamond" });
  } });
  right.canvas.style.flex = "none";
  right.onPointer({ drag: (px, _, first) => {
    if (!ladder) return;
    if (first) history.input.focus({ preventScroll: true }); // arrow keys go on from here
    to(2 * Math.round(Math.max(0, Math.min(model.get("last") / 2, ladder.xAt(px)))));
  } });

  // ---- a start of one's own
  /** Where the means are: what the reader asked for last, else what is drawn. A second key does not wait for the first. */
  const places = () => {
    const drawn = Array.from({ length: picture.means.length / 2 }, (_, j) => [picture.means[2 * j], picture.means[2 * j + 1]]);
    const asked = model.get("places") ?? [];
    return mayDrag() && asked.length === drawn.length ? asked : drawn;
  };
  const put = (/** @type {number} */ j, /** @type {number} */ x, /** @type {number} */ y) => {
    const [low, high] = [model.get("low"), model.get("high")];
    const all = [...places()];
    all[j] = [Math.max(low[0], Math.min(high[0], x)), Math.max(low[1], Math.min(high[1], y))];
    frame.push({ places: all });
  };
  const mayDrag = () => live && model.get("step") === 0;
  if (live) {
    let held = -1;
    left.onPointer({ drag: (px, py, first) => {
      if (!plane) return;
      if (!mayDrag()) { if (first) frame.fail(TOO_LATE); return; }
      if (first) {
        const away = places().map(([x, y]) => Math.hypot(plane.X(x) - px, plane.Y(y) - py));
        held = away.indexOf(Math.min(...away));
        if (away[held] > 30 * left.scale) held = -1;
        else chosen = held;
        left.canvas.focus({ preventScroll: true });
      }
      if (held >= 0) put(held, plane.xAt(px), plane.yAt(py));
    } });
    left.canvas.tabIndex = 0;
    left.canvas.setAttribute("role", "slider");
    left.canvas.setAttribute("aria-label", "Means at the start: a number chooses a component, arrows move its mean");
    left.canvas.addEventListener("keydown", (e) => {
      const k = picture.means.length / 2;
      if (/^[1-6]$/.test(e.key) && Number(e.key) <= k) { chosen = Number(e.key) - 1; e.preventDefault(); follow(); left.invalidate(); return; }
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[e.key] ?? [0, 0];
      if (!dx && !dy) return;
      e.preventDefault();
      if (!mayDrag()) { frame.fail(TOO_LATE); return; }
      const [low, high] = [model.get("low"), model.get("high")];
      const by = e.shiftKey ? 0.1 : 0.02;
      const [x, y] = places()[Math.min(chosen, k - 1)];
      put(Math.min(chosen, k - 1), x + dx * by * (high[0] - low[0]), y + dy * by * (high[1] - low[1]));
    });
    for (const event of ["focus", "blur"]) left.canvas.addEventListener(event, () => left.invalidate());
  }

  // ---- steps
  let timer = 0;
  let playing = false;
  const halt = () => { clearTimeout(timer); playing = false; };
  frame.onDispose(() => clearTimeout(timer));
  const most = () => (live ? 400 : model.get("last"));
  const to = (/** @type {number} */ step) => {
    halt();
    frame.push({ step: Math.max(0, Math.min(most(), step)) });
    follow();
  };
  const done = () => {
    const ll = climb.log_likelihood;
    const at = Math.floor(model.get("step") / 2);
    const hasSettled = at > 0 && model.get("step") % 2 === 0 && at < ll.length && ll[at] - ll[at - 1] < model.get("settled");
    return hasSettled || model.get("step") >= most();
  };
  const tick = () => {
    if (!playing) return;
    // Without motion whole iterations follow each other, slowly.
    const by = reducedMotion() ? 2 - (model.get("step") % 2) : 1;
    if (done() || model.get("error")) { halt(); follow(); return; }
    frame.push({ step: Math.min(most(), model.get("step") + by) });
    timer = window.setTimeout(tick, reducedMotion() ? 3 * PACE : PACE);
    follow();
  };
  const play = button({ label: "Play", other: "Pause", onClick: () => {
    if (playing) { halt(); follow(); return; }
    if (!live && model.get("step") >= most()) frame.push({ step: 0 });
    playing = true;
    tick();
  } });
  const next = (/** @type {number} */ by) => () => to(model.get("step") + by);
  const eStep = button({ label: "E-step", onClick: next(1) });
  const mStep = button({ label: "M-step", onClick: next(1) });
  // From between the half-steps the iteration is completed.
  const iteration = button({ label: "One iteration", onClick: () => to(model.get("step") + 2 - (model.get("step") % 2)) });
  const back = button({ label: "Back", onClick: next(-1) });
  const again = button({ label: "Back to start", onClick: () => to(0) });
  const history = slider({ label: "History", values: [0, 1], value: 0, wide: true,
    format: (s) => (s === 0 ? "start" : `${Math.ceil(s / 2)} ${s % 2 ? "E" : "M"}`), onInput: to });
  const named = (/** @type {string[]} */ words) => /** @type {Array<[string, string]>} */ (words.map((w) => [w, w.replace(/[_-]/g, " ")]));
  const set = (/** @type {string} */ name) => (/** @type {any} */ v) => { halt(); frame.push({ [name]: v }); };
  const density = select({ label: "Data", options: named(model.get("densities")), value: model.get("density"), onChange: set("density") });
  const components = select({ label: "K", options: named(["1", "2", "3", "4", "5", "6"]), value: String(model.get("k")),
    onChange: (v) => set("k")(Number(v)) });
  const newStart = button({ label: "New start", onClick: () => { halt(); frame.fail(""); model.send({ action: "new_start" }); } });
  const newSample = button({ label: "New points", onClick: () => { halt(); frame.fail(""); model.send({ action: "new_sample" }); } });

  frame.controls.append(eStep.element, mStep.element, iteration.element, play.element, back.element, again.element, history.element);
  if (live) frame.controls.append(density.element, components.element, newStart.element, newSample.element);
  frame.controls.append(frame.large);
  frame.plots.append(key.element, left.canvas, h("div", { class: "ck-column" }, right.canvas, frame.controls));

  // ---- follow the model
  const follow = () => {
    const step = model.get("step");
    eStep.setDisabled(step % 2 === 1 || step >= most());
    mStep.setDisabled(step % 2 === 0);
    // The focus takes turns, too: Enter after Enter is E, M, E, M.
    if (document.activeElement === eStep.element && step % 2 === 1) mStep.element.focus({ preventScroll: true });
    else if (document.activeElement === mStep.element && step % 2 === 0) eStep.element.focus({ preventScroll: true });
    iteration.setDisabled(step >= most());
    back.setDisabled(step === 0);
    again.setDisabled(step === 0);
    play.setLabel(playing ? "Pause" : "Play");
    history.setValues(Array.from({ length: model.get("last") + 1 }, (_, i) => i), step);
    density.set(model.get("density"));
    components.set(String(model.get("k")));
    left.canvas.style.cursor = mayDrag() ? "grab" : "default";
    if (live) {
      const [x, y] = places()[Math.min(chosen, picture.means.length / 2 - 1)];
      left.canvas.setAttribute("aria-valuenow", String(chosen + 1));
      left.canvas.setAttribute("aria-valuetext", `component ${chosen + 1} at ${format(x)}, ${format(y)}`);
    }
    const prompt = step === 0 ? "Predict where each component will go, then step."
      : step === 1 ? "Predict: which way will each component move now?" : "";
    frame.tell(prompt, playing);
  };
  frame.follow(["step", "last", "density", "k", "low", "high"], () => { follow(); frame.redraw(); });
  frame.follow(["data"], () => { data = arrays(model.get("data")); frame.redraw(); });
  frame.follow(["picture"], () => { picture = arrays(model.get("picture")); follow(); frame.redraw(); });
  frame.follow(["climb"], () => { climb = arrays(model.get("climb")); frame.redraw(); });
  follow();
  return frame.dispose;
}

export default { render };
