import { gzipSync } from 'node:zlib';
import { errorBody } from '../support/scripted-upstream.ts';
import { type Course, noAnswer, noAnswerAfter, refusedForNow } from './courses.ts';
import { type Fault, type FaultGroup, type FaultyAnswer, forBoth } from './fault.ts';
import {
  type BadEnd,
  beforeContent,
  cutAnswer,
  eventStream,
  firstMessage,
  firstStream,
  html,
  json,
  upToMidBlock,
  upToMidEvent,
  wholeAnswer,
} from './scripts.ts';

const idleMs = 200;
const impatient = { timeouts: { idle_ms: idleMs } };

const breaks: Course = { kind: 'breaks', afterMs: 0 };
const serves: Course = { kind: 'serves' };

const cutStream = (text: string, end: BadEnd, course: Course): FaultyAnswer => ({
  behaviour: cutAnswer(text, eventStream, end),
  course,
});

const cutJson = (text: string | Buffer, end: BadEnd, course: Course = noAnswer): FaultyAnswer => ({
  behaviour: cutAnswer(text, json, end),
  course,
});

const halfOf = (whole: Buffer): Buffer => whole.subarray(0, Math.floor(whole.length / 2));

const half = halfOf(Buffer.from(firstMessage));
/** Ends with a brace, though not with the last one. */
const allButLastBrace = firstMessage.slice(0, -1);

const gzip = { 'content-encoding': 'gzip' };
const zippedStream = halfOf(gzipSync(firstStream));
const zippedMessage = halfOf(gzipSync(firstMessage));

const tooLong = (body: string) => ({ 'content-length': body.length + 100 });

const page = '<html><body><h1>It works!</h1></body></html>';
const envelope = errorBody('overloaded_error', 'Overloaded');
const errorEvent = `event: error\ndata: ${envelope}\n\n`;

const cutBeforeContent: readonly Fault[] = [
  {
    name: 'reset after headers',
    stream: cutStream('', 'reset', noAnswer),
    json: cutJson('', 'reset'),
  },
  { name: 'reset after message_start', stream: cutStream(beforeContent, 'reset', noAnswer) },
  { name: 'end after message_start', stream: cutStream(beforeContent, 'ended', noAnswer) },
  {
    name: 'stall before the content',
    ...impatient,
    stream: cutStream(beforeContent, 'silent', noAnswerAfter(idleMs)),
  },
];

const noAnswers: readonly Fault[] = [
  {
    name: 'empty 200',
    stream: { behaviour: wholeAnswer(200, '', eventStream), course: noAnswer },
    json: { behaviour: wholeAnswer(200, ''), course: noAnswer },
  },
  { name: 'HTML 200', ...forBoth(wholeAnswer(200, page, html), noAnswer) },
  { name: 'error envelope in a 200', ...forBoth(wholeAnswer(200, envelope), noAnswer) },
  {
    name: 'error event first',
    stream: {
      behaviour: wholeAnswer(200, errorEvent, eventStream),
      course: refusedForNow({
        status: 200,
        failure: 'overloaded',
        errorType: 'overloaded_error',
        isCounted: true,
      }),
    },
  },
];

/** A status of 200, but no whole answer. Inside a JSON body there is no point from which it would be too late. */
export const insideAnswers: readonly FaultGroup[] = [
  { name: '200, but no content', faults: [...cutBeforeContent, ...noAnswers] },
  {
    name: 'cut inside the content',
    faults: [
      {
        name: 'reset inside an event (JSON: the body)',
        stream: cutStream(upToMidEvent, 'reset', breaks),
        json: cutJson(half, 'reset'),
      },
      { name: 'reset between two deltas', stream: cutStream(upToMidBlock, 'reset', breaks) },
      {
        name: 'clean end inside a block (JSON: the body)',
        stream: cutStream(upToMidBlock, 'ended', breaks),
        json: cutJson(half, 'ended'),
      },
      {
        name: 'clean end before the last brace',
        json: cutJson(allButLastBrace, 'ended'),
      },
      {
        name: 'stall inside the content',
        ...impatient,
        stream: cutStream(upToMidBlock, 'silent', { kind: 'breaks', afterMs: idleMs }),
        json: cutJson(half, 'silent', noAnswerAfter(idleMs)),
      },
      {
        name: 'error event inside the content',
        stream: {
          behaviour: wholeAnswer(200, upToMidBlock + errorEvent, eventStream),
          course: { kind: 'tells', errorType: 'overloaded_error' },
        },
      },
      {
        // message_stop is the proof that a stream is whole; a JSON body has none but its length.
        name: 'content-length too long, then closed',
        stream: {
          behaviour: cutAnswer(firstStream, { ...eventStream, ...tooLong(firstStream) }, 'closed'),
          course: serves,
        },
        json: {
          behaviour: cutAnswer(firstMessage, { ...json, ...tooLong(firstMessage) }, 'closed'),
          course: noAnswer,
        },
      },
      {
        name: 'gzip cut, then closed',
        stream: { behaviour: cutAnswer(zippedStream, { ...eventStream, ...gzip }, 'closed'), course: breaks },
        json: { behaviour: cutAnswer(zippedMessage, { ...json, ...gzip }, 'closed'), course: noAnswer },
      },
      {
        // Encoded answers pass untouched (behaviour.md 6): the client's own gunzip sees the cut.
        name: 'gzip cut, ended cleanly',
        stream: { behaviour: cutAnswer(zippedStream, { ...eventStream, ...gzip }, 'ended'), course: serves },
        json: { behaviour: cutAnswer(zippedMessage, { ...json, ...gzip }, 'ended'), course: serves },
      },
    ],
  },
];
