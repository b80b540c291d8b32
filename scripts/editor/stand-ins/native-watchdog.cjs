// Stands in for @vscode/native-watchdog in the test host: ends the extension host once its parent process is gone.

const EVERY_MS = 3000;
const PARENT_GONE = 87;

exports.start = (parent) => {
  setInterval(() => {
    try { process.kill(parent, 0); } catch { process.exit(PARENT_GONE); }
  }, EVERY_MS).unref();
};
