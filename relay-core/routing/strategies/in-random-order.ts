import type { Random } from '../../ports.ts';
import { randomFraction } from './random-fraction.ts';

/** A copy of the items in random order, every order equally likely. */
export const inRandomOrder = <T>(items: readonly T[], random: Random): T[] => {
  const order: T[] = [];
  for (const item of items) order.splice(Math.floor(randomFraction(random) * (order.length + 1)), 0, item);
  return order;
};
