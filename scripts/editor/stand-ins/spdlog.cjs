// Stands in for @vscode/spdlog in the test host: the same calls, plain appends. The log files are also what output channels show, so they must be real.

const { appendFileSync, mkdirSync } = require('node:fs');
const { dirname } = require('node:path');

const LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
const METHODS = ['trace', 'debug', 'info', 'warn', 'error', 'critical'];

/** Writes once per turn of the event loop; a file that cannot be written is given up silently, as the native logger does. */
class Logger {
  #file;
  #level = LEVELS.indexOf('info');
  #formatted = true;
  #pending = '';
  #flush;

  constructor(file) {
    this.#file = file;
    quietly(() => mkdirSync(dirname(file), { recursive: true }));
    this.#append('');
  }

  log(level, message) {
    if (level < this.#level) return;
    this.#pending += this.#formatted ? `${new Date().toISOString().replace('T', ' ').slice(0, 23)} [${LEVELS[level]}] ${message}\n` : message;
    this.#flush ??= setImmediate(() => this.flush());
  }

  flush() {
    clearImmediate(this.#flush);
    this.#flush = undefined;
    if (this.#pending) this.#append(this.#pending);
    this.#pending = '';
  }

  getLevel() { return this.#level; }
  setLevel(level) { this.#level = level; }
  setPattern() {}
  clearFormatters() { this.#formatted = false; }
  drop() { this.flush(); }
  #append(text) { quietly(() => appendFileSync(this.#file, text)); }
}
METHODS.forEach((method, level) => { Logger.prototype[method] = function write(message) { this.log(level, message); }; });

function quietly(action) {
  try { action(); } catch { /* there is nowhere left to say it */ }
}

exports.version = 11100;
exports.setLevel = () => {};
exports.setFlushOn = () => {};
exports.Logger = class extends Logger { constructor(_type, _name, file) { super(file); } };
exports.createRotatingLogger = async (_name, file) => new Logger(file);
exports.createAsyncRotatingLogger = async (_name, file) => new Logger(file);
