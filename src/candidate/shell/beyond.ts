/** Candidates whose scripts go beyond what is read, and at what. For the tests that read all others. */
export const beyond: Readonly<Record<string, RegExp>> = {
  shorewall: /the command "shorewall" is not supported/,
  'shorewall-reenable': /the command "shorewall" is not supported/,
};
