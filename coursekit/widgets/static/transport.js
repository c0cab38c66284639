// @ts-check
import { Axes, arrays, button, h, legend, reducedMotion, reshare, select, shell, slider } from "./toolkit.js";

/** Milliseconds for a move over one bin, and at least for any move. */
const PACE = 260;
const SHORTEST = 500;
/** Less than this of the mass is not drawn. */
const NOTHING = 1e-9;

/**
 * Left: the heap p, where it shall lie (q), and the potential f. Right: the plan P.
 * @param {{model: any, el: HTMLElement}} context
 */
function render({ model, el }) {
  const frame = shell({ model, el, name: "Optimal transport between two histograms" });
  const live = !model.get("frozen");
  let heaps = arrays(model.get("heaps"));
  let prices = arrays(model.get("prices"));
  const bins = () => Array.from(model.get("p"), (_, i) => i);
  const colours = (/** @type {any} */ theme) => ({ p: theme.estimate, q: theme.accent });
  /** Both heaps have one axis, which grows in steps. */
  const ceiling = () => {
    const highest = Math.max(...model.get("p"), ...model.get("q"), ...carried().heap);
    return [0.3, 0.5, 0.75, 1].find((v) => v >= 1.03 * highest) ?? 1;
  };

  // ---- the moves: `done` of them are made, and a part of the next one
  let done = 0;
  let part = 0;
  let playing = false;
  let timer = 0;
  let last = 0;
  const count = () => heaps.moves.length / 3;
  const move = (/** @type {number} */ k) => heaps.moves.subarray(3 * k, 3 * k + 3);
  const under = () => done > 0 || part > 0;
  /** The heap as it lies now, without what is on its way; and what has been paid. */
  const carried = () => {
    const heap = Array.from(heaps.p);
    let paid = 0;
    for (let k = 0; k < done; k++) {
      const [i, j, mass] = move(k);
      heap[i] -= mass;
      heap[j] += mass;
      paid = heaps.paid[k];
    }
    if (part > 0 && done < count()) {
      const [i, j, mass] = move(done);
      heap[i] -= mass;
      paid += part * mass * Math.abs(i - j);
    }
    return { heap, paid };
  };

  // ---- left: the heaps
  /** Where the pointer and the arrow keys work. @type {Record<string, number>} */
  const chosen = { p: 0, q: 0 };
  /** @type {Record<string, Axes>} */
  const boards = {};
  const heapStage = (/** @type {"p" | "q"} */ name, /** @type {string} */ label) => {
    const stage = frame.stage({ label, height: 150, largeHeight: 106, draw: (stage) => {
      const theme = stage.theme;
      const n = bins().length;
      const moving = name === "p" && under();
      const what = name === "p" ? "p: the heap as it lies" : "q: where it shall lie";
      const axes = new Axes(stage, { xlim: [-0.6, n - 0.4], ylim: [0, 1.06 * ceiling()], xticks: false,
        title: moving ? `the heap after ${done} of ${count()} moves` : live ? `${what} (drag a bar)` : what });
      boards[name] = axes;
      const shares = Array.from(/** @type {number[]} */ (model.get(name)));
      const bar = (/** @type {number} */ i, /** @type {number} */ share, /** @type {string} */ color, /** @type {number} */ alpha) => {
        stage.pen.globalAlpha = alpha;
        stage.pen.fillStyle = color;
        stage.pen.fillRect(axes.X(i - 0.38), axes.Y(share), axes.X(i + 0.38) - axes.X(i - 0.38), axes.Y(0) - axes.Y(share));
        stage.pen.globalAlpha = 1;
      };
      const color = colours(theme)[name];
      (moving ? carried().heap : shares).forEach((share, i) => { if (share > NOTHING) bar(i, share, color, 0.75); });
      if (moving) {
        // What p was, and what it shall be, as outlines.
        outline(axes, shares, theme.muted, [4, 4]);
        outline(axes, model.get("q"), colours(theme).q, [2, 3]);
        if (part > 0 && done < count()) {
          const [i, j, mass] = move(done);
          const at = i + part * (j - i);
          const base = axes.ylim[1] * (0.5 + 0.3 * Math.sin(Math.PI * part));
          stage.pen.fillStyle = theme.best;
          const high = Math.max(4, axes.Y(0) - axes.Y(mass));
          stage.pen.fillRect(axes.X(at - 0.38), Math.max(axes.top, axes.Y(base) - high / 2), axes.X(at + 0.38) - axes.X(at - 0.38), high);
        }
      }
      if (document.activeElement === stage.canvas) {
        const i = chosen[name];
        stage.pen.strokeStyle = theme.ink;
        stage.pen.lineWidth = 2.5;
        stage.pen.strokeRect(axes.X(i - 0.43), axes.top + 1, axes.X(i + 0.43) - axes.X(i - 0.43), axes.bottom - axes.top - 1);
      }
    } });
    if (!live) return stage;
    const put = (/** @type {number} */ share) => {
      restart();
      frame.push({ [name]: reshare(model.get(name), chosen[name], Math.max(0, Math.min(1, share))) });
      follow();
    };
    stage.onPointer({ drag: (px, py, first) => {
      const axes = boards[name];
      if (!axes) return;
      if (first) {
        chosen[name] = Math.max(0, Math.min(bins().length - 1, Math.round(axes.xAt(px))));
        stage.canvas.focus({ preventScroll: true });
      }
      put(axes.yAt(py));
    } });
    stage.canvas.tabIndex = 0;
    stage.canvas.setAttribute("role", "slider");
    stage.canvas.setAttribute("aria-orientation", "vertical");
    stage.canvas.setAttribute("aria-label", `${label}: left and right choose a bin, up and down change its share`);
    stage.canvas.setAttribute("aria-valuemin", "0");
    stage.canvas.setAttribute("aria-valuemax", "1");
    stage.canvas.style.cursor = "ns-resize";
    stage.canvas.addEventListener("keydown", (e) => {
      const share = model.get(name)[chosen[name]];
      const by = e.shiftKey ? 0.1 : 0.02;
      if (e.key === "ArrowLeft") chosen[name] = Math.max(0, chosen[name] - 1);
      else if (e.key === "ArrowRight") chosen[name] = Math.min(bins().length - 1, chosen[name] + 1);
      else if (e.key === "ArrowUp") put(share + by);
      else if (e.key === "ArrowDown") put(share - by);
      else if (e.key === "Home") put(0);
      else if (e.key === "End") put(1);
      else return;
      e.preventDefault();
      follow();
    });
    for (const event of ["focus", "blur"]) stage.canvas.addEventListener(event, () => stage.invalidate());
    return stage;
  };
  const outline = (/** @type {Axes} */ axes, /** @type {number[]} */ shares, /** @type {string} */ color, /** @type {number[]} */ dash) => {
    const [xs, ys] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
    shares.forEach((share, i) => { xs.push(i - 0.38, i - 0.38, i + 0.38, i + 0.38); ys.push(0, share, share, 0); });
    axes.line(xs, ys, { color, width: 1.8, dash });
  };
  const stages = { p: heapStage("p", "Heap p"), q: heapStage("q", "Heap q") };
  const price = frame.stage({ label: "Potential f over the bins", height: 150, largeHeight: 138, draw: (stage) => {
    const theme = stage.theme;
    const n = bins().length;
    const f = prices.f;
    const top = f ? Math.max(1, ...f) : 1;
    const axes = new Axes(stage, { xlim: [-0.6, n - 0.4], ylim: [-0.06 * top, 1.1 * top], xticks: bins(), yticks: f ? [0, top] : [],
      title: f ? "potential f: never steeper than 1 a bin" : "potential f: revealed with the cost" });
    if (!f) return;
    axes.line(bins(), f, { color: theme.other, width: 2.5 });
    axes.points(bins(), f, { color: theme.other, size: 4.5 });
  } });

  // ---- right: the plan
  const key = legend();
  const plan = frame.stage({ label: "Plan P as a heat map: from bin i upwards, to bin j to the right", height: 310, largeHeight: 350, draw: (stage) => {
    const theme = stage.theme;
    const pen = stage.pen;
    const n = bins().length;
    // The strips beside the map are its sums: rows give p, columns give q.
    const strip = 1.2;
    const lim = /** @type {[number, number]} */ ([-0.5, n - 0.5 + strip]);
    const axes = new Axes(stage, { xlim: lim, ylim: lim, xticks: bins(), yticks: bins(), xlabel: "to bin j",
      title: "plan P: mass from bin i (upwards) to bin j" });
    let most = 0;
    for (const v of heaps.plan) most = Math.max(most, v);
    const [w, t] = [axes.X(1) - axes.X(0), axes.Y(0) - axes.Y(1)];
    const font = Math.min(0.9 * axes.font, 0.36 * w, 0.6 * t);
    const now = part > 0 && done < count() ? done : done - 1;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const v = heaps.plan[i * n + j];
        const [x, y] = [axes.X(j - 0.5), axes.Y(i + 0.5)];
        if (i === j) { pen.strokeStyle = theme.muted; pen.lineWidth = 1; pen.setLineDash([3, 3]); pen.strokeRect(x + 1, y + 1, w - 2, t - 2); pen.setLineDash([]); }
        if (v < NOTHING) continue;
        const strength = 0.2 + (0.8 * v) / most;
        pen.globalAlpha = strength;
        pen.fillStyle = theme.best;
        pen.fillRect(x + 1, y + 1, w - 2, t - 2);
        pen.globalAlpha = 1;
        if (font >= 8) {
          pen.font = `${font}px ${theme.font}`;
          pen.textAlign = "center";
          pen.textBaseline = "middle";
          pen.fillStyle = strength > 0.6 ? theme.background : theme.ink;
          pen.fillText(v < 0.005 ? "<.01" : v.toFixed(2).replace(/^0/, ""), x + w / 2, y + t / 2);
        }
        if (under() && now >= 0 && move(now)[0] === i && move(now)[1] === j) {
          pen.strokeStyle = theme.ink;
          pen.lineWidth = 3;
          pen.strokeRect(x + 1.5, y + 1.5, w - 3, t - 3);
        }
      }
    }
    const { p, q } = heaps;
    const highest = Math.max(...p, ...q);
    for (let i = 0; i < n; i++) {
      const long = (share) => (strip * 0.92 * share) / highest;
      pen.globalAlpha = 0.75;
      pen.fillStyle = colours(theme).p;
      const from = axes.X(n - 0.45);
      pen.fillRect(from, axes.Y(i + 0.38), axes.X(n - 0.45 + long(p[i])) - from, 0.76 * t);
      pen.fillStyle = colours(theme).q;
      const y = axes.Y(n - 0.45 + long(q[i]));
      pen.fillRect(axes.X(i - 0.38), y, 0.76 * w, axes.Y(n - 0.45) - y);
      pen.globalAlpha = 1;
    }
    key.set([
      { label: "p: sums of the rows", color: colours(theme).p, mark: "square" },
      { label: "q: sums of the columns", color: colours(theme).q, mark: "square" },
      { label: "P: what goes from i to j", color: theme.best, mark: "square" },
      { label: "f", color: theme.other, mark: "line" },
    ]);
  } });

  // ---- time
  const tick = (/** @type {number} */ now) => {
    if (!playing) return;
    const elapsed = Math.min(100, now - last);
    last = now;
    const [i, j] = move(done);
    part += elapsed / Math.max(SHORTEST, PACE * Math.abs(i - j));
    if (part >= 1) { part = 0; done += 1; }
    if (done >= count()) playing = false;
    else timer = requestAnimationFrame(tick);
    follow();
  };
  const halt = () => { cancelAnimationFrame(timer); clearTimeout(slow); playing = false; };
  let slow = 0;
  /** Without motion a move is made at once, and the next one a second later. */
  const jump = () => {
    if (!playing) return;
    done += 1;
    if (done >= count()) playing = false;
    else slow = window.setTimeout(jump, 1000);
    follow();
  };
  frame.onDispose(halt);
  const restart = () => { halt(); done = part = 0; };
  const play = button({ label: "Play", other: "Pause", onClick: () => {
    if (playing) { halt(); follow(); return; }
    if (!count()) return;
    if (done >= count()) restart();
    playing = true;
    if (reducedMotion()) { part = 0; jump(); } else { last = performance.now(); timer = requestAnimationFrame(tick); }
    follow();
  } });
  const to = (/** @type {number} */ k) => { halt(); part = 0; done = Math.max(0, Math.min(count(), k)); follow(); };
  const one = button({ label: "One move", onClick: () => to(done + 1) });
  const history = slider({ label: "Moves made", values: [0, 1], value: 0, wide: true, format: (k) => `${k} of ${count()}`, onInput: to });

  // ---- prediction
  /** What was predicted for these very heaps. @type {number | null} */
  let judged = null;
  let guessed = false;
  const guesses = () => Array.from({ length: 10 * (bins().length - 1) + 1 }, (_, i) => i / 10);
  const guess = slider({ label: "Guess of the cost", values: guesses(), value: model.get("guess"), wide: true,
    format: (v) => `${v.toFixed(1)} bins`, onInput: (v) => { guessed = true; frame.push({ guess: v }); } });
  const reveal = button({ label: "Reveal cost and f", other: "Hide cost and f", onClick: () => {
    judged = guessed && !model.get("revealed") ? model.get("guess") : null;
    frame.push({ revealed: !model.get("revealed") });
  } });
  const named = (/** @type {string[]} */ words) => /** @type {Array<[string, string]>} */ (words.map((w) => [w, w.charAt(0).toUpperCase() + w.slice(1)]));
  const pair = select({ label: "Heaps", options: named(model.get("pairs")), value: model.get("pair"),
    onChange: (v) => { restart(); frame.push({ pair: v }); } });
  const cost = h("span", { class: "ck-number" });
  const dual = h("span", { class: "ck-number" });
  const sofar = h("span", { class: "ck-number" });
  const numbers = h("div", { class: "ck-numbers" }, cost, dual, sofar);
  frame.controls.append(numbers, pair.element, play.element, one.element, reveal.element, history.element, guess.element, frame.large);
  const column = h("div", { class: "ck-column" }, stages.p.canvas, stages.q.canvas, price.canvas);
  const other = h("div", { class: "ck-column" }, plan.canvas, frame.controls);
  for (const canvas of [stages.p.canvas, stages.q.canvas, price.canvas, plan.canvas]) canvas.style.flex = "none";
  frame.plots.append(key.element, column, other);
  const words = /** @type {HTMLElement} */ (frame.root.querySelector(".ck-summary"));
  // In lecture size the plan is as high as the heaps, and the controls go below both.
  const place = () => {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    if (model.get("large")) frame.plots.after(frame.controls); else other.append(frame.controls);
    for (const { element } of [history, guess]) element.classList.toggle("ck-wide", !model.get("large"));
    // The room reads pictures and numbers; who turns and presses sits near. So all fits on a projector.
    const [near, far] = model.get("large") ? ["1.15", "1.5"] : ["1", "1"];
    for (const [element, scale] of [[frame.controls, near], [words, near], [key.element, near], [numbers, far]]) {
      element.style.setProperty("--ck-scale", scale);
      element.style.fontSize = "calc(14px * var(--ck-scale))";
    }
    if (frame.controls.contains(focused)) focused?.focus();
  };
  frame.follow(["large"], place);
  place();

  // ---- follow the model
  const follow = () => {
    pair.set(model.get("pair"));
    play.setLabel(playing ? "Pause" : "Play");
    play.setDisabled(!count());
    one.setDisabled(done >= count());
    history.setValues(Array.from({ length: count() + 1 }, (_, i) => i), done);
    guess.setValues(guesses(), model.get("guess"));
    reveal.setLabel(model.get("revealed") ? "Hide cost and f" : "Reveal cost and f");
    const known = (/** @type {ArrayLike<number> | undefined} */ v) => (v ? Math.max(0, v[0]).toFixed(3) : "?");
    cost.textContent = `cost Σ P|i−j| = ${known(prices.cost)}`;
    dual.textContent = `dual Σ (p−q) f = ${known(prices.dual)}`;
    sofar.textContent = `paid so far: ${carried().paid.toFixed(3)}`;
    if (live) {
      for (const name of /** @type {Array<"p" | "q">} */ (["p", "q"])) {
        chosen[name] = Math.min(chosen[name], bins().length - 1);
        const share = model.get(name)[chosen[name]];
        stages[name].canvas.setAttribute("aria-valuenow", String(share));
        stages[name].canvas.setAttribute("aria-valuetext", `bin ${chosen[name]} holds ${share.toFixed(2)} of the mass`);
      }
    }
    const words = [];
    if (!model.get("revealed")) words.push("Predict what the plan costs, then reveal.");
    else if (judged !== null && prices.cost) words.push(`You predicted ${judged.toFixed(1)} bins.`);
    if (under()) {
      const { heap, paid } = carried();
      words.push(`${done} of ${count()} moves made, ${paid.toFixed(3)} bins paid.`);
      if (!playing) words.push(`The heap now: ${heap.map((v) => Math.abs(v).toFixed(2)).join(", ")}.`);
    }
    frame.tell(words.join(" "), playing);
    frame.redraw();
  };
  frame.follow(["pair", "p", "q", "revealed", "guess"], follow);
  frame.follow(["heaps"], () => { heaps = arrays(model.get("heaps")); judged = null; guessed = false; restart(); follow(); });
  frame.follow(["prices"], () => { prices = arrays(model.get("prices")); follow(); });
  follow();
  return frame.dispose;
}

export default { render };
