import type { Clock } from '../ports.ts';
import type { Credential } from '../providers/provider.ts';
import { Cancellation } from '../resilience/cancellation.ts';
import { send } from './send.ts';
import type { Upstream } from './upstream.ts';

/** What a probe found: an answer, a refusal of the key, or nobody there. */
export type ProbeResult = 'answered' | 'unauthorized' | 'unreachable';

const probeWaitMs = 10_000;
/** Without credentials there is nothing to ask with. */
const noRequest = () => undefined;

const keyless: Credential = { kind: 'none' };

/** Asks an upstream for something that costs nothing, with the given key or none. Never throws. */
export const probe = async (
  upstream: Upstream,
  keyId: string | undefined,
  clock: Clock,
): Promise<ProbeResult> => {
  const key = keyId === undefined ? undefined : upstream.keys.find(keyId);
  const { origin, basePath, adapter, config } = upstream;
  const { auth, headers } = config;
  const credential = key?.credential ?? keyless;
  const keyMaterial = key?.config.material;
  const destination = { origin, basePath, auth, headers, model: '', credential, keyMaterial };
  const request = await Promise.resolve(adapter.buildProbe(destination)).catch(noRequest);
  if (request === undefined) return 'unreachable';
  const cancellation = new Cancellation();
  const sent = await send(upstream.dispatcher, request, {
    firstByteMs: probeWaitMs,
    idleMs: probeWaitMs,
    cancellation,
    clock,
  });
  // Only the status matters; its body is not worth the wait.
  cancellation.cancel();
  if (sent.kind !== 'replied') return 'unreachable';
  return sent.reply.status === 401 ? 'unauthorized' : 'answered';
};
