/**
 * What a trial may need that is not a matter of a kernel's release, but of how it was built or of what is installed:
 *
 * - `ppp`: a real pppd, and PPP over Ethernet for it.
 */
export type Feature = 'ppp';
