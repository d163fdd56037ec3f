/**
/**
 * What a trial may need that a kernel has or lacks by how it was built, and a machine by what is installed, whatever the release.
 *
 * - `netem`: delay and loss on a line (`Impairment`).
 * - `ppp`: a real pppd, and PPP over Ethernet for it (`Pppoe`).
 */
export type Feature = 'netem' | 'ppp';
