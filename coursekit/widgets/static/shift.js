// @ts-check
import { Axes, arrays, button, deck, legend, marker, nearest, sameNumber, select, shell, slider } from "./toolkit.js";

/**
 * Left: p, and q to be dragged, with both slopes as arrows. Right: JS and W1 against the shift.
 * @param {{model: any, el: HTMLElement}} context
 */
function render({ model, el }) {
  const frame = shell({ model, el, name: "Jensen-Shannon and Wasserstein while a density is shifted" });
  let base = arrays(model.get("base"));
  let curves = arrays(model.get("curves"));
  let sweep = arrays(model.get("sweep"));
  const ahead = deck(model);
  /** What is drawn: at once from the deck where it holds this shift, else what the kernel answered last. */
  const picture = () => ahead.frame() ?? curves;
  const colours = (/** @type {any} */ theme) => [theme.best, theme.other];
  const NAMES = ["JS", "W₁"];
  /** Where q has been: shift and both distances. @type {Map<number, [number, number]>} */
  const visited = new Map();
  const visit = () => {
    const { shift: [of], distance } = picture();
    // A late answer of the kernel belongs to another shift: only what is known to be of this one is kept.
    if (sameNumber(of, model.get("shift"))) visited.set(model.get("shift"), [distance[0], distance[1]]);
  };

  // ---- left: densities
  /** @type {Axes | null} */
  let board = null;
  const key = legend();
  const left = frame.stage({ label: "Density p, and q which is p shifted", height: 300, largeHeight: 355, grow: 1.2, draw: (stage) => {
    const theme = stage.theme;
    const { grid, p } = base;
    const { q, slope } = picture();
    let highest = 0;
    for (const v of p) highest = Math.max(highest, v);
    board = new Axes(stage, { xlim: [grid[0], grid[grid.length - 1]], ylim: [0, 1.9 * highest], xlabel: "x", title: "densities: drag q" });
    board.area(grid, p, { color: theme.estimate, alpha: 0.3 });
    board.line(grid, p, { color: theme.estimate, width: 2.5 });
    board.area(grid, q, { color: theme.accent, alpha: 0.3 });
    board.line(grid, q, { color: theme.accent, width: 2.5 });
    // Downhill, at the place of q: as long as the slope.
    const pen = stage.pen;
    const s = model.get("shift");
    NAMES.forEach((name, i) => {
      const axes = /** @type {Axes} */ (board);
      const y = axes.Y(highest * (1.55 - 0.38 * i));
      const from = axes.X(s);
      const to = axes.X(s - 1.5 * slope[i]);
      const color = colours(theme)[i];
      const away = Math.sign(to - from);
      if (Math.abs(to - from) > 3) {
        pen.strokeStyle = color;
        pen.lineWidth = 4 * Math.sqrt(stage.scale);
        pen.beginPath(); pen.moveTo(from, y); pen.lineTo(to, y);
        const tip = 8 * Math.sqrt(stage.scale);
        pen.moveTo(to - away * tip, y - tip); pen.lineTo(to, y); pen.lineTo(to - away * tip, y + tip);
        pen.stroke();
      } else marker(pen, from, y, 4 * Math.sqrt(stage.scale), "dot", color);
      const words = `${name}: ${Math.abs(slope[i]) < 5e-4 ? "no pull" : "pull " + Math.abs(slope[i]).toFixed(2)}`;
      axes.text(words, from, axes.Y(highest * (1.74 - 0.38 * i)), { color, bold: true, align: "center" });
    });
    key.set([
      { label: "p", color: theme.estimate, mark: "line" },
      { label: "q", color: theme.accent, mark: "line" },
      { label: "JS (nats)", color: colours(theme)[0], mark: "dot" },
      { label: "W₁ (units of x)", color: colours(theme)[1], mark: "square" },
      ...(sweep.js ? [{ label: "all shifts", color: theme.muted, mark: "line" }] : []),
    ]);
  } });
  const move = (/** @type {number} */ to) => {
    const table = model.get("shifts");
    frame.push({ shift: table[nearest(table, to)] });
  };
  let offset = 0;
  left.onPointer({ drag: (px, _, first) => {
    if (!board) return;
    const x = board.xAt(px);
    if (first) {
      // Held near its middle q stays under the pointer; elsewhere it comes.
      offset = Math.abs(x - model.get("shift")) < 0.7 ? model.get("shift") - x : 0;
      left.canvas.focus({ preventScroll: true });
    }
    move(x + offset);
  } });
  left.canvas.tabIndex = 0;
  left.canvas.style.cursor = "grab";
  left.canvas.setAttribute("role", "slider");
  left.canvas.setAttribute("aria-label", "Density q over p: left and right shift it");
  left.canvas.addEventListener("keydown", (e) => {
    const table = model.get("shifts");
    const by = (table[1] - table[0]) * (e.shiftKey ? 5 : 1);
    if (e.key === "ArrowLeft" || e.key === "ArrowDown") move(model.get("shift") - by);
    else if (e.key === "ArrowRight" || e.key === "ArrowUp") move(model.get("shift") + by);
    else if (e.key === "Home") move(table[0]);
    else if (e.key === "End") move(table[table.length - 1]);
    else return;
    e.preventDefault();
  });

  // ---- right: both distances
  const right = frame.stage({ label: "JS and W₁ against the shift", height: 300, largeHeight: 355, draw: (stage) => {
    const theme = stage.theme;
    const table = model.get("shifts");
    const xlim = /** @type {[number, number]} */ ([table[0] * 1.03, table[table.length - 1] * 1.03]);
    const top = base.limit[0];
    const { distance } = picture();
    [{ part: [0, 0.46], ylim: [0, 1.25 * top], title: "JS in nats", all: sweep.js, xlabel: "", shape: "dot" },
      { part: [0.46, 1], ylim: [0, 1.05 * table[table.length - 1]], title: "W₁ in units of x", all: sweep.w1, xlabel: "shift of q", shape: "square" },
    ].forEach(({ part, ylim, title, all, xlabel, shape }, i) => {
      const axes = new Axes(stage, { xlim, ylim: /** @type {[number, number]} */ (ylim), top: part[0], bottom: part[1], title, xlabel,
        xticks: i === 1, yticks: i === 0 ? [0, 0.2, 0.4, 0.6] : undefined });
      if (i === 0) {
        axes.line(xlim, [top, top], { color: theme.muted, width: 1.5, dash: [5, 4] });
        axes.text("log 2", axes.right, axes.Y(top) - 0.75 * axes.font, { color: theme.muted, align: "right" });
      }
      if (all) axes.line(table, all, { color: theme.muted, width: 2 });
      const [xs, ys] = [[...visited.keys()], [...visited.values()].map((d) => d[i])];
      axes.points(xs, ys, { color: colours(theme)[i], size: 3, shape, alpha: 0.8 });
      axes.points([model.get("shift")], [distance[i]], { color: colours(theme)[i], size: 7, shape });
      // Left of the mark where there is no room on its right: the words' ground would hide it.
      const [px, gap] = [axes.X(model.get("shift")), 12 * Math.sqrt(stage.scale)];
      const align = px + gap + 4 * axes.font > axes.right ? "right" : "left";
      axes.text(distance[i].toFixed(3), align === "right" ? px - gap : px + gap, Math.max(axes.top + 0.7 * axes.font, axes.Y(distance[i]) + (i === 0 ? 1.1 : -0.9) * axes.font), { color: colours(theme)[i], bold: true, align });
    });
  } });

  // ---- controls
  const named = (/** @type {string[]} */ words) => /** @type {Array<[string, string]>} */ (words.map((w) => [w, w.charAt(0).toUpperCase() + w.slice(1)]));
  const shape = select({ label: "Shape", options: named(model.get("shapes")), value: model.get("shape"), onChange: (v) => frame.push({ shape: v }) });
  const shift = slider({ label: "Shift of q", values: model.get("shifts"), value: model.get("shift"),
    format: (v) => v.toFixed(1).replace("-", "−"), onInput: (v) => frame.push({ shift: v }) });
  const clear = button({ label: "Clear the trace", onClick: () => { visited.clear(); visit(); follow(); } });
  const reveal = button({ label: "Reveal all shifts", other: "Hide all shifts", onClick: () => frame.push({ revealed: !model.get("revealed") }) });
  frame.controls.append(shape.element, shift.element, clear.element, reveal.element, frame.large);
  frame.plots.append(key.element, left.canvas, right.canvas);

  // ---- follow the model
  const follow = () => {
    shape.set(model.get("shape"));
    shift.set(model.get("shift"));
    reveal.setLabel(model.get("revealed") ? "Hide all shifts" : "Reveal all shifts");
    left.canvas.setAttribute("aria-valuemin", String(model.get("shifts")[0]));
    left.canvas.setAttribute("aria-valuemax", String(-model.get("shifts")[0]));
    left.canvas.setAttribute("aria-valuenow", String(model.get("shift")));
    left.canvas.setAttribute("aria-valuetext", `shift ${model.get("shift").toFixed(1).replace("-", "−")}`);
    const words = [];
    if (!model.get("revealed")) words.push("Predict both curves: what does each do once p and q are apart? Drag q to see, then reveal.");
    words.push(`Visited: ${visited.size} of ${model.get("shifts").length} shifts.`);
    frame.tell(words.join(" "));
    frame.redraw();
  };
  const arrive = () => { visit(); follow(); };
  frame.follow(["shape"], () => { visited.clear(); arrive(); });
  frame.follow(["shift", "ahead"], arrive);
  frame.follow(["revealed"], follow);
  frame.follow(["base"], () => { base = arrays(model.get("base")); follow(); });
  frame.follow(["curves"], () => { curves = arrays(model.get("curves")); arrive(); });
  frame.follow(["sweep"], () => { sweep = arrays(model.get("sweep")); follow(); });
  arrive();
  return frame.dispose;
}

export default { render };
