// @ts-check
import { button, h } from "./controls.js";
import { Stage } from "./stage.js";

/**
 * @typedef {{get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *            on(name: string, f: Function): void, off(name: string, f: Function): void,
 *            send(content: any): void}} Model
 */

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

  /** @param {{label: string, height: number, largeHeight?: number, grow?: number, draw: (s: Stage) => void}} o */
  const stage = ({ label, height, largeHeight, grow = 1, draw }) => {
    const made = new Stage({ label, height, largeHeight, draw, scale, failed: fail });
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
    root.classList.toggle("ck-large", model.get("large"));
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
