// Detectors for credentials, from the formats that their issuers publish.
// @secretlint's rules would be the ready-made choice, but they run asynchronously, through a core that reads configuration; a verdict is made at once, and a stream
// has to know where a token may still be growing, which only the shape itself tells. test/bench/detection.ts runs both on the same texts.

import type { Detector } from './detector.ts';
import { lexical } from './detector.ts';

export const CREDENTIAL_TYPES = [
  'aws_key', 'github_token', 'gitlab_token', 'npm_token', 'openai_key', 'anthropic_key', 'google_key', 'slack_token', 'stripe_key', 'private_key', 'jwt', 'password', 'url_password', 'service_token',
] as const;
export type CredentialType = (typeof CREDENTIAL_TYPES)[number];

const NOT_INSIDE = '(?<![A-Za-z0-9_])';
const WORD = '[A-Za-z0-9]';
const URL_SAFE = '[A-Za-z0-9_-]';

/** Key ids of long-lived, temporary, bearer and context-specific credentials (AWS IAM, "Understanding unique ID prefixes"). */
const awsKeyId = lexical({ kind: 'aws_key', head: '(?<![A-Za-z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])' });
/** The secret half has no mark of its own; it is 40 base64 characters after its name. */
const awsSecret = lexical({ kind: 'aws_key', head: `(?<=aws_?secret_?(?:access_?)?key["']?[ \\t]{0,3}[:=]{1,2}[ \\t]{0,3}["']?)[A-Za-z0-9\\/+]{40}(?![A-Za-z0-9\\/+=])`, ignoreCase: true });

const github = lexical({ kind: 'github_token', head: `${NOT_INSIDE}(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{36})`, more: '[A-Za-z0-9_]' });
const gitlab = lexical({ kind: 'gitlab_token', head: `${NOT_INSIDE}gl(?:pat|rt|dt|ptt|ft|soat|cbt|imt|agent)-${URL_SAFE}{20}`, more: URL_SAFE });
const npm = lexical({ kind: 'npm_token', head: `${NOT_INSIDE}npm_${WORD}{36}(?!${WORD})` });

const openai = lexical({ kind: 'openai_key', head: `${NOT_INSIDE}sk-(?:(?:proj|svcacct|admin)-${URL_SAFE}{20}|${WORD}{32})`, more: URL_SAFE });
const anthropic = lexical({ kind: 'anthropic_key', head: `${NOT_INSIDE}sk-ant-[a-z0-9]{2,10}-${URL_SAFE}{20}`, more: URL_SAFE });
const google = lexical({ kind: 'google_key', head: `${NOT_INSIDE}(?:AIza${URL_SAFE}{35}|GOCSPX-${URL_SAFE}{28}|ya29\\.${URL_SAFE}{20})`, more: URL_SAFE });
const slackToken = lexical({ kind: 'slack_token', head: `${NOT_INSIDE}(?:xox[abeoprs]|xapp)-${WORD}[A-Za-z0-9-]{9}`, more: '[A-Za-z0-9-]' });
const slackHook = lexical({ kind: 'slack_token', head: `hooks\\.slack\\.com\\/(?:services|workflows|triggers)\\/T${WORD}{6,20}\\/${WORD}{6,24}`, more: '[A-Za-z0-9\\/]' });
const stripe = lexical({ kind: 'stripe_key', head: `${NOT_INSIDE}(?:(?:sk|rk)_(?:live|test)_${WORD}{16}|whsec_${WORD}{24})`, more: WORD });

/**
 * PEM (RFC 7468), encrypted PEM with its headers (RFC 1421) and PGP armour, also with its line ends written as `\n` in JSON. From the first
 * sixteen characters of the key on, everything that could be part of it goes, so that a key cut off half-way is not shown either.
 */
const privateKey = lexical({
  kind: 'private_key',
  head: '-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\s|\\\\[nr]){1,6}(?:[A-Za-z-]{1,20}: [^\\n\\\\]{1,80}(?:\\n|\\\\[nr])(?:\\s|\\\\[nr]){0,5}){0,3}[A-Za-z0-9+\\/=]{16}',
  more: '[A-Za-z0-9+\\/=\\s\\\\]',
  close: '-----END (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----',
});

/** Two base64url objects with a dot between them (RFC 7519), the first of which names an algorithm. */
const jwt = lexical({
  kind: 'jwt',
  head: `(?<![A-Za-z0-9_.-])eyJ${URL_SAFE}{10,300}\\.eyJ${URL_SAFE}{4}`,
  more: '[A-Za-z0-9_.-]',
  accept: (text, start, end) => (namesAlgorithm(text.slice(start, text.indexOf('.', start))) ? trimmed(text, end, '.') : undefined),
});

function namesAlgorithm(header: string): boolean {
  try {
    return typeof JSON.parse(atob(header.replaceAll('-', '+').replaceAll('_', '/'))).alg === 'string';
  } catch {
    return false;
  }
}

function trimmed(text: string, end: number, char: string): number {
  let until = end;
  while (text[until - 1] === char) until--;
  return until;
}

/** The value of something called a password, a secret or a key, in code, configuration, JSON, a query or prose. */
const password = lexical({
  kind: 'password',
  head: `(?<=(?:passw(?:or)?d|passphrase|pwd|secret|api[_-]?key|(?:auth|access|refresh|bearer)[_-]?token|client[_-]?secret|private[_-]?key)["']?[ \\t]{0,3}(?::=|=>|[:=])[ \\t]{0,3}["'\`]?)[^\\s"'\`,;&<>(){}[\\]]{6}`,
  more: '[^\\s"\'`,;&<>(){}[\\]]',
  ignoreCase: true,
  accept(text, start, end) {
    return isValue(text.slice(start, Math.min(end, start + 64)), text[start - 1] ?? '', text[end] ?? '') ? end : undefined;
  },
});

/** Tells a secret from a variable, a type, a call, a placeholder or a word of prose. */
function isValue(value: string, before: string, after: string): boolean {
  if (/^[$%*#]|^(.)\1*$|^(?:process|os|env|config|self|this|options|args|settings|secrets)\.|^(?:your|my|the|example|changeme|undefined|redacted|required|optional)/i.test(value)) return false;
  if (after === '(' || after === '{' || after === '[' || after === '<') return false;
  return /["'`]/.test(before) || (/\d/.test(value) && /[A-Za-z]/.test(value)) || /[^\w.:/-]/.test(value);
}

/** The password of `scheme://user:password@host` (RFC 3986, section 3.2.1). */
const urlPassword = lexical({
  kind: 'url_password',
  head: `(?<=\\b[a-z][a-z0-9+.-]{1,20}:\\/\\/[^\\s\\/:@"'<>]{0,64}:)[^\\s\\/@"'<>]{1,200}(?=@)`,
  ignoreCase: true,
  accept: (text, start, end) => (/^[$%{*#]/.test(text.slice(start, end)) ? undefined : end),
});

/** Tokens of other services, each with the prefix by which its issuer marks it. */
const serviceTokens: readonly Detector[] = [
  lexical({ kind: 'service_token', head: `${NOT_INSIDE}SG\\.${URL_SAFE}{16,64}\\.${URL_SAFE}{16}`, more: URL_SAFE }),
  lexical({ kind: 'service_token', head: `${NOT_INSIDE}(?:shp(?:at|ca|pa|ss)_[a-zA-Z0-9]{32}|gsk_${WORD}{52}|hf_${WORD}{34}|lin_api_${WORD}{32}|(?:ntn|secret)_${WORD}{43}|vc[aikpr]_${WORD}{20}|cf(?:k|ut|at)_${WORD}{48})`, more: WORD }),
  lexical({ kind: 'service_token', head: `${NOT_INSIDE}(?:glc_[A-Za-z0-9+\\/]{32}|ops_ey[A-Za-z0-9+\\/]{40})`, more: '[A-Za-z0-9+\\/=]' }),
  lexical({ kind: 'service_token', head: `${NOT_INSIDE}(?:glsa_${WORD}{32}_[A-Fa-f0-9]{8}|dapi[a-f0-9]{32}(?:-\\d)?)(?!${WORD})` }),
  lexical({ kind: 'service_token', head: `${NOT_INSIDE}(?:hv[sbr]\\.${URL_SAFE}{24}|dckr_(?:pat|oat)_${URL_SAFE}{27}|figd_${URL_SAFE}{40}|do[opr]_v1_[a-f0-9]{64}|pypi-${URL_SAFE}{50}|tskey-[a-z]{2,20}-${WORD}{8,40}-${WORD}{16}|sk_[a-z0-9]{2,8}_${WORD}{32})`, more: URL_SAFE }),
];

/** Detectors by the name under `credential_detection.types`. */
const CREDENTIALS: Readonly<Record<CredentialType, readonly Detector[]>> = {
  aws_key: [awsKeyId, awsSecret],
  github_token: [github],
  gitlab_token: [gitlab],
  npm_token: [npm],
  openai_key: [openai],
  anthropic_key: [anthropic],
  google_key: [google],
  slack_token: [slackToken, slackHook],
  stripe_key: [stripe],
  private_key: [privateKey],
  jwt: [jwt],
  password: [password],
  url_password: [urlPassword],
  service_token: serviceTokens,
};

/** The detectors of these types; of all, when none are given. */
export function credentialDetectors(types: readonly CredentialType[] = CREDENTIAL_TYPES): readonly Detector[] {
  return types.flatMap((type) => CREDENTIALS[type]);
}
