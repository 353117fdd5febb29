import type { Random } from '../../ports.ts';

/** As many bits as six bytes hold: far more than a choice among upstreams needs, and exact in a double. */
const fractionBytes = 6;

/** A number in [0, 1), all equally likely. */
export const randomFraction = (random: Random): number => {
  let fraction = 0;
  for (const byte of random.bytes(fractionBytes)) fraction = (fraction + byte) / 256;
  return fraction;
};
