// Where the paths of a command lead: resolved against the working directory, `..` taken out, home directories in one spelling. Text only; links are not followed.

/** Absolute, with `/`, without `.`, `..` and doubled slashes. `~` stays a first part of its own, whoever's home it is. */
export function resolvePath(path: string, cwd: string): string {
  const spelled = path.replaceAll('\\', '/').replace(/^file:\/\/(?=\/)/, '').replace(/^(?:\$HOME|\$\{HOME\}|~[\w.-]*)(?=\/|$)/, '~').replace(/^(?:\$PWD|\$\{PWD\})(?=\/|$)/, '.');
  const whole = /^(?:\/|~|[A-Za-z]:)/.test(spelled) ? spelled : `${cwd.replaceAll('\\', '/')}/${spelled}`;
  const parts: string[] = [];
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return whole.startsWith('~') && parts[0] === '~' ? parts.join('/') : `/${parts.join('/')}`;
}

/** The same with every usual place of a home directory written `~`. */
export function homeSpelling(path: string): string {
  return path.replace(/^(?:\/home\/[^/]+|\/Users\/[^/]+|\/root|\/[A-Za-z]:\/Users\/[^/]+)(?=\/|$)/, '~');
}

/** True when a path is a folder or lies in it. */
export function isInside(path: string, folder: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`);
}
