// @ts-check
/**
 * The canvas toolkit that every widget of the course draws with.
 *
 * Python computes, this file draws. A widget's own file imports what it needs from "./toolkit.js" and ends with
 * `export default { render };`. anywidget loads one module per widget, so `compose_esm` in esm.py joins the two
 * files into one: it drops the word `export` here and the import there. Both files stay valid modules for an editor.
 *
 * @typedef {{ink: string, muted: string, grid: string, background: string, light: boolean, font: string,
 *            estimate: string, truth: string, accent: string, best: string, other: string}} Theme
 * @typedef {{get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *            on(name: string, f: Function): void, off(name: string, f: Function): void,
 *            send(content: any): void}} Model
 */

/** Okabe and Ito's palette: distinguishable with every common colour-vision deficiency. */
export const OKABE_ITO = {
  black: "#000000", orange: "#E69F00", sky: "#56B4E9", green: "#009E73",
  yellow: "#F0E442", blue: "#0072B2", vermillion: "#D55E00", purple: "#CC79A7",
};

// ---------------------------------------------------------------- arrays

/**
 * Unpack what `pack` in arrays.py sent: one binary block of float32 and the shape of each array in it.
 * The block may start at any byte, so it is copied to where a Float32Array may begin.
 * @param {{names: string[], shapes: number[][], block: DataView}} packed
 * @returns {Record<string, Float32Array>}
 */
export function arrays(packed) {
  /** @type {Record<string, Float32Array>} */
  const out = {};
  if (!packed || !packed.names) return out;
  const view = packed.block;
  const all = new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
  let start = 0;
  packed.names.forEach((name, i) => {
    const length = packed.shapes[i].reduce((a, b) => a * b, 1);
    out[name] = all.subarray(start, start + length);
    start += length;
  });
  return out;
}

/**
 * Index of the entry of an ascending table nearest to a value.
 * @param {ArrayLike<number>} table @param {number} value
 */
export function nearest(table, value) {
  let best = 0;
  for (let i = 1; i < table.length; i++) {
    if (Math.abs(table[i] - value) < Math.abs(table[best] - value)) best = i;
  }
  return best;
}

/**
 * Heights of a histogram of the first `shown` points as a density: counts over (points times width). Python says which
 * bin each point is in; a point outside of all bins still counts as a point.
 * @param {ArrayLike<number>} bin @param {number} shown @param {ArrayLike<number>} edges equally spaced
 */
export function histogram(bin, shown, edges) {
  const heights = new Float64Array(edges.length - 1);
  const one = 1 / (Math.max(1, shown) * (edges[1] - edges[0]));
  for (let i = 0; i < shown; i++) if (bin[i] >= 0 && bin[i] < heights.length) heights[bin[i]] += one;
  return heights;
}

// ---------------------------------------------------------------- ticks and numbers

/** Round numbers between lo and hi: about `count`, at least three. @param {number} lo @param {number} hi */
export function niceTicks(lo, hi, count = 5) {
  if (!(hi > lo)) return [lo];
  const inside = (/** @type {number} */ step) => {
    const ticks = [];
    for (let i = Math.ceil(lo / step - 1e-9); i * step <= hi + 1e-9 * step; i++) ticks.push(i * step);
    return ticks;
  };
  const power = 10 ** Math.floor(Math.log10((hi - lo) / count));
  const choices = [10, 5, 2, 1, 0.5].map((m) => inside(m * power)); // ever more ticks
  const most = Math.max(0, choices.filter((ticks) => ticks.length <= count + 1).length - 1);
  return choices[most].length >= 3 ? choices[most] : choices[most + 1];
}

/** Ticks 1, 2, 5 times powers of ten; powers alone if there are too many. @param {number} lo @param {number} hi */
export function logTicks(lo, hi, count = 6) {
  const all = [];
  for (let p = Math.floor(Math.log10(lo)); p <= Math.ceil(Math.log10(hi)); p++) {
    for (const m of [1, 2, 5]) all.push(m * 10 ** p);
  }
  const inside = all.filter((t) => t >= lo * 0.9999 && t <= hi * 1.0001);
  if (inside.length <= count) return inside;
  return inside.filter((t) => Math.abs(Math.log10(t) - Math.round(Math.log10(t))) < 1e-9);
}

/** A number as a reader writes it: three significant digits, a true minus sign. @param {number} v */
export function format(v, digits = 3) {
  if (Number.isNaN(v)) return "not a number";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  const size = Math.abs(v);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5)
    ? v.toExponential(Math.max(0, digits - 2))
    : String(Number(v.toPrecision(digits)));
  return text.replace("-", "−");
}

// ---------------------------------------------------------------- theme

/** Relative luminance of a CSS colour, 0 to 1. @param {string} colour */
function luminance(colour) {
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  pen.fillStyle = "#ffffff";
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  const [r, g, b] = pen.getImageData(0, 0, 1, 1).data;
  return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
}

/**
 * Colours for what is behind the canvas. JupyterLab says light or dark on <body>; elsewhere the background decides.
 * Each role has a contrast of at least 3 to 1 against its background.
 * @param {Element} element @returns {Theme}
 */
export function readTheme(element) {
  const style = getComputedStyle(element);
  const background = style.getPropertyValue("--jp-layout-color0").trim() || "#ffffff";
  const flag = document.body.getAttribute("data-jp-theme-light");
  const light = flag === null ? luminance(background) > 0.5 : flag === "true";
  const font = style.getPropertyValue("--jp-ui-font-family").trim() || "system-ui, sans-serif";
  const o = OKABE_ITO;
  return light
    ? { light, background, font, ink: "#1b1b1b", muted: "#5a5a5a", grid: "#e2e2e2",
        estimate: o.blue, truth: "#1b1b1b", accent: o.vermillion, best: "#00805d", other: "#a8487f" }
    : { light, background, font, ink: "#f2f2f2", muted: "#b4b4b4", grid: "#3d3d3d",
        estimate: o.sky, truth: "#f2f2f2", accent: o.orange, best: "#1fc795", other: o.purple };
}

/** Call `changed` whenever the page's theme may have changed; returns the function that stops it. */
export function watchTheme(/** @type {() => void} */ changed) {
  const observer = new MutationObserver(changed);
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, { attributes: true,
      attributeFilter: ["data-jp-theme-light", "data-jp-theme-name", "class", "style"] });
  }
  return () => observer.disconnect();
}

/** Whether the reader asked the system for less motion. */
export function reducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// ---------------------------------------------------------------- elements and controls

/**
 * Make an element: attributes, listeners (`onclick` and kin), children.
 * @param {string} tag @param {Record<string, any>} attributes @param {...(Node|string)} children
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (typeof value === "boolean") node.toggleAttribute(name, value);
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/** An id no other view on the page has. */
function uid() {
  return "ck-" + Math.random().toString(36).slice(2, 10);
}

/**
 * A native range input with a label and its value in words, moved by pointer and by arrow keys. It walks over
 * `values`, so that a logarithmic slider needs no formula here: Python sends the table.
 * @param {{label: string, values: ArrayLike<number>, value: number, format?: (v: number) => string, wide?: boolean,
 *          onInput: (v: number) => void}} options wide: take a row of its own
 */
export function slider({ label, values, value, format: write = format, wide = false, onInput }) {
  const id = uid();
  let table = values;
  const input = h("input", { type: "range", id, min: 0, max: table.length - 1, step: 1 });
  const shown = h("span", { class: "ck-value", "aria-hidden": "true" });
  const show = (/** @type {number} */ v) => {
    shown.textContent = write(v);
    input.setAttribute("aria-valuetext", write(v));
  };
  input.addEventListener("input", () => {
    const v = table[Number(input.value)];
    show(v);
    onInput(v);
  });
  const set = (/** @type {number} */ v) => {
    input.value = String(nearest(table, v));
    show(v);
  };
  set(value);
  return {
    element: h("div", { class: wide ? "ck-control ck-slider ck-wide" : "ck-control ck-slider" }, h("label", { for: id }, label), input, shown),
    input, set,
    /** @param {ArrayLike<number>} t @param {number} v */
    setValues(t, v) { table = t; input.max = String(t.length - 1); set(v); },
  };
}

/**
 * A native drop-down list with a label.
 * @param {{label: string, options: Array<[string, string]>, value: string, onChange: (v: string) => void}} options
 */
export function select({ label, options, value, onChange }) {
  const id = uid();
  const input = h("select", { id });
  const fill = (/** @type {Array<[string, string]>} */ pairs) =>
    input.replaceChildren(...pairs.map(([v, text]) => h("option", { value: v }, text)));
  fill(options);
  input.value = value;
  input.addEventListener("change", () => onChange(input.value));
  return {
    element: h("div", { class: "ck-control" }, h("label", { for: id }, label), input),
    input, set: (/** @type {string} */ v) => { input.value = v; }, fill,
  };
}

/** A push button; `last` moves it to the end of its row.
 * @param {{label: string, onClick: () => void, pressed?: boolean, last?: boolean}} options */
export function button({ label, onClick, pressed, last = false }) {
  const element = h("button", { type: "button", class: last ? "ck-button ck-last" : "ck-button", onclick: onClick }, label);
  if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
  return {
    element,
    setLabel: (/** @type {string} */ text) => { if (element.textContent !== text) element.textContent = text; },
    setPressed: (/** @type {boolean} */ on) => element.setAttribute("aria-pressed", String(on)),
  };
}

/** A native check box with a label. @param {{label: string, checked: boolean, onChange: (on: boolean) => void}} o */
export function checkbox({ label, checked, onChange }) {
  const id = uid();
  const input = h("input", { type: "checkbox", id });
  input.checked = checked;
  input.addEventListener("change", () => onChange(input.checked));
  return {
    element: h("div", { class: "ck-control ck-check" }, input, h("label", { for: id }, label)),
    input, set: (/** @type {boolean} */ on) => { input.checked = on; },
  };
}

/** A row of words with the mark that stands for each. Marks: "line", "dash", "dot", "square", "triangle", "diamond". */
export function legend() {
  const element = h("ul", { class: "ck-legend" });
  let last = "";
  return {
    element,
    /** @param {Array<{label: string, color: string, mark: string}>} items */
    set(items) {
      const key = JSON.stringify(items);
      if (key === last) return;
      last = key;
      element.replaceChildren(...items.map(({ label, color, mark }) => {
        const icon = /** @type {HTMLCanvasElement} */ (h("canvas", { width: 48, height: 28, "aria-hidden": "true" }));
        const pen = /** @type {CanvasRenderingContext2D} */ (icon.getContext("2d"));
        pen.scale(2, 2);
        if (mark === "line" || mark === "dash") {
          pen.strokeStyle = color;
          pen.lineWidth = 3;
          pen.setLineDash(mark === "dash" ? [6, 3] : []);
          pen.beginPath(); pen.moveTo(1, 7); pen.lineTo(23, 7); pen.stroke();
        } else marker(pen, 12, 7, 5, mark, color);
        return h("li", {}, icon, label);
      }));
    },
  };
}

// ---------------------------------------------------------------- drawing

/**
 * One filled mark centred on a pixel: shape as well as colour tells marks apart.
 * @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} r
 * @param {string} shape @param {string} color
 */
export function marker(pen, x, y, r, shape, color) {
  pen.fillStyle = color;
  pen.beginPath();
  if (shape === "square") pen.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
  else if (shape === "triangle") { pen.moveTo(x, y - r); pen.lineTo(x + r, y + r * 0.8); pen.lineTo(x - r, y + r * 0.8); }
  else if (shape === "diamond") { pen.moveTo(x, y - r * 1.2); pen.lineTo(x + r, y); pen.lineTo(x, y + r * 1.2); pen.lineTo(x - r, y); }
  else pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.closePath();
  pen.fill();
}

/**
 * A canvas that fills the width of its host, is sharp on every screen, and redraws at most once a frame.
 */
export class Stage {
  /**
   * @param {{label: string, height: number, draw: (stage: Stage) => void, scale: () => number,
   *          failed: (error: unknown) => void}} options height in CSS pixels at scale 1
   */
  constructor({ label, height, draw, scale, failed }) {
    this.canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { class: "ck-canvas", role: "img", "aria-label": label }));
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.baseHeight = height;
    this.scaleOf = scale;
    this.draw = draw;
    this.failed = failed;
    this.width = 0;
    this.height = 0;
    /** Number of frames drawn so far; tests and the latency benchmark read it. */
    this.frames = 0;
    /** @type {Theme | null} */
    this.theme = null;
    this.pending = 0;
    this.observer = new ResizeObserver(() => this.refresh());
    this.observer.observe(this.canvas);
    this.stopTheme = watchTheme(() => this.refresh());
  }

  get scale() { return this.scaleOf(); }

  /** Read the theme and the size again, then redraw. */
  refresh() { this.theme = null; this.invalidate(); }

  invalidate() {
    if (!this.pending) this.pending = requestAnimationFrame(() => { this.pending = 0; this.paint(); });
  }

  paint() {
    const height = Math.round(this.baseHeight * (1 + 0.6 * (this.scale - 1)));
    this.canvas.style.height = `${height}px`;
    const width = this.canvas.clientWidth;
    if (width < 40) return;
    const ratio = window.devicePixelRatio || 1;
    const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== pixels[0] || this.canvas.height !== pixels[1]) {
      [this.canvas.width, this.canvas.height] = pixels;
    }
    this.width = width;
    this.height = height;
    this.theme ??= readTheme(this.canvas);
    const pen = this.pen;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = this.theme.background;
    pen.fillRect(0, 0, width, height);
    try {
      this.draw(this);
    } catch (error) {
      this.failed(error);
    }
    this.frames += 1;
    this.canvas.dataset.frames = String(this.frames);
  }

  /**
   * Pointer positions in CSS pixels of the canvas. `drag` gets each position while a button is held,
   * `hover` the others (null when the pointer leaves).
   * @param {{drag?: (x: number, y: number, first: boolean) => void, hover?: (at: [number, number] | null) => void}} to
   */
  onPointer({ drag, hover }) {
    let held = false;
    const place = (/** @type {PointerEvent} */ e) => {
      const box = this.canvas.getBoundingClientRect();
      return /** @type {[number, number]} */ ([e.clientX - box.left, e.clientY - box.top]);
    };
    if (drag) this.canvas.style.touchAction = "none";
    this.canvas.addEventListener("pointerdown", (e) => {
      if (!drag || e.button !== 0) return;
      held = true;
      this.canvas.setPointerCapture(e.pointerId);
      const [x, y] = place(e);
      drag(x, y, true);
    });
    this.canvas.addEventListener("pointermove", (e) => {
      const [x, y] = place(e);
      if (held && drag) drag(x, y, false);
      else if (hover) hover([x, y]);
    });
    const release = () => { held = false; };
    this.canvas.addEventListener("pointerup", release);
    this.canvas.addEventListener("pointercancel", release);
    this.canvas.addEventListener("pointerleave", () => { if (hover) hover(null); });
  }

  dispose() {
    cancelAnimationFrame(this.pending);
    this.observer.disconnect();
    this.stopTheme();
  }
}

/** Axes on a part of a stage: limits, ticks, and everything that is drawn in data coordinates. */
export class Axes {
  /**
   * @param {Stage} stage
   * @param {{xlim: [number, number], ylim: [number, number], xlog?: boolean, xlabel?: string, title?: string,
   *          top?: number, bottom?: number, xticks?: boolean, yticks?: number[]}} o
   *   top, bottom: the part of the stage's height to use, 0 to 1.
   */
  constructor(stage, { xlim, ylim, xlog = false, xlabel = "", title = "", top = 0, bottom = 1, xticks = true, yticks }) {
    this.stage = stage;
    this.pen = stage.pen;
    this.theme = /** @type {Theme} */ (stage.theme);
    this.font = 13 * stage.scale;
    Object.assign(this, { xlim, ylim });
    this.xlim = xlim;
    this.ylim = ylim;
    this.xlog = xlog;
    const f = this.font;
    this.left = 3.4 * f;
    this.right = stage.width - 0.9 * f;
    this.top = top * stage.height + (title ? 2 * f : 0.7 * f);
    this.bottom = bottom * stage.height - (xticks ? 1.8 * f : 0.4 * f) - (xlabel ? 1.4 * f : 0);
    this.frame(xlabel, title, xticks, yticks);
  }

  /** Pixel of a data value, x. @param {number} v */
  X(v) {
    const [a, b] = this.xlim;
    const t = this.xlog ? Math.log(v / a) / Math.log(b / a) : (v - a) / (b - a);
    return this.left + t * (this.right - this.left);
  }

  /** Pixel of a data value, y. @param {number} v */
  Y(v) {
    const [a, b] = this.ylim;
    return this.bottom - ((v - a) / (b - a)) * (this.bottom - this.top);
  }

  /** Data value at a pixel, x. @param {number} px */
  xAt(px) {
    const t = (px - this.left) / (this.right - this.left);
    const [a, b] = this.xlim;
    return this.xlog ? a * (b / a) ** t : a + t * (b - a);
  }

  /** Data value at a pixel, y. @param {number} px */
  yAt(px) {
    const [a, b] = this.ylim;
    return a + ((this.bottom - px) / (this.bottom - this.top)) * (b - a);
  }

  /** @param {string} xlabel @param {string} title @param {boolean} xticks @param {number[] | undefined} yticks */
  frame(xlabel, title, xticks, yticks) {
    const { pen, theme, font } = this;
    pen.lineWidth = 1;
    pen.setLineDash([]);
    pen.strokeStyle = theme.grid;
    pen.fillStyle = theme.muted;
    pen.font = `${font}px ${theme.font}`;
    const wide = Math.max(3, Math.floor((this.right - this.left) / (4.8 * font)));
    const xs = this.xlog ? logTicks(...this.xlim, 2 * wide) : niceTicks(...this.xlim, wide);
    const ys = yticks ?? niceTicks(...this.ylim, Math.max(2, Math.floor((this.bottom - this.top) / (3.2 * font))));
    pen.beginPath();
    for (const t of xs) { const x = Math.round(this.X(t)) + 0.5; pen.moveTo(x, this.top); pen.lineTo(x, this.bottom); }
    for (const t of ys) { const y = Math.round(this.Y(t)) + 0.5; pen.moveTo(this.left, y); pen.lineTo(this.right, y); }
    pen.stroke();
    pen.textBaseline = "middle";
    pen.textAlign = "right";
    for (const t of ys) pen.fillText(format(t), this.left - 0.4 * font, this.Y(t));
    pen.textAlign = "center";
    pen.textBaseline = "top";
    if (xticks) for (const t of xs) pen.fillText(format(t), this.X(t), this.bottom + 0.4 * font);
    pen.fillStyle = theme.ink;
    if (xlabel) pen.fillText(xlabel, (this.left + this.right) / 2, this.bottom + 1.75 * font);
    if (title) {
      pen.textAlign = "left";
      pen.textBaseline = "bottom";
      pen.font = `600 ${font}px ${theme.font}`;
      const start = Math.max(4, this.left - 2.4 * font);
      pen.fillText(title, start, this.top - 0.55 * font, this.stage.width - start - 2);
      pen.font = `${font}px ${theme.font}`;
    }
    pen.strokeStyle = theme.muted;
    pen.beginPath();
    pen.moveTo(this.left + 0.5, this.top);
    pen.lineTo(this.left + 0.5, this.bottom + 0.5);
    pen.lineTo(this.right, this.bottom + 0.5);
    pen.stroke();
  }

  /** Run `paint` with everything outside of the axes cut off. @param {() => void} paint */
  clipped(paint) {
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(this.left, this.top - 2, this.right - this.left, this.bottom - this.top + 3);
    this.pen.clip();
    paint();
    this.pen.restore();
  }

  /** @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys a gap is left where y is not finite */
  trace(xs, ys) {
    let down = false;
    for (let i = 0; i < xs.length; i++) {
      if (!Number.isFinite(ys[i])) { down = false; continue; }
      const x = this.X(xs[i]);
      const y = Math.max(-1e5, Math.min(1e5, this.Y(ys[i])));
      if (down) this.pen.lineTo(x, y); else this.pen.moveTo(x, y);
      down = true;
    }
  }

  /**
   * @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys
   * @param {{color?: string, width?: number, dash?: number[], alpha?: number}} o
   */
  line(xs, ys, { color = this.theme.estimate, width = 2.5, dash = [], alpha = 1 } = {}) {
    this.clipped(() => {
      const { pen } = this;
      pen.globalAlpha = alpha;
      pen.strokeStyle = color;
      pen.lineWidth = width * Math.sqrt(this.stage.scale);
      pen.lineJoin = "round";
      pen.setLineDash(dash.map((d) => d * this.stage.scale));
      pen.beginPath();
      this.trace(xs, ys);
      pen.stroke();
    });
  }

  /** Fill between a curve and zero. @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys */
  area(xs, ys, { color = this.theme.estimate, alpha = 0.2 } = {}) {
    if (!xs.length) return;
    this.clipped(() => {
      const { pen } = this;
      pen.globalAlpha = alpha;
      pen.fillStyle = color;
      pen.beginPath();
      this.trace(xs, ys);
      pen.lineTo(this.X(xs[xs.length - 1]), this.Y(0));
      pen.lineTo(this.X(xs[0]), this.Y(0));
      pen.fill();
    });
  }

  /** Bars of a histogram: `edges` has one entry more than `heights`. */
  bars(/** @type {ArrayLike<number>} */ edges, /** @type {ArrayLike<number>} */ heights,
    { color = this.theme.estimate, alpha = 0.55 } = {}) {
    this.clipped(() => {
      const { pen } = this;
      pen.globalAlpha = alpha;
      pen.fillStyle = color;
      for (let i = 0; i < heights.length; i++) {
        if (!(heights[i] > 0)) continue;
        const x = this.X(edges[i]);
        const y = this.Y(heights[i]);
        pen.fillRect(x + 0.5, y, Math.max(1, this.X(edges[i + 1]) - x - 1), this.Y(0) - y);
      }
    });
  }

  /** Marks at data coordinates. @param {ArrayLike<number>} xs @param {ArrayLike<number>} ys */
  points(xs, ys, { color = this.theme.accent, size = 4, shape = "dot", alpha = 1 } = {}) {
    this.clipped(() => {
      this.pen.globalAlpha = alpha;
      for (let i = 0; i < xs.length; i++) {
        marker(this.pen, this.X(xs[i]), this.Y(ys[i]), size * Math.sqrt(this.stage.scale), shape, color);
      }
    });
  }

  /** A short stroke at the bottom for each value. @param {ArrayLike<number>} xs */
  rug(xs, { color = this.theme.accent, height = 12 } = {}) {
    this.clipped(() => {
      const { pen } = this;
      // Many strokes overlap: thin them so that dense and sparse regions stay apart.
      pen.globalAlpha = Math.max(0.12, Math.min(0.9, 60 / Math.max(1, xs.length)));
      pen.strokeStyle = color;
      pen.lineWidth = 1.5 * Math.sqrt(this.stage.scale);
      pen.beginPath();
      for (let i = 0; i < xs.length; i++) {
        const x = this.X(xs[i]);
        pen.moveTo(x, this.bottom);
        pen.lineTo(x, this.bottom - height * this.stage.scale);
      }
      pen.stroke();
    });
  }

  /** A vertical line over the whole height. @param {number} x */
  vertical(x, { color = this.theme.ink, width = 2, dash = /** @type {number[]} */ ([]) } = {}) {
    this.line([x, x], this.ylim, { color, width, dash });
  }

  /**
   * A grid of values as colours from background to `color`: row 0 at the bottom, rows * columns entries.
   * @param {ArrayLike<number>} values @param {number} rows @param {number} columns
   */
  heatMap(values, rows, columns, { color = this.theme.estimate, max = 0 } = {}) {
    let top = max;
    if (!top) for (let i = 0; i < values.length; i++) top = Math.max(top, values[i]);
    this.clipped(() => {
      const { pen } = this;
      pen.fillStyle = color;
      const [x0, x1] = this.xlim;
      const [y0, y1] = this.ylim;
      const w = (x1 - x0) / columns;
      const t = (y1 - y0) / rows;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          pen.globalAlpha = Math.max(0, Math.min(1, values[r * columns + c] / (top || 1)));
          const x = this.X(x0 + c * w);
          const y = this.Y(y0 + (r + 1) * t);
          pen.fillRect(x, y, this.X(x0 + (c + 1) * w) - x + 0.5, this.Y(y0 + r * t) - y + 0.5);
        }
      }
    });
  }

  /** Words at a pixel, on a patch of background so that they stay readable over lines. */
  text(/** @type {string} */ words, /** @type {number} */ px, /** @type {number} */ py,
    { color = this.theme.ink, align = /** @type {CanvasTextAlign} */ ("left"), bold = false } = {}) {
    const { pen, theme, font } = this;
    pen.font = `${bold ? "600 " : ""}${font}px ${theme.font}`;
    const width = pen.measureText(words).width;
    const start = align === "right" ? px - width : align === "center" ? px - width / 2 : px;
    const x = Math.max(this.left + 2, Math.min(start, this.right - width));
    pen.globalAlpha = 0.85;
    pen.fillStyle = theme.background;
    pen.fillRect(x - 2, py - 0.65 * font, width + 4, 1.3 * font);
    pen.globalAlpha = 1;
    pen.fillStyle = color;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillText(words, x, py);
  }
}

// ---------------------------------------------------------------- the frame around every widget

/**
 * What all widgets share: a root with a name, room for stages and controls, the button for lecture size, the live
 * summary, the sentence that says what went wrong, and a list of what must be undone when the view goes.
 * @param {{model: Model, el: HTMLElement, name: string}} o
 */
export function shell({ model, el, name }) {
  const words = h("span");
  const live = h("span");
  const summary = h("p", { class: "ck-summary", role: "status", "aria-live": "polite" }, words, " ", live);
  const error = h("p", { class: "ck-error", role: "alert", hidden: true });
  // The style sheet shows this one when ipywidgets says that the kernel behind the widget is gone.
  const gone = h("p", { class: "ck-error ck-gone" }, "The kernel that computes this picture is gone. Run the cell again.");
  const plots = h("div", { class: "ck-plots" });
  const controls = h("div", { class: "ck-controls" });
  const root = h("section", { class: "ck-root", "aria-label": name }, plots, controls, summary, error, gone);
  el.append(root);

  /** @type {Array<() => void>} */
  const undo = [];
  const onDispose = (/** @type {() => void} */ f) => { undo.push(f); };
  /** @type {Stage[]} */
  const stages = [];

  const fail = (/** @type {unknown} */ problem) => {
    error.textContent = problem ? String(problem instanceof Error ? problem.message : problem) : "";
    error.hidden = !problem;
  };

  /** Follow changes of the model. @param {string[]} names @param {() => void} handler */
  const follow = (names, handler) => {
    const safe = () => { try { handler(); } catch (problem) { fail(problem); } };
    for (const n of names) {
      model.on(`change:${n}`, safe);
      onDispose(() => model.off(`change:${n}`, safe));
    }
  };

  /** Set traits and send them to Python; an old complaint is withdrawn. @param {Record<string, any>} values */
  const push = (values) => {
    fail("");
    if (model.get("error")) model.set("error", "");
    for (const [n, v] of Object.entries(values)) model.set(n, v);
    model.save_changes();
  };

  const scale = () => (model.get("large") ? 1.6 : 1);

  /** @param {{label: string, height: number, grow?: number, draw: (s: Stage) => void}} o */
  const stage = ({ label, height, grow = 1, draw }) => {
    const made = new Stage({ label, height, draw, scale, failed: fail });
    made.canvas.style.setProperty("--ck-grow", String(grow));
    stages.push(made);
    onDispose(() => made.dispose());
    return made;
  };

  const redraw = () => stages.forEach((s) => s.invalidate());

  const large = button({ last: true, label: "Lecture size", pressed: model.get("large"),
    onClick: () => push({ large: !model.get("large") }) });
  const resize = () => {
    root.style.setProperty("--ck-scale", String(scale()));
    large.setPressed(model.get("large"));
    stages.forEach((s) => s.refresh());
  };
  follow(["large"], resize);
  resize();

  const say = () => {
    if (words.textContent !== model.get("summary")) words.textContent = model.get("summary");
  };
  /** Add words to the summary; `busy` while they change too fast to be read aloud. */
  const tell = (/** @type {string} */ text, busy = false) => {
    summary.setAttribute("aria-busy", String(busy));
    if (live.textContent !== text) live.textContent = text;
  };
  const complain = () => fail(model.get("error"));
  follow(["summary"], say);
  follow(["error"], complain);
  say();
  complain();

  // JupyterLab takes plain keys for its own commands (left arrow: collapse), also from a slider that has the focus,
  // unless the very element says no. So plain keys are marked as ours just before JupyterLab looks; Shift+Enter and
  // keys with Ctrl stay the notebook's; Escape hands the keyboard back.
  const keys = (/** @type {KeyboardEvent} */ e) => {
    const target = /** @type {HTMLElement} */ (e.target);
    if (!root.contains(target)) return;
    const notebook = e.ctrlKey || e.metaKey || (e.shiftKey && e.key === "Enter");
    target.toggleAttribute("data-lm-suppress-shortcuts", !notebook);
    if (e.key === "Escape") {
      target.blur();
      /** @type {HTMLElement | null} */ (root.closest(".jp-Notebook"))?.focus();
    }
  };
  window.addEventListener("keydown", keys, true);
  onDispose(() => window.removeEventListener("keydown", keys, true));

  const dispose = () => { undo.splice(0).forEach((f) => f()); root.remove(); };
  return { root, plots, controls, tell, large: large.element, stage, follow, push, redraw, scale, fail, onDispose, dispose };
}
