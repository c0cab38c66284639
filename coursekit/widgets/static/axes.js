// @ts-check
import { marker } from "./looks.js";
import { format, logTicks, niceTicks } from "./numbers.js";

/** @typedef {import("./stage.js").Stage} Stage */
/** @typedef {import("./looks.js").Theme} Theme */

/** Opacity of one stroke among thousands. */
export const FAINTEST = 0.35;

/** Axes on a part of a stage: limits, ticks, and everything that is drawn in data coordinates. */
export class Axes {
  /**
   * @param {Stage} stage
   * @param {{xlim: [number, number], ylim: [number, number], xlog?: boolean, xlabel?: string, title?: string,
   *          top?: number, bottom?: number, xticks?: boolean | number[], yticks?: number[]}} o
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

  /** @param {string} xlabel @param {string} title @param {boolean | number[]} xticks @param {number[] | undefined} yticks */
  frame(xlabel, title, xticks, yticks) {
    const { pen, theme, font } = this;
    pen.lineWidth = 1;
    pen.setLineDash([]);
    pen.strokeStyle = theme.grid;
    pen.fillStyle = theme.muted;
    pen.font = `${font}px ${theme.font}`;
    const wide = Math.max(3, Math.floor((this.right - this.left) / (4.8 * font)));
    const xs = Array.isArray(xticks) ? xticks : this.xlog ? logTicks(...this.xlim, 2 * wide) : niceTicks(...this.xlim, wide);
    let ys = yticks ?? niceTicks(...this.ylim, Math.max(2, Math.floor((this.bottom - this.top) / (3.2 * font))));
    // On a low picture round steps may still be too many: numbers must not touch.
    while (!yticks && ys.length > 2 && this.Y(ys[0]) - this.Y(ys[1]) < 1.4 * font) ys = ys.filter((_, i) => i % 2 === 0);
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

  /**
   * A short stroke at the bottom for each value; where strokes overlap they are darker. Thousands of strokes fall on a
   * few hundred pixels, so they are counted first and drawn once for each pair of pixels.
   * @param {ArrayLike<number>} xs
   */
  rug(xs, { color = this.theme.accent, height = 12 } = {}) {
    const { pen } = this;
    const wide = 2 * Math.sqrt(this.stage.scale);
    const counts = new Uint16Array(Math.max(0, Math.ceil((this.right - this.left) / wide)));
    for (let i = 0; i < xs.length; i++) {
      const column = Math.floor((this.X(xs[i]) - this.left) / wide);
      if (column >= 0 && column < counts.length) counts[column] += 1;
    }
    // One stroke of few is nearly opaque, of many fainter, never too faint to be seen from the last row; where most
    // strokes fall it is opaque, so that dense and sparse regions stay apart.
    const one = Math.max(FAINTEST, Math.min(0.9, 60 / Math.max(1, xs.length)));
    const most = counts.reduce((a, b) => Math.max(a, b), 2);
    pen.save();
    pen.fillStyle = color;
    counts.forEach((count, column) => {
      if (!count) return;
      pen.globalAlpha = one + ((1 - one) * (count - 1)) / (most - 1);
      pen.fillRect(this.left + column * wide, this.bottom - height * this.stage.scale, wide, height * this.stage.scale);
    });
    pen.restore();
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
