// @ts-check
/**
 * The canvas toolkit that every widget of the course draws with: Python computes, these files draw.
 *
 * A widget's own file imports what it needs from "./toolkit.js" and ends with `export default { render };`. anywidget
 * loads one module per widget from memory, where such an import has no meaning; so `compose_esm` in esm.py joins the
 * files listed here, in this order, with the widget's own.
 */
export * from "./numbers.js";
export * from "./deck.js";
export * from "./looks.js";
export * from "./controls.js";
export * from "./stage.js";
export * from "./axes.js";
export * from "./shell.js";
