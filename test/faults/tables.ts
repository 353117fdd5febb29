import { bodyOf, errorTypeOf, servedBy } from './compare.ts';
import { type Fault, type FaultGroup, places, requestKinds } from './fault.ts';
import type { CaseResult } from './run-case.ts';

const duration = (ms: number): string =>
  ms < 900 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;

const bodyInWords: Readonly<Record<string, string>> = {
  'as sent': 'verbatim',
  ours: 'from the relay',
  'our event': 'and pings, then our error event',
};

const advice = ({ observed }: CaseResult): string => {
  const headers = observed.seen?.headers ?? {};
  const retryAfter = headers['retry-after'];
  return [
    ...(retryAfter === undefined ? [] : [`retry-after ${retryAfter}`]),
    ...(headers['x-should-retry'] === 'false' ? ['no retry'] : []),
  ]
    .map((words) => `, ${words}`)
    .join('');
};

/** What the client saw, in few words. */
const outcome = (result: CaseResult): string => {
  const { seen } = result.observed;
  if (seen === undefined) return 'no answer';
  if (!seen.isWhole) return 'visible break';
  const body = bodyOf(seen, result.run);
  if (body === 'as sent' && /^event: error$/m.test(seen.text)) return `${seen.status}, its error event`;
  const server = servedBy(result.observed);
  if (server !== 'nobody') return `${seen.status} from ${server}`;
  return `${seen.status} ${bodyInWords[body] ?? body}${advice(result)}`;
};

const mark = ({ differences }: CaseResult): string => (differences.length > 0 ? ' ✗' : '');

const row = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** One row a fault, one column for each way to meet it. */
export const shortTable = (groups: readonly FaultGroup[], results: readonly CaseResult[]): string => {
  const columns = requestKinds.flatMap((request) => places.map((place) => ({ request, place })));
  const head = [
    'fault',
    ...columns.map(({ request, place }) => `${request === 'json' ? 'JSON' : request}, ${place}`),
  ];
  const cells = (fault: Fault) =>
    columns.map(({ request, place }) => {
      const result = results.find(
        (candidate) =>
          candidate.fault === fault && candidate.request === request && candidate.place === place,
      );
      return result ? `${outcome(result)}, ${duration(result.observed.tookMs)}${mark(result)}` : '–';
    });
  const rows = groups.flatMap(({ name, faults }) => [
    [`**${name}**`, ...columns.map(() => '')],
    ...faults.map((fault) => [fault.name, ...cells(fault)]),
  ]);
  return table(head, rows);
};

const attemptsInWords = ({ observed }: CaseResult): string =>
  (observed.record?.attempts ?? [])
    .map(
      ({ upstream, failure, status, mayBeBilled }) =>
        `${upstream} ${status ?? ''} ${failure ?? 'answered'}${mayBeBilled ? ' (may be billed)' : ''}`,
    )
    .join('; ');

/** One row a case, with everything that was recorded. */
export const longTable = (results: readonly CaseResult[]): string => {
  const head = [
    ...['fault', 'request', 'upstreams', 'client saw', 'error type', 'served by', 'failover'],
    ...['attempts', 'requests', 'key', 'breaker', 'outcome', 'ms'],
  ];
  const rows = results.map((result) => {
    const { fault, request, place, observed, countedFailures } = result;
    const { first, second } = observed.requests;
    return [
      ...[fault.name, request, place, `${outcome(result)}${mark(result)}`],
      ...[(observed.seen && errorTypeOf(observed.seen)) ?? '–', servedBy(observed)],
      ...[observed.failovers.join('; ') || '–', attemptsInWords(result), `${first} + ${second}`],
      ...[observed.keyEvents.join(', ') || '–', `${countedFailures} counted`],
      ...[observed.record?.outcome ?? '–', observed.tookMs.toFixed(0)],
    ];
  });
  return table(head, rows);
};

/** Every difference in a line of its own, then the sum. */
export const summary = (results: readonly CaseResult[]): string => {
  const odd = results.filter(({ differences }) => differences.length > 0);
  const lines = odd.flatMap(({ fault, request, place, differences }) =>
    differences.map((difference) => `- ${fault.name}, ${request}, ${place}: ${difference}`),
  );
  const sum = `${results.length} cases, ${results.length - odd.length} as expected, ${odd.length} not`;
  return [...lines, ...(lines.length > 0 ? [''] : []), sum].join('\n');
};
