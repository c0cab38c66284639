// @ts-check
/** Arrays as they arrive from Python, and numbers as they are written on axes. */

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

/**
 * The part of a curve up to x, whose last point lies at x itself, on the straight line between two given points.
 * @param {ArrayLike<number>} xs ascending @param {ArrayLike<number>} ys @param {number} x
 * @returns {[number[], number[]]}
 */
export function curveUpTo(xs, ys, x) {
  let k = 0;
  while (k < xs.length && xs[k] <= x) k++;
  const left = /** @type {[number[], number[]]} */ ([Array.from(xs).slice(0, k), Array.from(ys).slice(0, k)]);
  if (k > 0 && k < xs.length && xs[k - 1] < x) {
    left[0].push(x);
    left[1].push(ys[k - 1] + ((ys[k] - ys[k - 1]) * (x - xs[k - 1])) / (xs[k] - xs[k - 1]));
  }
  return left;
}

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
