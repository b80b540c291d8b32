// Hands the workbench of the test host what a desktop VS Code takes on its command line: extensions under development and their tests.

import type { Page } from 'playwright-core';

export interface Development {
  /** `host:port` of the served VS Code. */
  readonly authority: string;
  /** Folders of extensions to load from source. */
  readonly extensions: readonly string[];
  /** Module whose `run()` is called inside the extension host; its end is told by `codeAutomationExit`. */
  readonly tests?: string;
  /** Defaults, so that tests may still read and write the settings file. */
  readonly defaults?: Readonly<Record<string, unknown>>;
}

/**
 * Must be called before the page is opened. The workbench reads its options from an attribute of the page; this adds to what it reads.
 * The server's own way (`payload=` in the address) works only with a flag that also hides notifications.
 */
export async function develop(page: Page, development: Development): Promise<void> {
  await page.addInitScript(addOptions, development);
}

/** Runs in the page, so it uses nothing from outside itself. */
function addOptions({ authority, extensions, tests, defaults }: Development): void {
  const remote = (path: string) => ({ $mid: 1, scheme: 'vscode-remote', authority, path });
  const read = Element.prototype.getAttribute;
  Element.prototype.getAttribute = function getAttribute(name: string): string | null {
    const value = read.call(this, name);
    if (name !== 'data-settings' || this.id !== 'vscode-workbench-web-configuration' || !value) return value;
    const options = JSON.parse(value);
    options.developmentOptions = { ...options.developmentOptions, extensions: extensions.map(remote), ...(tests ? { extensionTestsPath: remote(tests) } : {}) };
    options.configurationDefaults = { ...options.configurationDefaults, ...defaults };
    return JSON.stringify(options);
  };
}
