// All compliance profiles.

import { euAiAct } from './eu-ai-act.ts';
import { gdpr } from './gdpr.ts';
import { hipaa } from './hipaa.ts';
import { owaspAgentic } from './owasp-agentic.ts';
import { pciDss } from './pci-dss.ts';
import type { Profile, Requirement } from './requirement.ts';
import { soc2 } from './soc2.ts';

export const PROFILE_IDS = ['hipaa', 'soc2', 'pci-dss', 'gdpr', 'eu-ai-act', 'owasp-agentic'] as const;
export type ProfileId = (typeof PROFILE_IDS)[number];

export const PROFILES: Readonly<Record<ProfileId, Profile>> = { hipaa, soc2, 'pci-dss': pciDss, gdpr, 'eu-ai-act': euAiAct, 'owasp-agentic': owaspAgentic };

/** Every requirement of every profile, by id. */
export const REQUIREMENTS: ReadonlyMap<string, Requirement> = new Map(Object.values(PROFILES).flatMap(({ requirements }) => requirements.map((each) => [each.id, each] as const)));
