// @ts-check
/** Colours that everyone can tell apart, the page's theme, and marks. */

/**
 * @typedef {{ink: string, muted: string, grid: string, background: string, light: boolean, font: string,
 *            estimate: string, truth: string, accent: string, best: string, other: string}} Theme
 */

/** Okabe and Ito's palette: distinguishable with every common colour-vision deficiency. */
export const OKABE_ITO = {
  black: "#000000", orange: "#E69F00", sky: "#56B4E9", green: "#009E73",
  yellow: "#F0E442", blue: "#0072B2", vermillion: "#D55E00", purple: "#CC79A7",
};

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

/**
 * One mark centred on a pixel: shape as well as colour tells marks apart.
 * @param {CanvasRenderingContext2D} pen @param {number} x @param {number} y @param {number} r
 * @param {string} shape @param {string} color
 */
export function marker(pen, x, y, r, shape, color) {
  pen.fillStyle = color;
  pen.beginPath();
  if (shape === "ring") {
    pen.strokeStyle = color;
    pen.lineWidth = 0.35 * r;
    pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.stroke();
    return;
  }
  if (shape === "square") pen.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
  else if (shape === "triangle") { pen.moveTo(x, y - r); pen.lineTo(x + r, y + r * 0.8); pen.lineTo(x - r, y + r * 0.8); }
  else if (shape === "diamond") { pen.moveTo(x, y - r * 1.2); pen.lineTo(x + r, y); pen.lineTo(x, y + r * 1.2); pen.lineTo(x - r, y); }
  else pen.arc(x, y, r, 0, 2 * Math.PI);
  pen.closePath();
  pen.fill();
}
