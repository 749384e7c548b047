/*
 * Runs JupyterLab's own HTML sanitizer, taken from the installed application
 * (its static folder is the argument), over standard input: what is printed is
 * what a notebook that is not trusted shows.
 *
 * The application's modules are loaded without a browser: whatever the
 * sanitizer's module asks for and is not among them is a stand-in that accepts
 * everything and does nothing.
 */
"use strict";
const fs = require("fs");
const path = require("path");

const folder = process.argv[2];
const mark = "allowedSchemesAppliedToAttributes"; /* an option of sanitize-html */
const modules = {};
const standIn = new Proxy(function () {}, {
  get: (target, key) =>
    key === Symbol.toPrimitive ? () => "" : key === "prototype" ? Object.prototype : standIn,
  apply: () => standIn,
  construct: () => standIn,
});

function collect(text) {
  const chunks = { push: (chunk) => Object.assign(modules, chunk[1]) };
  const self = new Proxy({}, { get: () => chunks, set: () => true });
  new Function("self", "navigator", "window", "document", text)(self, standIn, standIn, standIn);
}

const loaded = {};
function load(id) {
  if (!modules[id]) return standIn;
  if (!loaded[id]) {
    const module = (loaded[id] = { id, exports: {} });
    modules[id].call(module.exports, module, module.exports, load);
  }
  return loaded[id].exports;
}
load.o = (object, key) => Object.prototype.hasOwnProperty.call(object, key);
load.d = (exports, getters) => {
  for (const key of Object.keys(getters))
    if (!load.o(exports, key))
      Object.defineProperty(exports, key, { enumerable: true, get: getters[key] });
};
load.r = (exports) => Object.defineProperty(exports, "__esModule", { value: true });
load.n = (module) => {
  const getter = module && module.__esModule ? () => module.default : () => module;
  load.d(getter, { a: getter });
  return getter;
};
load.g = globalThis;

for (const name of fs.readdirSync(folder)) {
  const text = name.endsWith(".js") ? fs.readFileSync(path.join(folder, name), "utf8") : "";
  if (text.includes(mark)) collect(text);
}
const home = Object.keys(modules).find((id) => {
  const text = modules[id].toString();
  return text.includes(mark) && text.includes("setAllowNamedProperties");
});
if (!home) throw new Error(`no sanitizer found in ${folder}`);
const { Sanitizer } = load(home);
process.stdout.write(new Sanitizer().sanitize(fs.readFileSync(0, "utf8")));
