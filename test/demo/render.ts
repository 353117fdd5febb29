import { styleText } from 'node:util';
import type { StoryLine, Tone } from './storyteller.ts';
import type { Figures } from './tally.ts';

/** Paints a text for a tone, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

const colours = { good: 'green', warning: 'yellow', bad: 'red' } as const;

/** Colours for a terminal. */
export const paintInColour: Paint = (tone, text) =>
  tone === 'plain' ? text : styleText(colours[tone], text, { validateStream: false });

/** For everything that is no terminal. */
export const paintNothing: Paint = (_tone, text) => text;

/** What the newcomer is about to see. */
export const renderHeader = (durationSeconds: number): string => `
CC-Relay demo: about ${durationSeconds} s, all inside this process; no network, no key. Ctrl-C ends it.

  6 sessions that ask like Claude Code  →  the relay  →  3 simulated providers, tried in this order:

    flaky     fails in spells: overloads, reset connections, errors hidden in a 200, streams cut in their text
    limited   has two keys, and refuses each for a while when it is used too often (429)
    steady    always answers; the last resort

  What follows are the incidents, each told once its answer is complete, and what the agents noticed of them.
`;

/** One line of the story; `startedAt` epoch ms. */
export const renderLine = ({ at, who, text, tone }: StoryLine, startedAt: number, paint: Paint): string => {
  const elapsed = (Math.max(0, at - startedAt) / 1000).toFixed(1);
  return `${elapsed.padStart(5)} s  ${who.padEnd(9)}  ${paint(tone, text)}`;
};

/** The end of the story. */
export const renderSummary = (figures: Figures, isWholeRun: boolean): string => {
  const { requests, askedAgain, served, visibleBreaks, errorsSeen, longestWaitMs } = figures;
  const { hiddenFailures, toOtherProvider, toOtherKey } = figures;
  const whole = served.reduce((sum, { count }) => sum + count, 0);
  const byWhom = served.map(({ provider, count }) => `${provider} ${count}`).join(', ');
  const rows = [
    ['requests', requests, `of them ${askedAgain} asked again after a break`],
    ['answered whole', whole, byWhom],
    [
      'visible breaks',
      visibleBreaks,
      'part of the text was out already: the relay breaks off rather than fake an end',
    ],
    ['errors seen', errorsSeen, 'answers other than 200 that reached an agent'],
    [
      'failures hidden',
      hiddenFailures,
      `by ${toOtherProvider} failovers to another provider, ${toOtherKey} to another key`,
    ],
    ['longest wait', Math.round(longestWaitMs), 'ms until an answer began'],
  ] as const;
  const table = rows.map(
    ([name, count, more]) => `  ${name.padEnd(16)}${String(count).padStart(5)}  ${more}`,
  );
  return `
${isWholeRun ? 'In all' : 'Stopped early; until then'}:
${table.join('\n')}

Now the real thing: "npm start" runs the relay for your own Claude Code; README.md says how.`;
};
