// @ts-check
import { h } from "./controls.js";
import { readTheme, watchTheme } from "./looks.js";

/**
 * A canvas that fills the width of its host, is sharp on every screen, and redraws at most once a frame.
 */
export class Stage {
  /**
   * @param {{label: string, height: number, draw: (stage: Stage) => void, scale: () => number,
   *          failed: (error: unknown) => void, largeHeight?: number}} options
   *   height in CSS pixels at scale 1, and in lecture size: a third more, if not given
   */
  constructor({ label, height, largeHeight = 1.36 * height, draw, scale, failed }) {
    this.canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { class: "ck-canvas", role: "img", "aria-label": label }));
    this.pen = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    this.heights = { normal: height, large: largeHeight };
    this.scaleOf = scale;
    this.draw = draw;
    this.failed = failed;
    this.width = 0;
    this.height = 0;
    this.ratio = 1;
    /** Number of frames drawn so far; tests and the latency benchmark read it. */
    this.frames = 0;
    /** @type {import("./looks.js").Theme | null} */
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

  /** Fit the canvas to its place and its page: asks the browser for a layout, so not at every frame. */
  measure() {
    this.height = Math.round(this.scale > 1 ? this.heights.large : this.heights.normal);
    this.canvas.style.height = `${this.height}px`;
    this.width = this.canvas.clientWidth;
    this.ratio = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(this.width * this.ratio), Math.round(this.height * this.ratio)];
    if (this.canvas.width !== w || this.canvas.height !== h) [this.canvas.width, this.canvas.height] = [w, h];
    this.theme = readTheme(this.canvas);
  }

  paint() {
    if (!this.theme) this.measure();
    const { width, height, ratio } = this;
    if (width < 40) { this.theme = null; return; }
    const pen = this.pen;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = /** @type {import("./looks.js").Theme} */ (this.theme).background;
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
