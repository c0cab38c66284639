// @ts-check
import { arrays, nearest } from "./numbers.js";

/**
 * Frames that Python computed ahead of time (ahead.py), one for each value of a slider.
 * @param {{get(name: string): any}} model
 * @param {string} name the trait that holds them
 */
export function deck(model, name = "ahead") {
  /** @type {any} */
  let packed = null;
  /** @type {Record<string, Float32Array>} */
  let held = {};
  return {
    /**
     * The arrays of the frame to draw now; null where the deck does not hold the slider's value, or was computed for
     * another setting than the one that is shown.
     * @returns {Record<string, Float32Array> | null}
     */
    frame() {
      const now = model.get(name);
      if (!now?.about?.key) return null;
      if (now !== packed) [packed, held] = [now, arrays(now)];
      const { key, given } = packed.about;
      for (const [trait, value] of Object.entries(given)) {
        if (JSON.stringify(model.get(trait)) !== JSON.stringify(value)) return null;
      }
      const [values, wanted] = [held[key], model.get(key)];
      const row = nearest(values, wanted);
      if (!sameNumber(values[row], wanted)) return null;
      return Object.fromEntries(Object.entries(held).map(([array, all]) => {
        const size = all.length / values.length;
        return [array, all.subarray(row * size, (row + 1) * size)];
      }));
    },
  };
}

/** Whether two numbers are one, up to the digits that float32 keeps. @param {number} a @param {number} b */
export function sameNumber(a, b) {
  return Math.abs(a - b) <= 1e-6 * Math.abs(b);
}
