// The keys and the signs of the view, in a dialog that Escape closes.

import { useEffect, useRef } from 'preact/hooks';
import { Glyph } from './glyph.tsx';
import { KEYS } from './keys.ts';
import { type Outcome, OUTCOMES } from './outcome.ts';

const NAMES: Readonly<Record<string, string>> = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑', ArrowDown: '↓', ' ': 'Space' };

export function Help({ open, close }: { open: boolean; close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (open) dialog.current!.showModal();
    else dialog.current!.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={close}>
      <h2 id="help-title">Keys</h2>
      <dl>{KEYS.map(({ keys, does }) => <div key={does}><dt>{keys.map((key) => <kbd key={key}>{NAMES[key] ?? key}</kbd>)}</dt><dd>{does}</dd></div>)}</dl>
      <h3>Signs</h3>
      <ul class="signs">{(Object.keys(OUTCOMES) as Outcome[]).map((outcome) => <li key={outcome}><Glyph outcome={outcome} size={13} />{OUTCOMES[outcome].word}</li>)}</ul>
      <button onClick={close}>Close</button>
    </dialog>
  );
}
