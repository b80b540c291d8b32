// What is taken out of a text before it is written: credentials, whatever the policies say, and what the policies redact.

import { credentialDetectors } from './policy/detect/credentials.ts';
import { scan } from './policy/detect/scan.ts';
import { redactText } from '../protocol/verdict.ts';
import type { Engine } from './policy/api.ts';
import type { Facts } from './policy/facts.ts';
import type { Scrub } from './shown.ts';

const detectors = credentialDetectors();

export function credentialScrub(text: string): string {
  return redactText(text, scan(text, detectors));
}

/** Also for what no policy is asked to redact on its way, such as command lines and addresses: what they redact elsewhere is not stored from there either. */
export function policyScrub(engine: Engine, facts: Facts, scrub: Scrub): Scrub {
  return (text) => {
    const redactor = engine.streamRedactor(facts);
    if (!redactor) return scrub(text);
    const clean = redactor.push(text) + redactor.flush();
    return scrub(redactor.blocked ? `${clean}##WITHHELD##` : clean);
  };
}
