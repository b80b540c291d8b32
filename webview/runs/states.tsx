// What the view shows when there is no run to show yet, or no word from it.

import { Icon } from './glyph.tsx';

/** Seconds of silence after which the view helps to look for the cause. */
const LONG = 30;

export function Waiting({ since, now }: { since: number; now: number }) {
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  return (
    <div class="waiting">
      <div class="skeleton" aria-hidden="true"><span /><span /><span /><span /></div>
      <p role="status"><Icon name="loading" />Waiting for the first event{seconds > 2 ? ` … ${seconds} s` : ' …'}</p>
      {seconds >= LONG && (
        <ul class="hint">
          <li>Has the agent been started governed: by Debug Governed, or by <code>fullarc run</code>?</li>
          <li>Is the governor running? The status bar says so, and “Show Log” says why not.</li>
          <li>Did the agent make any call yet? Nothing is recorded before its run opens.</li>
        </ul>
      )}
    </div>
  );
}

export function LostBanner({ since }: { since: number }) {
  return (
    <p class="lost" role="status"><Icon name="debug-disconnect" />The live feed was lost at {new Date(since).toLocaleTimeString()}. This is the last known state; the agent goes on being governed.</p>
  );
}
