/**
 * The numbers of successes in `trials` that chance keeps within, all but one time in `1 / risk`: fewer than `low`, or more
 * than `high`, come with a probability of at most `risk / 2` each. Exact: sums of the binomial distribution.
 *
 * @param probability of one success, more than 0 and less than 1
 */
export function binomialRange(
  trials: number,
  probability: number,
  risk: number,
): { readonly low: number; readonly high: number } {
  return {
    low: leastLikely(trials, probability, risk / 2),
    high: trials - leastLikely(trials, 1 - probability, risk / 2),
  };
}

/** The largest k for which fewer than k successes have a probability of at most `limit`. */
function leastLikely(trials: number, probability: number, limit: number): number {
  // In logarithms: the first terms are far below the smallest number there is.
  let logarithm = trials * Math.log1p(-probability);
  let below = 0;
  for (let k = 0; k < trials; k++) {
    below += Math.exp(logarithm);
    if (below > limit) return k;
    logarithm += Math.log((trials - k) / (k + 1)) + Math.log(probability) - Math.log1p(-probability);
  }
  return trials;
}

/** The standard normal distribution's quantile that leaves 2.5 % above it. */
const quantile = 1.959964;

/**
 * Within what the share of successes lies that this many of `trials` came from, with 95 % confidence: Wilson's score interval, which
 * is right for few successes, too (E. B. Wilson, 1927).
 */
export function shareInterval(successes: number, trials: number): { readonly low: number; readonly high: number } {
  const square = quantile ** 2;
  const centre = (successes + square / 2) / (trials + square);
  const half = (quantile / (trials + square)) * Math.sqrt((successes * (trials - successes)) / trials + square / 4);
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
