/**
 * A model without a kernel: setting a trait that was precomputed looks the frame up; any other trait is just kept.
 * It follows a widget's code in the same module, which leaves `widget` defined.
 */
const data = JSON.parse(document.getElementById("data").textContent);
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const pool = data.pool.map((packed) => ({ ...packed, block: bytes(packed.block) }));
const revive = (state) => Object.fromEntries(Object.entries(state).map(
  ([k, v]) => [k, v?.pooled !== undefined ? pool[v.pooled] : v]));
const state = revive(data.state);
const listeners = new Map();
const equal = (a, b) => (typeof a === "number" && typeof b === "number" ? sameNumber(a, b) : a === b);

function put(name, value) {
  const changed = state[name] !== value;
  state[name] = value;
  if (changed) for (const f of [...(listeners.get("change:" + name) ?? [])]) f();
}

let current = -1;
function lookUp() {
  let index = 0;
  for (const [name, values] of Object.entries(data.choices)) {
    let at = values.findIndex((v) => equal(v, state[name]));
    if (at < 0 && typeof state[name] === "number") at = nearest(values, state[name]);
    if (at < 0) return; // not precomputed: keep what is shown
    index = index * values.length + at;
  }
  if (index === current) return;
  current = index;
  for (const [name, value] of Object.entries(revive(data.frames[index]))) put(name, value);
}

const model = {
  get: (name) => state[name],
  set: put,
  save_changes: lookUp,
  send: () => {},
  on: (name, f) => { listeners.set(name, [...(listeners.get(name) ?? []), f]); },
  off: (name, f) => { listeners.set(name, (listeners.get(name) ?? []).filter((g) => g !== f)); },
};
const dispose = widget.render({ model, el: document.getElementById("widget") });
// For tests and for the curious: the model, and the function that takes the view down.
window.coursekit = { model, dispose, widget };
