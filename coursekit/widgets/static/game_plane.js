// @ts-check

/** Cells of the manifold's lines along a side, as NODES in game_picture.py. */
const NODES = 33;
/** Strength of the critic's colours behind the points: strong enough to see, weak enough to read points on. */
const TINT = 0.42;
/** Where an arrow is half as long as it can get, in nats for a way of half a window. */
const HALF_LENGTH = 5;

/** The three parts of a CSS colour such as #0072B2. @param {string} hex */
const parts = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

/** A CSS colour as "#rrggbb", whatever way it was written. @param {string} colour */
function hex(colour) {
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  pen.fillStyle = "#ffffff";
  pen.fillStyle = colour;
  return /** @type {string} */ (pen.fillStyle);
}

/**
 * One side of the game: the critic's map, data, generated points, and what is drawn over them. What does not change
 * from frame to frame (the data) and what is large (the map) is kept as a picture, so a frame costs a millisecond or two.
 */
export class Plane {
  constructor() {
    this.small = document.createElement("canvas");
    this.layer = document.createElement("canvas");
    this.layerFor = "";
    /** The square in which things are drawn, in CSS pixels. */
    this.square = { left: 0, top: 0, side: 1 };
  }

  /** Pixels of a pair of levels. @param {number} a @param {number} b @param {number} unit */
  at(a, b, unit) {
    const { left, top, side } = this.square;
    return [left + side * (0.5 + a / (2 * unit)), top + side * (0.5 - b / (2 * unit))];
  }

  /** Where in the square a pixel lies, from -1 to 1 in both directions. @param {number} px @param {number} py */
  place(px, py) {
    const { left, top, side } = this.square;
    return [(2 * (px - left)) / side - 1, 1 - (2 * (py - top)) / side];
  }

  /**
   * @param {any} stage
   * @param {{title: string[], unit: number, points: Int16Array, data: Int16Array, modes?: Int16Array, caught?: Uint8Array,
   *          heat?: Uint8Array, tails?: Int16Array, arrows?: Float32Array, manifold?: Int16Array, stroke: number[][],
   *          cursor: [number, number] | null, dataStamp: any}} o
   */
  draw(stage, o) {
    const { pen, theme, width, height } = stage;
    const font = 13 * stage.scale;
    const top = 2.9 * font;
    const side = Math.min(width - 2, height - top - 2);
    this.square = { left: (width - side) / 2, top, side };
    const { left } = this.square;
    this.title(stage, o.title, font);
    pen.save();
    pen.beginPath();
    pen.rect(left, top, side, side);
    pen.clip();
    if (o.heat) this.map(pen, theme, o.heat);
    this.data(stage, o);
    if (o.manifold) this.manifold(stage, o.manifold, o.unit);
    this.missing(stage, o);
    this.points(stage, o.points, o.unit);
    if (o.arrows && o.tails) this.arrows(stage, o.tails, o.arrows, o.unit);
    if (o.stroke.length) {
      pen.fillStyle = theme.estimate;
      for (const [x, y] of o.stroke) { const [px, py] = this.at(x * o.unit, y * o.unit, o.unit); pen.fillRect(px - 2, py - 2, 4, 4); }
    }
    if (o.cursor) this.cross(stage, o.cursor, o.unit);
    pen.restore();
    pen.strokeStyle = theme.muted;
    pen.lineWidth = 1;
    pen.setLineDash([]);
    pen.strokeRect(Math.round(left) + 0.5, Math.round(top) + 0.5, Math.round(side) - 1, Math.round(side) - 1);
  }

  /** @param {any} stage @param {string[]} lines @param {number} font */
  title(stage, [name, found], font) {
    const { pen, theme, width } = stage;
    pen.fillStyle = theme.ink;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = `600 ${font}px ${theme.font}`;
    pen.fillText(name, width / 2, 0.75 * font, width - 4);
    pen.font = `${font}px ${theme.font}`;
    pen.fillText(found, width / 2, 2.1 * font, width - 4);
  }

  /** From what looks generated to what looks like data, through the background. */
  map(/** @type {CanvasRenderingContext2D} */ pen, /** @type {any} */ theme, /** @type {Uint8Array} */ heat) {
    const n = Math.round(Math.sqrt(heat.length));
    if (this.small.width !== n) [this.small.width, this.small.height] = [n, n];
    const small = /** @type {CanvasRenderingContext2D} */ (this.small.getContext("2d"));
    const image = small.createImageData(n, n);
    if (this.paletteFor !== theme) { this.paletteFor = theme; this.palette = tints(theme); }
    const palette = /** @type {Uint8ClampedArray} */ (this.palette);
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < n; column++) {
        const from = 3 * heat[row * n + column];
        const to = 4 * ((n - 1 - row) * n + column);
        image.data[to] = palette[from];
        image.data[to + 1] = palette[from + 1];
        image.data[to + 2] = palette[from + 2];
        image.data[to + 3] = 255;
      }
    }
    small.putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = true;
    pen.drawImage(this.small, this.square.left, this.square.top, this.square.side, this.square.side);
  }

  /** Data stay where they are: drawn once for each size and theme, then only copied. @param {any} stage @param {any} o */
  data(stage, o) {
    const { theme, ratio } = stage;
    const { left, top, side } = this.square;
    const key = JSON.stringify([side, ratio, theme.estimate, stage.scale]);
    if (this.layerFor !== key || this.layerOf !== o.dataStamp) {
      [this.layerFor, this.layerOf] = [key, o.dataStamp];
      this.layer.width = this.layer.height = Math.max(1, Math.round(side * ratio));
      const pen = /** @type {CanvasRenderingContext2D} */ (this.layer.getContext("2d"));
      pen.scale(ratio, ratio);
      pen.translate(-left, -top);
      pen.fillStyle = theme.estimate;
      pen.globalAlpha = 0.55;
      const size = 2.4 * Math.sqrt(stage.scale);
      for (let i = 0; i < o.data.length; i += 2) {
        const [px, py] = this.at(o.data[i], o.data[i + 1], o.unit);
        pen.fillRect(px - size / 2, py - size / 2, size, size);
      }
    }
    stage.pen.drawImage(this.layer, left, top, side, side);
  }

  /** @param {any} stage @param {Int16Array} points @param {number} unit */
  points(stage, points, unit) {
    const { pen, theme } = stage;
    const size = 2.2 * Math.sqrt(stage.scale);
    const { left, top, side } = this.square;
    const by = side / (2 * unit);
    const [x0, y0] = [left + side / 2 - size / 2, top + side / 2 - size / 2];
    pen.fillStyle = theme.accent;
    pen.globalAlpha = 0.8;
    for (let i = 0; i < points.length; i += 2) pen.fillRect(x0 + by * points[i], y0 - by * points[i + 1], size, size);
    pen.globalAlpha = 1;
  }

  /** A ring around each mode that no point has caught. @param {any} stage @param {any} o */
  missing(stage, o) {
    if (!o.modes || !o.caught) return;
    const { pen, theme } = stage;
    pen.strokeStyle = theme.ink;
    pen.lineWidth = 1.6 * Math.sqrt(stage.scale);
    for (let k = 0; k < o.caught.length; k++) {
      if (o.caught[k]) continue;
      const [px, py] = this.at(o.modes[2 * k], o.modes[2 * k + 1], o.unit);
      pen.beginPath();
      pen.arc(px, py, 9 * Math.sqrt(stage.scale), 0, 2 * Math.PI);
      pen.stroke();
    }
  }

  /** Where the keyboard draws. @param {any} stage @param {[number, number]} at @param {number} unit */
  cross(stage, [a, b], unit) {
    const { pen, theme, scale } = stage;
    const [[px, py], arm] = [this.at(a * unit, b * unit, unit), 11 * Math.sqrt(scale)];
    pen.strokeStyle = theme.ink;
    pen.lineWidth = 2 * Math.sqrt(scale);
    pen.beginPath();
    pen.moveTo(px - arm, py);
    pen.lineTo(px + arm, py);
    pen.moveTo(px, py - arm);
    pen.lineTo(px, py + arm);
    pen.stroke();
  }

  /** The grid of z, pushed through G. @param {any} stage @param {Int16Array} nodes @param {number} unit */
  manifold(stage, nodes, unit) {
    const { pen, theme } = stage;
    pen.strokeStyle = theme.other;
    pen.lineWidth = Math.sqrt(stage.scale);
    pen.globalAlpha = 0.65;
    pen.beginPath();
    for (const [along, across] of [[1, NODES], [NODES, 1]]) {
      for (let line = 0; line < NODES; line++) {
        for (let node = 0; node < NODES; node++) {
          const i = 2 * (line * across + node * along);
          const [px, py] = this.at(nodes[i], nodes[i + 1], unit);
          if (node) pen.lineTo(px, py); else pen.moveTo(px, py);
        }
      }
    }
    pen.stroke();
    pen.globalAlpha = 1;
  }

  /**
   * Length grows with the gradient and has an end, so that long ones do not cover all and a vanished one vanishes.
   * @param {any} stage @param {Int16Array} tails @param {Float32Array} arrows @param {number} unit
   */
  arrows(stage, tails, arrows, unit) {
    const { pen, theme } = stage;
    const most = 0.1 * this.square.side;
    pen.strokeStyle = theme.best;
    pen.lineWidth = 1.5 * Math.sqrt(stage.scale);
    pen.beginPath();
    for (let i = 0; i < tails.length; i += 2) {
      const [u, v] = [arrows[i], -arrows[i + 1]];
      const size = Math.hypot(u, v);
      const length = (most * size) / (size + HALF_LENGTH);
      if (length < 1) continue;
      const [px, py] = this.at(tails[i], tails[i + 1], unit);
      const [dx, dy] = [u / size, v / size];
      const [x, y, head] = [px + length * dx, py + length * dy, Math.min(5, 0.45 * length)];
      pen.moveTo(px, py);
      pen.lineTo(x, y);
      pen.moveTo(x - head * (dx + 0.6 * dy), y - head * (dy - 0.6 * dx));
      pen.lineTo(x, y);
      pen.lineTo(x - head * (dx - 0.6 * dy), y - head * (dy + 0.6 * dx));
    }
    pen.stroke();
  }
}

/** 256 colours, from the generated points' through the background to the data's. @param {any} theme */
function tints(theme) {
  const [low, middle, high] = [theme.accent, theme.background, theme.estimate].map((c) => parts(hex(c)));
  const out = new Uint8ClampedArray(3 * 256);
  for (let level = 0; level < 256; level++) {
    const t = level / 127.5 - 1;
    const end = t < 0 ? low : high;
    for (let c = 0; c < 3; c++) out[3 * level + c] = middle[c] + TINT * Math.abs(t) * (end[c] - middle[c]);
  }
  return out;
}
