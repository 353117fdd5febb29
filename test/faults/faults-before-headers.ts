import { answer, type Script, streamAnswer } from '../support/scripted-upstream.ts';
import { closedPort, fullBacklog, scripted, silentTls, unknownHost } from './behaviours.ts';
import { type Failing, timedOutAfter, unreachable, unreachableAfter } from './courses.ts';
import { type Behaviour, type Fault, type FaultGroup, forBoth } from './fault.ts';
import { firstMessage, firstStream, lateAnswer } from './scripts.ts';

const connectMs = 200;
const connecting = { timeouts: { connect_ms: connectMs }, patienceMs: 0 };
const firstByteMs = 200;
const waiting = { timeouts: { first_byte_ms: firstByteMs } };

const resets: Script = (response) => response.socket?.resetAndDestroy();
const saysNothing: Script = () => undefined;
const isLate = (script: Script): Behaviour => scripted(lateAnswer(4 * firstByteMs, script));

// The request had gone out whole: whether the vendor worked on it, nobody knows (contracts/records.ts).
const lostAnswer: Failing = { ...unreachable, mayBeBilled: true };

const timedOut = timedOutAfter(firstByteMs);

// Late enough that a healthy upstream on a busy machine is not overtaken by it.
const earlyCommitMs = 500;
const pastEarlyCommitMs = 800;
const timedOutLater = timedOutAfter(pastEarlyCommitMs);
const timedOutBehindPings: Failing = {
  ...timedOutLater,
  alone: { ...timedOutLater.alone, status: 200, body: 'our event' },
};

const blackHole: Fault = {
  name: 'connection never accepted',
  ...connecting,
  ...forBoth(fullBacklog, unreachableAfter(connectMs)),
};

/** The upstream does not get as far as a status. */
export const beforeHeaders: FaultGroup = {
  name: 'no status',
  faults: [
    { name: 'connection refused', ...forBoth(closedPort, unreachable) },
    // Other systems treat a full queue in ways of their own.
    ...(process.platform === 'linux' ? [blackHole] : []),
    {
      name: 'TLS handshake never answered',
      ...connecting,
      ...forBoth(silentTls, unreachableAfter(connectMs)),
    },
    { name: 'host name unknown', ...forBoth(unknownHost, unreachable) },
    {
      name: 'reset before headers',
      ...forBoth(scripted(resets), lostAnswer),
    },
    {
      name: 'headers too late',
      ...waiting,
      stream: { behaviour: isLate(streamAnswer([firstStream])), course: timedOut },
      json: { behaviour: isLate(answer(200, firstMessage)), course: timedOut },
    },
    { name: 'accepted, then silence', ...waiting, ...forBoth(scripted(saysNothing), timedOut) },
    {
      name: 'silence beyond the early commit',
      timeouts: { first_byte_ms: pastEarlyCommitMs },
      deadlines: { earlyCommitMs, pingEveryMs: 100 },
      stream: { behaviour: scripted(saysNothing), course: timedOutBehindPings },
      json: { behaviour: scripted(saysNothing), course: timedOutLater },
    },
  ],
};
