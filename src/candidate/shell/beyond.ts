/**
 * Candidates whose scripts go beyond what is read, and at what: they run scripts of their own, or in the background. For the
 * tests that read all others.
 */
export const beyond: Readonly<Record<string, RegExp>> = {
  'gateway-monitor': /a background command \(&\) is not supported/,
  'ppp-scripts': /ip-up" is not supported/,
  'ppp-scripts-flush': /ip-up" is not supported/,
  'ppp-scripts-locked': /ip-up" is not supported/,
  shorewall: /the command "shorewall" is not supported/,
  'shorewall-reenable': /the command "shorewall" is not supported/,
};
