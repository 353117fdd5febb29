import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionInBody } from '../../../relay-core/messages/session-in-body.ts';

const session = '0f4c9a52-7f3e-4a55-9d0e-2f0a4b1c6d7e';
const asJson = JSON.stringify({ device_id: 'd'.repeat(64), account_uuid: '', session_id: session });
const flat = `user_${'a'.repeat(64)}_account__session_${session}`;

const bodyWith = (metadata: unknown, more: object = {}) =>
  Buffer.from(JSON.stringify({ model: 'claude-opus-4', messages: [], ...more, metadata, stream: true }));

const inUserId = (userId: unknown) => sessionInBody(bodyWith({ user_id: userId }));

describe("the session in a request's body", () => {
  it('is the session_id of the JSON in metadata.user_id', () => {
    expect(inUserId(asJson)).toBe(session);
  });

  it('is the end of the flat user_id that Claude Code before 2.1 wrote', () => {
    expect(inUserId(flat)).toBe(session);
  });

  it('is found wherever metadata and user_id stand, however the body is spaced', () => {
    const text = `\n{ "metadata" :\t{"other": {"user_id": "no"}, "user_id" : ${JSON.stringify(asJson)} } , "model": "m"}`;
    expect(sessionInBody(Buffer.from(text))).toBe(session);
  });

  it('is absent where nothing names one', () => {
    for (const metadata of [undefined, null, {}, [], 'text', 7, { user: asJson }])
      expect(sessionInBody(bodyWith(metadata))).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['no string', 7],
    ['null', null],
    ['an object instead of its JSON', { session_id: session }],
    ['empty', ''],
    ['only words', 'somebody'],
    ['JSON without session_id', '{"device_id":"d"}'],
    ['JSON null', 'null'],
    ['a JSON number', '7'],
    ['a JSON list', `["${session}"]`],
    ['a session_id that is no string', '{"session_id":7}'],
    ['an empty session_id', '{"session_id":""}'],
    ['a session_id with spaces', '{"session_id":"a b"}'],
    ['a session_id with a line break', '{"session_id":"a\\nb"}'],
    ['a session_id beyond ASCII', '{"session_id":"sé"}'],
    ['a session_id of more than 128 characters', `{"session_id":"${'s'.repeat(129)}"}`],
    ['a nested session_id', `{"user":{"session_id":"${session}"}}`],
    ['cut JSON', asJson.slice(0, -1)],
    ['a flat one without its end', 'user_a_account__session_'],
    ['a flat one with more behind it', `${flat} and more`],
  ])('is absent when user_id is %s', (_what, userId) => {
    expect(inUserId(userId)).toBeUndefined();
  });

  it('may have 128 characters', () => {
    const longest = 's'.repeat(128);
    expect(inUserId(JSON.stringify({ session_id: longest }))).toBe(longest);
    expect(inUserId(`user_a_session_${longest}`)).toBe(longest);
  });

  it('is none in a body that is no JSON object', () => {
    for (const text of [
      '',
      '[]',
      'null',
      '"metadata"',
      `{"metadata":{"user_id":${JSON.stringify(asJson)}`,
      '{{',
    ])
      expect(sessionInBody(Buffer.from(text))).toBeUndefined();
  });

  it('is never taken from what the conversation quotes', () => {
    const lookAlike = {
      metadata: { user_id: JSON.stringify({ session_id: 'wrong' }) },
      user_id: 'x_session_wrong',
    };
    const messages = [
      { role: 'user', content: JSON.stringify(lookAlike) },
      { role: 'user', content: [{ type: 'text', text: 'x', ...lookAlike }] },
    ];
    const more = { messages, user_id: 'x_session_wrong', system: [lookAlike] };
    expect(sessionInBody(bodyWith({ user_id: asJson }, more))).toBe(session);
    expect(sessionInBody(bodyWith({ nested: lookAlike, user_id: flat }, more))).toBe(session);
    expect(sessionInBody(bodyWith({ nested: lookAlike }, more))).toBeUndefined();
    expect(sessionInBody(bodyWith(undefined, more))).toBeUndefined();
  });

  it('never throws and never names anything unfit for a header', () => {
    const userId = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.string().map((text) => `_session_${text}`),
    );
    const body = fc.oneof(
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      userId.map((text) => bodyWith({ user_id: text })),
      fc.tuple(userId, fc.nat(200)).map(([text, length]) => bodyWith({ user_id: text }).subarray(0, length)),
      userId.map((text) => bodyWith({ user_id: JSON.stringify({ session_id: text }) })),
    );
    fc.assert(
      fc.property(body, (bytes) => {
        expect(sessionInBody(bytes) ?? 'none').toMatch(/^[\x21-\x7e]{1,128}$/);
      }),
    );
  });

  it('is exactly what any sane session_id says, in both forms', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9-]{1,128}$/);
    fc.assert(
      fc.property(name, fc.string(), (id, device) => {
        expect(inUserId(JSON.stringify({ device_id: device, session_id: id }))).toBe(id);
        expect(inUserId(`user_x_account__session_${id}`)).toBe(id);
      }),
    );
  });
});
