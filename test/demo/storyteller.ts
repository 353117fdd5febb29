import type { RelayEvent } from '../../relay-core/contracts/events.ts';
import type { AttemptRecord, ExchangeRecord } from '../../relay-core/contracts/records.ts';
import { type SeenByClient, sessionName } from './traffic.ts';

/** How a line is meant: all went well, something is wrong, an agent had to see it, or just a fact. */
export type Tone = 'good' | 'warning' | 'bad' | 'plain';

/** One line of the story: when (epoch ms), about whom, what. */
export type StoryLine = {
  readonly at: number;
  readonly who: string;
  readonly text: string;
  readonly tone: Tone;
};

/** What is told of: the relay's own events, and what a client saw. */
export type Happening =
  | RelayEvent
  | { readonly kind: 'client-saw'; readonly at: number; readonly seen: SeenByClient };

/** What the events do not say themselves. */
export type StoryFacts = {
  readonly keyName: (upstream: string, keyId: string) => string;
  readonly breakerOpenMs: number;
};

/** The longest text of a line: with time and name in front it fits into 110 columns. */
const longestText = 90;

/** The line for what happened, in words for somebody who does not know the code; undefined = not worth one. */
export const tell = (happening: Happening, facts: StoryFacts): StoryLine | undefined => {
  switch (happening.kind) {
    case 'exchange-completed':
      return tellExchange(happening, facts);
    case 'key-cooled-down':
      return tellCooldown(happening, facts);
    case 'breaker-changed':
      return tellBreaker(happening, facts);
    case 'client-saw':
      return tellClient(happening);
    case 'network-lost':
      return { at: happening.at, who: 'relay', text: 'no provider could be reached at all', tone: 'warning' };
    case 'exchange-started':
    case 'attempt-failed':
    case 'failed-over':
    case 'exchange-queued':
    case 'exchange-dequeued':
    case 'key-retired':
    case 'key-restored':
    case 'upstream-probed':
    case 'exchange-committed':
    case 'config-changed':
    case 'upstream-warned':
      return undefined;
  }
};

type Of<K extends Happening['kind']> = Extract<Happening, { kind: K }>;

const tellExchange = (
  { at, record }: Of<'exchange-completed'>,
  { keyName }: StoryFacts,
): StoryLine | undefined => {
  const who = sessionName(record.sessionId ?? 'somebody');
  switch (record.outcome) {
    case 'completed':
      return record.attempts.length < 2
        ? undefined
        : { at, who, text: describeRescue(record, keyName), tone: 'good' };
    case 'broken':
      return { at, who, text: describeBreak(record), tone: 'bad' };
    case 'upstream-error':
    case 'refused':
      return { at, who, text: `an error reached the agent: ${record.status ?? 'no answer'}`, tone: 'bad' };
    case 'client-left':
      return undefined;
  }
};

const describeBreak = ({ attempts }: ExchangeRecord): string =>
  `the stream of ${attempts.at(-1)?.upstream ?? 'nobody'} broke in the middle of its text: a break the agent sees`;

type KeyName = StoryFacts['keyName'];

const describeRescue = ({ attempts, firstByteMs }: ExchangeRecord, keyName: KeyName): string => {
  const failed = attempts.slice(0, -1);
  const last = attempts.at(-1);
  const isSameUpstream = last?.upstream === failed.at(-1)?.upstream;
  const rescuer = isSameUpstream ? `its ${keyOf(last, keyName)}` : last?.upstream;
  const saved = `${rescuer} answered in ${Math.round(firstByteMs ?? 0)} ms`;
  const causes = describeFailures(failed, keyName).join(', ');
  const choices = [
    `${causes} → ${saved}; the agent noticed nothing`,
    `${causes} → ${saved}; not noticed`,
    `${causes} → ${saved}`,
  ];
  const fitting = choices.find((text) => text.length <= longestText);
  const names = [...new Set(failed.map(({ upstream }) => upstream))].join(' and ');
  return fitting ?? `${names} failed → ${saved}; the agent noticed nothing`;
};

const keyOf = (attempt: AttemptRecord | undefined, keyName: KeyName): string =>
  keyName(attempt?.upstream ?? '', attempt?.credential.replace(/^key /, '') ?? '');

/** One cause for each upstream and kind of failure. */
const describeFailures = (failed: readonly AttemptRecord[], keyName: KeyName): readonly string[] => {
  const alike = Map.groupBy(failed, ({ upstream, status, failure }) => `${upstream} ${status} ${failure}`);
  return [...alike.values()].flatMap((attempts) => {
    const [first] = attempts;
    return first === undefined ? [] : [describeFailure(first, attempts, keyName)];
  });
};

const describeFailure = (
  { upstream, status, failure = '' }: AttemptRecord,
  alike: readonly AttemptRecord[],
  keyName: KeyName,
): string => {
  const [kind, detail = ''] = failure.split(': ');
  if (status === 200) return `${upstream} hid an error in a 200`;
  if (kind === 'overloaded') return `${upstream} was overloaded (${status})`;
  if (kind === 'rate-limited')
    return `${upstream} refused ${alike.map((attempt) => keyOf(attempt, keyName)).join(' and ')} (${status})`;
  if (kind === 'unreachable')
    return detail.includes('reset') ? `${upstream} reset the connection` : `${upstream} could not be reached`;
  return `${upstream} failed (${status ?? kind})`;
};

const tellCooldown = (
  { at, upstream, keyId, reason, untilAt }: Of<'key-cooled-down'>,
  { keyName }: StoryFacts,
): StoryLine => {
  const cause = reason === 'rate-limited' ? 'was used too often (429)' : reason;
  const text = `${keyName(upstream, keyId)} ${cause}: it rests for ${seconds(untilAt - at)} s`;
  return { at, who: upstream, text, tone: 'warning' };
};

const tellBreaker = (
  { at, upstream, state }: Of<'breaker-changed'>,
  { breakerOpenMs }: StoryFacts,
): StoryLine => {
  switch (state) {
    case 'open':
      return {
        at,
        who: upstream,
        text: `too many failures in a row: left alone for ${seconds(breakerOpenMs)} s (circuit breaker opened)`,
        tone: 'warning',
      };
    case 'half-open':
      return {
        at,
        who: upstream,
        text: 'rested: one request at a time tries whether it is well again (circuit breaker half-open)',
        tone: 'plain',
      };
    case 'closed':
      return {
        at,
        who: upstream,
        text: 'well again: back in service (circuit breaker closed)',
        tone: 'good',
      };
    case 'isolated':
      return { at, who: upstream, text: 'taken out of service by hand', tone: 'plain' };
  }
};

const tellClient = ({ at, seen }: Of<'client-saw'>): StoryLine | undefined => {
  if (!seen.isAskedAgain) return undefined;
  const { session: who, provider = 'nobody', isWhole, status, waitMs } = seen;
  if (!isWhole) return { at, who, text: `asked again, and ${describeLoss(status)}`, tone: 'bad' };
  const text = `asked again at once, as Claude Code does: ${provider} answered in ${Math.round(waitMs)} ms`;
  return { at, who, text, tone: 'good' };
};

const describeLoss = (status: number): string => {
  if (status === 200) return 'the answer broke off once more';
  return status === 0 ? 'got no answer' : `got an error (${status})`;
};

const seconds = (ms: number): string => String(Math.round(ms / 100) / 10);
