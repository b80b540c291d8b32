// Keeps credentials out of everything that is written, whatever the policies say.

import { credentialDetectors } from './policy/detect/credentials.ts';
import { scan } from './policy/detect/scan.ts';
import { redactText } from '../protocol/verdict.ts';

const detectors = credentialDetectors();

export function credentialScrub(text: string): string {
  return redactText(text, scan(text, detectors));
}
