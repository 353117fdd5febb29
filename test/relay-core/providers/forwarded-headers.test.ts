import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { forwardedHeaders } from '../../../relay-core/providers/forwarded-headers.ts';

const nothing: ReadonlySet<string> = new Set();
const forward = (headers: readonly string[], replaced = nothing) => forwardedHeaders(headers, replaced);
const namesOf = (headers: readonly string[]) =>
  headers.filter((_part, at) => at % 2 === 0).map((name) => name.toLowerCase());
const added = ['accept-encoding', 'identity'];
const json = ['content-type', 'application/json'];

describe('the headers that go upstream', () => {
  it('are the client’s own, in their order and spelling', () => {
    const headers = [
      ...['Accept', 'application/json', 'Content-Type', 'application/json; charset=utf-8'],
      ...['User-Agent', 'claude-cli/2.1.329 (external, cli)', 'X-Stainless-Timeout', '600'],
      ...['anthropic-version', '2023-06-01', 'Anthropic-Beta', 'a,b', 'Anthropic-Beta', 'c'],
      ...['anthropic-never-heard-of', 'yes', 'x-app', 'cli', 'X-Claude-Code-Session-Id', 'dummy'],
    ];
    expect(forward(headers)).toEqual([...headers, ...added]);
  });

  it.each([
    ...['Host', 'Content-Length', 'Expect', 'Accept-Encoding', 'Cookie', 'Authorization', 'X-Api-Key'],
    ...['Forwarded', 'Via', 'X-Real-IP', 'X-Forwarded-For', 'X-Forwarded-Host', 'Origin', 'Referer'],
    ...['Sec-Fetch-Site', 'Sec-CH-UA', 'X-CC-Relay-Token', 'X-CC-Relay-Anything'],
    ...['Connection', 'Keep-Alive', 'Proxy-Authorization', 'Proxy-Connection', 'TE', 'Trailer'],
    ...['Transfer-Encoding', 'Upgrade'],
  ])('never include the client’s %s', (name) => {
    expect(forward([name, 'dummy', ...json])).toEqual([...json, ...added]);
  });

  it('do not include what the connection header names', () => {
    const headers = [
      'Connection',
      'close, X-Hop ,x-other',
      'x-hop',
      '1',
      'X-Other',
      '2',
      'x-kept',
      '3',
      ...json,
    ];
    expect(forward(headers)).toEqual(['x-kept', '3', ...json, ...added]);
  });

  // RFC 9110 5.3: several headers of that name are one list.
  it('do not include what a second connection header names', () => {
    const headers = ['Connection', 'keep-alive', 'Connection', 'X-Hop', 'x-hop', '1', ...json];
    expect(forward(headers)).toEqual([...json, ...added]);
  });

  it('ask for a readable answer, whatever the client asked for', () => {
    expect(forward(['accept-encoding', 'gzip, br', ...json])).toEqual([...json, ...added]);
  });

  it('say what the body is where the client did not', () => {
    expect(forward([])).toEqual([...added, ...json]);
    expect(forward(['Content-Type', 'application/json; x=y'])).toEqual([
      ...['Content-Type', 'application/json; x=y'],
      ...added,
    ]);
  });

  it('leave out what the upstream entry sets itself', () => {
    const headers = ['Anthropic-Version', '2023-06-01', 'x-app', 'cli', ...json];
    expect(forward(headers, new Set(['anthropic-version']))).toEqual(['x-app', 'cli', ...json, ...added]);
  });

  it('leave the content type to the upstream entry that sets it', () => {
    expect(namesOf(forward(json, new Set(['content-type'])))).not.toContain('content-type');
  });

  it('carry no credential, cookie or trace of the relay, whatever the client sends', () => {
    const secret = /^(authorization|x-api-key|cookie|host|x-cc-relay-.*|x-forwarded-.*|sec-.*|connection)$/;
    const name = fc.oneof(
      fc.constantFrom(
        'AUTHORIZATION',
        'x-Api-Key',
        'COOKIE',
        'Host',
        'X-CC-RELAY-TOKEN',
        'Sec-Gpc',
        'accept',
      ),
      fc.stringMatching(/^[A-Za-z-]{1,12}$/),
    );
    const headers = fc.array(fc.tuple(name, fc.string({ maxLength: 5 })));
    fc.assert(
      fc.property(headers, (pairs) => {
        for (const kept of namesOf(forward(pairs.flat()))) expect(kept).not.toMatch(secret);
      }),
    );
  });

  it('leave the client’s list as it was', () => {
    const headers = Object.freeze(['cookie', 'a=b', ...json]);
    expect(() => forward(headers)).not.toThrow();
  });
});
