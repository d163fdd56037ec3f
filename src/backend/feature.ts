/**
 * What a trial may need that a kernel has or lacks by how it was built and installed, whatever its release.
 *
 * `netem`: delay and loss on a line (`Impairment`).
 */
export type Feature = 'netem';
