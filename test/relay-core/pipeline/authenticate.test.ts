import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../relay-core/errors.ts';
import { type AuthSettings, createAuthenticate } from '../../../relay-core/pipeline/authenticate.ts';

/** Public: older builds wrote it into client settings. */
const placeholderToken = 'managed-by-cc-relay';
const relayToken = 'dummy-relay-token';
const secondToken = 'dummy-bearer-secret';
const login = 'Bearer sk-ant-oat01-dummy';
const apiKey = 'sk-ant-api03-dummy';

const open: AuthSettings = { tokens: [], allowSubscription: false };
const closed: AuthSettings = { tokens: [relayToken, secondToken], allowSubscription: false };
const shared: AuthSettings = { ...closed, allowSubscription: true };

const clientOf = (settings: AuthSettings, headers: IncomingHttpHeaders) =>
  createAuthenticate(settings)(headers);
const refusalOf = (settings: AuthSettings, headers: IncomingHttpHeaders): RelayError => {
  try {
    clientOf(settings, headers);
  } catch (error) {
    if (error instanceof RelayError) return error;
    throw error;
  }
  throw new Error('the client was let in');
};

describe('a relay without a token', () => {
  it.each<[string, IncomingHttpHeaders]>([
    ['nothing', {}],
    ['empty headers', { 'x-api-key': '', authorization: '' }],
    ['the placeholder as x-api-key', { 'x-api-key': placeholderToken }],
    ['the placeholder as bearer', { authorization: `Bearer ${placeholderToken}` }],
    [
      'the placeholder in both',
      { 'x-api-key': placeholderToken, authorization: `Bearer ${placeholderToken}` },
    ],
    ['an x-cc-relay-token', { 'x-cc-relay-token': 'anything' }],
  ])('lets a client with %s spend keys and pass nothing through', (_what, headers) => {
    expect(clientOf(open, headers)).toEqual({
      maySpendKeys: true,
      ownCredential: [],
      anthropicCredential: [],
    });
  });

  it.each<[string, IncomingHttpHeaders, readonly string[]]>([
    ['a login', { authorization: login }, ['authorization', login]],
    ['a key as x-api-key', { 'x-api-key': apiKey }, ['x-api-key', apiKey]],
    ['a key as bearer', { authorization: `Bearer ${apiKey}` }, ['authorization', `Bearer ${apiKey}`]],
    ['both', { 'x-api-key': apiKey, authorization: login }, ['x-api-key', apiKey, 'authorization', login]],
    [
      'a login beside the placeholder',
      { 'x-api-key': placeholderToken, authorization: login },
      ['authorization', login],
    ],
    [
      'a login in small letters',
      { authorization: 'bearer sk-ant-oat01-dummy' },
      ['authorization', 'bearer sk-ant-oat01-dummy'],
    ],
  ])('lets a client with %s of its own spend keys and pass through', (_what, headers, own) => {
    expect(clientOf(open, headers)).toEqual({
      maySpendKeys: true,
      ownCredential: own,
      anthropicCredential: own,
    });
  });

  it('keeps a credential of another vendor apart from Anthropic’s', () => {
    expect(clientOf(open, { 'x-api-key': 'dummy-other-vendor', authorization: login })).toEqual({
      maySpendKeys: true,
      ownCredential: ['x-api-key', 'dummy-other-vendor', 'authorization', login],
      anthropicCredential: ['authorization', login],
    });
  });

  it('takes nobody for the bearer of a token because both are empty', () => {
    expect(clientOf(open, { 'x-api-key': apiKey }).ownCredential).toEqual(['x-api-key', apiKey]);
  });
});

describe.each([
  ['a token', closed],
  ['a token and allow_subscription', shared],
])('a relay with %s', (_what, settings) => {
  it.each<[string, IncomingHttpHeaders]>([
    ['x-api-key', { 'x-api-key': relayToken }],
    ['bearer', { authorization: `Bearer ${relayToken}` }],
    ['bearer in small letters', { authorization: `bearer ${relayToken}` }],
    ['x-cc-relay-token', { 'x-cc-relay-token': relayToken }],
    ['x-api-key and bearer at once', { 'x-api-key': relayToken, authorization: `Bearer ${relayToken}` }],
    [
      'x-api-key beside the placeholder',
      { 'x-api-key': relayToken, authorization: `Bearer ${placeholderToken}` },
    ],
  ])('lets the token in as %s, to spend keys and pass nothing through', (_where, headers) => {
    expect(clientOf(settings, headers)).toEqual({
      maySpendKeys: true,
      ownCredential: [],
      anthropicCredential: [],
    });
  });

  it('lets in each of its tokens', () => {
    expect(clientOf(settings, { 'x-api-key': secondToken }).maySpendKeys).toBe(true);
    expect(clientOf(settings, { 'x-api-key': relayToken, authorization: `Bearer ${secondToken}` })).toEqual({
      maySpendKeys: true,
      ownCredential: [],
      anthropicCredential: [],
    });
  });

  it.each<[string, IncomingHttpHeaders, readonly string[]]>([
    [
      'x-api-key, the login as bearer',
      { 'x-api-key': relayToken, authorization: login },
      ['authorization', login],
    ],
    [
      'bearer, the key as x-api-key',
      { authorization: `Bearer ${relayToken}`, 'x-api-key': apiKey },
      ['x-api-key', apiKey],
    ],
    [
      'x-cc-relay-token, the login as bearer',
      { 'x-cc-relay-token': relayToken, authorization: login },
      ['authorization', login],
    ],
    [
      'x-cc-relay-token, two credentials of its own',
      { 'x-cc-relay-token': relayToken, authorization: login, 'x-api-key': apiKey },
      ['x-api-key', apiKey, 'authorization', login],
    ],
  ])('lets a client spend and pass through that shows the token as %s', (_where, headers, own) => {
    expect(clientOf(settings, headers)).toEqual({
      maySpendKeys: true,
      ownCredential: own,
      anthropicCredential: own,
    });
  });

  it.each<[string, IncomingHttpHeaders]>([
    ['nothing', {}],
    ['the placeholder', { 'x-api-key': placeholderToken }],
    ['the placeholder as bearer', { authorization: `Bearer ${placeholderToken}` }],
    ['the placeholder as x-cc-relay-token', { 'x-cc-relay-token': placeholderToken }],
    ['a wrong token', { 'x-api-key': 'wrong' }],
    [
      'a wrong token in every place',
      { 'x-api-key': 'a', authorization: 'Bearer b', 'x-cc-relay-token': 'c' },
    ],
    ['the beginning of the token', { 'x-api-key': relayToken.slice(0, -1) }],
    ['the token and more', { 'x-api-key': `${relayToken}x` }],
    ['the token in capitals', { 'x-api-key': relayToken.toUpperCase() }],
    ['the token as basic', { authorization: `Basic ${relayToken}` }],
    ['an Anthropic credential as x-cc-relay-token', { 'x-cc-relay-token': apiKey }],
    ['the token in a cookie', { cookie: `token=${relayToken}` }],
  ])('refuses a client with %s', (_what, headers) => {
    expect(refusalOf(settings, headers).row).toEqual({
      status: 401,
      type: 'authentication_error',
      shouldRetry: false,
    });
  });

  it('does not repeat what was shown', () => {
    const headers = { 'x-api-key': 'dummy-shown-1', authorization: 'Bearer dummy-shown-2' };
    expect(refusalOf(settings, headers).message).not.toMatch(/dummy-shown|dummy-relay|dummy-bearer/);
  });
});

describe('a client with nothing but its own Anthropic credential', () => {
  it.each<[string, IncomingHttpHeaders, readonly string[]]>([
    ['a login', { authorization: login }, ['authorization', login]],
    ['a key', { 'x-api-key': apiKey }, ['x-api-key', apiKey]],
    [
      'a login beside the placeholder',
      { authorization: login, 'x-api-key': placeholderToken },
      ['authorization', login],
    ],
  ])('may pass through with %s under allow_subscription, and spend nothing', (_what, headers, own) => {
    expect(clientOf(shared, headers)).toEqual({
      maySpendKeys: false,
      ownCredential: own,
      anthropicCredential: own,
    });
  });

  it.each<[string, IncomingHttpHeaders]>([
    ['a login', { authorization: login }],
    ['a key', { 'x-api-key': apiKey }],
  ])('is refused with %s without allow_subscription', (_what, headers) => {
    expect(refusalOf(closed, headers).code).toBe('unauthenticated');
  });

  // behaviour.md 2, last row: the client meant to spend, and must hear that its token is wrong.
  it('is refused under allow_subscription when it shows a wrong token as well', () => {
    expect(refusalOf(shared, { authorization: login, 'x-api-key': 'wrong' }).code).toBe('unauthenticated');
  });
});

describe('what a client may pass through', () => {
  const credential = fc.constantFrom(
    relayToken,
    secondToken,
    placeholderToken,
    'sk-ant-api03-x',
    'other',
    '',
  );
  const anyHeaders = fc.record(
    {
      'x-api-key': credential,
      authorization: fc
        .tuple(fc.constantFrom('Bearer ', 'bearer ', 'BEARER  '), credential)
        .map(([a, b]) => a + b),
      'x-cc-relay-token': credential,
    },
    { requiredKeys: [] },
  );

  /** The last two rows of the table, read literally. */
  const isOwnOnly = (headers: IncomingHttpHeaders): boolean => {
    const tokens = [headers['x-api-key'], headers.authorization]
      .filter((value) => typeof value === 'string' && value !== '')
      .map((value) => String(value).replace(/^bearer +/i, ''))
      .filter((token) => token !== placeholderToken);
    const isAnthropic = tokens.length > 0 && tokens.every((token) => token.startsWith('sk-ant-'));
    return isAnthropic && !headers['x-cc-relay-token'];
  };

  it('never includes the relay token or the placeholder, nor spends keys without the token', () => {
    fc.assert(
      fc.property(anyHeaders, fc.constantFrom(closed, shared), (headers, settings) => {
        const shown = Object.values(headers).map((value) => value.replace(/^bearer +/i, ''));
        const hasToken = shown.includes(relayToken) || shown.includes(secondToken);
        if (!hasToken && !(settings.allowSubscription && isOwnOnly(headers))) {
          expect(refusalOf(settings, headers).code).toBe('unauthenticated');
          return;
        }
        const client = clientOf(settings, headers);
        expect(client.maySpendKeys).toBe(hasToken);
        const passed = [...client.ownCredential, ...client.anthropicCredential].join('\n');
        for (const secret of [relayToken, secondToken, placeholderToken, 'x-cc-relay-token'])
          expect(passed).not.toContain(secret);
      }),
      { numRuns: 2000 },
    );
  });
});
