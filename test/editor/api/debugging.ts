// F5 on a governed agent: it runs, its output and what governance did are in the console, and it does not start when it cannot be governed.

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import * as vscode from 'vscode';
import { WEBVIEWS } from '../../../protocol/ids.ts';
import { activated, eventually, file, start } from './support.ts';

describe('debugging', () => {
  before(activated);

  it('runs an agent to its end, with its output and its exit code', async () => {
    const run = await start({ args: ['print'] });
    assert(run);
    assert.equal(await run.exitCode, 3);
    assert.match(run.text(), /hello from the agent/);
    assert(run.output.some((line) => line.category === 'stderr' && line.output.includes('standard error')), run.text());
    run.dispose();
  });

  it('tells of a refusal, with a link to the policy', async () => {
    const run = await start({ args: ['reach'] });
    assert(run);
    await run.exitCode;
    const line = run.output.find((each) => each.category === 'console' && each.output.includes('known-hosts'));
    assert(line, run.text());
    assert.match(line.source?.path ?? '', /policies\.yaml$/);
    const text = (await readFile(line.source?.path ?? '', 'utf8')).split('\n');
    assert.match(text.slice((line.line ?? 1) - 1, (line.line ?? 1) + 3).join('\n'), /known-hosts|allowed_domains/);
    run.dispose();
  });

  it('shows the agents as threads, and Stop ends them', async () => {
    const run = await start({ args: ['wait'] });
    assert(run);
    await run.says('waiting');
    const { threads } = await run.session.customRequest('threads');
    assert.deepEqual(threads.map((thread: { name: string }) => thread.name), ['prober']);
    await vscode.debug.stopDebugging(run.session);
    await run.exitCode;
    assert.match(run.text(), /killed/);
    run.dispose();
  });

  it('opens the picture of the run beside, without taking the focus', async () => {
    await vscode.window.showTextDocument(file('agent.mjs'));
    const run = await start({ args: ['print'], openRun: true });
    assert(run);
    await run.exitCode;
    const tabs = (): readonly vscode.Tab[] => vscode.window.tabGroups.all.flatMap((group) => group.tabs);
    const tab = await eventually('a run panel', () => tabs().find((each) => each.input instanceof vscode.TabInputWebview && each.input.viewType.endsWith(WEBVIEWS.run)));
    assert.match(tab.label, /prober/);
    assert.equal(vscode.window.activeTextEditor?.document.uri.path, file('agent.mjs').path);
    await vscode.window.tabGroups.close(tab);
    run.dispose();
  });

  it('does not start an agent that nobody declared', async () => {
    assert.equal(await start({ agent: 'stranger', args: ['print'] }), undefined);
  });

  it('does not start an agent while the policies do not compile', async () => {
    const policies = file('.fullarc/policies.yaml').fsPath;
    const whole = await readFile(policies, 'utf8');
    await writeFile(policies, whole.replace('category: network', 'category: nonsense'));
    try {
      const started = start({ args: ['print'] });
      await eventually('the reason is shown, and closed', async () => {
        await vscode.commands.executeCommand('notifications.clearAll');
        return Promise.race([started.then((run) => ({ run })), new Promise<undefined>((resolve) => setTimeout(resolve, 100))]);
      });
      assert.equal(await started, undefined);
    } finally {
      await writeFile(policies, whole);
    }
  });
});
