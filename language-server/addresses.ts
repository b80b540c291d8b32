// URIs and paths. Editors spell the same file differently (`file:///c%3A/a`, `file:///C:/a`); here each file has one address.

import { fileURLToPath, pathToFileURL } from 'node:url';

/** The one spelling of a URI. */
export function addressOf(uri: string): string {
  const path = pathOf(uri);
  return path === undefined ? uri : uriOfPath(path);
}

/** Path of a `file:` URI; undefined for any other scheme, or when it is no valid one. */
export function pathOf(uri: string): string | undefined {
  if (!uri.startsWith('file:')) return undefined;
  try {
    return fileURLToPath(uri).replace(/^[a-z](?=:)/, (drive) => drive.toUpperCase());
  } catch {
    return undefined;
  }
}

export const uriOfPath = (path: string): string => pathToFileURL(path).href;
