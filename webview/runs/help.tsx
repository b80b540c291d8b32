// The keys of the view, in a dialog that Escape closes.

import { useEffect, useRef } from 'preact/hooks';
import { KEYS } from './keys.ts';

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
      <button onClick={close}>Close</button>
    </dialog>
  );
}
