// The page that a run webview starts from. Pure text, so that the editor's host, the console and the browser tests serve the same bytes.

export interface PageParts {
  /** Fresh for every page; letters and digits. */
  readonly nonce: string;
  /** Where the page may load its own style and font from: `webview.cspSource`. */
  readonly cspSource: string;
  /** Addresses of the bundle. */
  readonly script: string;
  readonly style: string;
}

/** The run view's page. Nothing may load or run but the named bundle; nothing can be sent anywhere. Throws RangeError on a nonce that is not one. */
export function runHtml({ nonce, cspSource, script, style }: PageParts): string {
  if (!/^[A-Za-z0-9+/=_-]{16,}$/.test(nonce)) throw new RangeError('a nonce is at least 16 characters of base64; make a fresh one for each page');
  const policy = [
    "default-src 'none'", `script-src 'nonce-${nonce}'`, `style-src ${cspSource}`, `font-src ${cspSource}`,
    `img-src ${cspSource} data: blob:`, "connect-src 'none'", "base-uri 'none'", "form-action 'none'",
  ].join('; ');
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Governed run</title>
<link rel="stylesheet" href="${attribute(style)}">
</head>
<body>
<div id="app"></div>
<script nonce="${nonce}" type="module" src="${attribute(script)}"></script>
</body>
</html>
`;
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
