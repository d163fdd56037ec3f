/** What befalls the home gateway, and how it is mended. */
import type { Fault } from '../../src/backend/fault.ts';

/** Each list happens at once. */
export interface Course {
  readonly breaks: readonly Fault[];
  readonly mends: readonly Fault[];
}

const line1 = { host: 'server', interface: 'ppp0' } as const;
const line2 = { host: 'server', interface: 'ppp1' } as const;
const far = { host: 'isp1', interface: 'server' } as const;

/** By the names that people know them by. */
export const faults = {
  'line down': { breaks: [{ ...line1, kind: 'vanish' }], mends: [{ ...line1, kind: 'return' }] },
  'carrier lost': { breaks: [{ ...far, kind: 'down' }], mends: [{ ...far, kind: 'up' }] },
  'gateway dead': { breaks: [{ host: 'isp1', kind: 'silence' }], mends: [{ host: 'isp1', kind: 'revive' }] },
  'another address': {
    breaks: [{ ...line2, kind: 'vanish' }],
    mends: [{ ...line2, kind: 'return', address: '203.0.114.99' }],
  },
  'both lines flap': {
    breaks: [
      { ...line1, kind: 'vanish' },
      { ...line2, kind: 'vanish' },
    ],
    mends: [
      { ...line1, kind: 'return' },
      { ...line2, kind: 'return' },
    ],
  },
} satisfies Readonly<Record<string, Course>>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as readonly FaultName[];
