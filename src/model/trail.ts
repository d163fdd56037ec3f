import type { Stage } from '../backend/decision.ts';
import type { Location } from '../candidate/commands/location.ts';

/** Takes down a decision, with the command that made it so, if one did. Null where nobody asks: then nothing is put in words. */
export type Trail = ((stage: Stage, text: string, at?: Location) => void) | null;
