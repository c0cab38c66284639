// @ts-check
/** Native controls with labels: they come with keyboard, focus and a name for screen readers. */
import { marker } from "./looks.js";
import { format, nearest } from "./numbers.js";

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

/** A push button; `last` moves it to the end of its row. One whose label changes names its `other` label as well and is
 * wide enough for both, so that its neighbours stay where they are. Where there is nothing to do it says so and does
 * nothing, but keeps the focus: a `disabled` one would lose it, and the keyboard would be the notebook's again.
 * @param {{label: string, other?: string, onClick: () => void, pressed?: boolean, last?: boolean}} options */
export function button({ label, other = "", onClick, pressed, last = false }) {
  const element = h("button", { type: "button", class: last ? "ck-button ck-last" : "ck-button",
    onclick: () => { if (element.getAttribute("aria-disabled") !== "true") onClick(); } }, label);
  if (other) element.style.minWidth = `calc(${0.6 + 0.85 * Math.max(label.length, other.length)}ch + 1.4em + 2px)`;
  if (pressed !== undefined) element.setAttribute("aria-pressed", String(pressed));
  return {
    element,
    setLabel: (/** @type {string} */ text) => { if (element.textContent !== text) element.textContent = text; },
    setPressed: (/** @type {boolean} */ on) => element.setAttribute("aria-pressed", String(on)),
    setDisabled: (/** @type {boolean} */ off) => element.setAttribute("aria-disabled", String(off)),
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

/**
 * Words with the mark that stands for each. Marks: "line", "dash", "dots", "dot", "square", "triangle", "diamond", "ring".
 * @param {{rows?: number}} options rows to keep room for, so that the picture stays where it is when words come and go
 */
export function legend({ rows = 1 } = {}) {
  const element = h("ul", { class: "ck-legend", style: `--ck-rows: ${rows}` });
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
        const dash = /** @type {Record<string, number[]>} */ ({ line: [], dash: [6, 3], dots: [3, 3] })[mark];
        if (dash) {
          pen.strokeStyle = color;
          pen.lineWidth = 3;
          pen.setLineDash(dash);
          pen.beginPath(); pen.moveTo(1, 7); pen.lineTo(23, 7); pen.stroke();
        } else marker(pen, 12, 7, 5, mark, color);
        return h("li", {}, icon, label);
      }));
    },
  };
}
