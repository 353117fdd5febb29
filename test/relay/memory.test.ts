import { connect } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { ScriptedUpstream, streamEvents } from '../support/scripted-upstream.ts';
import { providerAt, startRelay } from '../support/start-relay.ts';

const bodyBytes = 1_000_000;
const streams = 40;

/** Opens a stream and resolves when its first bytes are here; the request's bytes are not kept. */
const openStream = (port: number): Promise<() => void> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.once('data', () => resolve(() => socket.destroy()));
    const head = `content-type: application/json\r\ncontent-length: ${bodyBytes + 20}`;
    socket.write(`POST /v1/messages HTTP/1.1\r\nhost: localhost\r\n${head}\r\n\r\n`);
    socket.write(
      Buffer.concat([
        Buffer.from('{"model":"x","pad":"'),
        Buffer.alloc(bodyBytes - 2, 'x'),
        Buffer.from('"}'),
      ]),
    );
  });

it('lets a request’s body go at the commit point, however long the answer takes', async () => {
  const upstream = await ScriptedUpstream.start((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(streamEvents().slice(0, 2).join(''));
    upstream.requests.length = 0;
  });
  const relay = await startRelay({ file: { providers: [providerAt(upstream.url)] } });
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  const closers: (() => void)[] = [];
  for (let count = 0; count < streams; count += 1) closers.push(await openStream(relay.port));
  await expect
    .poll(() => {
      collectGarbage();
      return process.memoryUsage().arrayBuffers;
    })
    .toBeLessThan((streams * bodyBytes) / 4);
  for (const close of closers) close();
  await relay.stop();
  await upstream.stop();
});
