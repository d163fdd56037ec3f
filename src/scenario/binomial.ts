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
