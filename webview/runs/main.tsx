// Starts the run view: connects the editor, the store and the page.

import { render } from 'preact';
import { connectHost } from '../host.ts';
import { App } from './app.tsx';
import './runs.css';
import { RunStore } from './store.ts';
import type { Saved } from './view-state.ts';

const host = connectHost<Saved>();
const store = new RunStore((tell) => requestAnimationFrame(tell));
host.listen((message) => store.receive(message));
render(<App store={store} host={host} clock={Date.now} />, document.getElementById('app')!);
host.post({ type: 'ready' });
