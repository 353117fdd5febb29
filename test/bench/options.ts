import { parseArgs } from 'node:util';
import type { Payload } from './payloads.ts';

/** What the command line asks for. */
export type BenchOptions = {
  readonly isQuick: boolean;
  /** The payloads to measure; empty = all. Each as `60:json`. */
  readonly only: readonly string[];
  /** Where the relay leaves its CPU profile when it ends. */
  readonly profileFolder: string | undefined;
};

/** One line on how to call the bench. */
export const usage =
  'usage: node test/bench/run-bench.ts [--quick] [--only 60:json]... [--cpu-prof FOLDER]   sizes in KB: 2, 60, 200, 1024; kinds: json, sse';

/** The options, or undefined when the words make no sense. */
export const readOptions = (args: readonly string[]): BenchOptions | undefined => {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        quick: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        'cpu-prof': { type: 'string' },
      },
    });
    return {
      isQuick: values.quick === true,
      only: values.only ?? [],
      profileFolder: values['cpu-prof'],
    };
  } catch {
    // parseArgs throws for nothing but words it does not know.
    return undefined;
  }
};

/** The payloads that `only` names; undefined when it names one that does not exist. */
export const choosePayloads = (
  payloads: readonly Payload[],
  only: readonly string[],
): readonly Payload[] | undefined => {
  const nameOf = ({ sizeKb, kind }: Payload) => `${sizeKb}:${kind}`;
  const names = new Set(payloads.map(nameOf));
  if (only.some((name) => !names.has(name))) return undefined;
  return only.length === 0 ? payloads : payloads.filter((payload) => only.includes(nameOf(payload)));
};
