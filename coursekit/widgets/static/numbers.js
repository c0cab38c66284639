// @ts-check
/** Arrays as they arrive from Python, and numbers as they are written on axes. */

const TYPES = { "<f4": Float32Array, "<i2": Int16Array, "|u1": Uint8Array };

/**
 * Unpack what `pack` in arrays.py sent: one binary block, and the shape and type of each array in it.
 * An array may start at any byte, so each is copied to where an array of its type may begin.
 * @param {{names: string[], shapes: number[][], types: string[], block: DataView}} packed
 * @returns {Record<string, any>}
 */
export function arrays(packed) {
  /** @type {Record<string, any>} */
  const out = {};
  if (!packed || !packed.names) return out;
  const view = packed.block;
  let start = view.byteOffset;
  packed.names.forEach((name, i) => {
    const Type = TYPES[/** @type {keyof typeof TYPES} */ (packed.types[i])];
    const end = start + packed.shapes[i].reduce((a, b) => a * b, Type.BYTES_PER_ELEMENT);
    out[name] = new Type(view.buffer.slice(start, end));
    start = end;
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
 * A heap with another share in one bin; the other bins give way in proportion, so that the sum stays one. Where they
 * are empty they get equal parts. `reshared` in transport_state.py is the same.
 * @param {number[]} heap shares whose sum is one @param {number} index @param {number} share
 */
export function reshare(heap, index, share) {
  const rest = heap.reduce((a, b) => a + b, 0) - heap[index];
  const left = 1 - share;
  return heap.map((value, i) => (i === index ? share : rest < 1e-9 ? left / (heap.length - 1) : (value * left) / rest));
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
