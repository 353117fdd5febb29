import type { AttemptRecord, ExchangeRecord } from '../contracts/records.ts';
import type { LogFacts } from '../ports.ts';
import type { Exchange } from './exchange.ts';

/** Closes an exchange: one record, one event, one log line. Called once, whatever happened. */
export const recordExchange = (exchange: Exchange): void => {
  const record: ExchangeRecord = {
    id: exchange.id,
    startedAt: exchange.startedAt,
    method: exchange.method,
    path: exchange.path,
    model: exchange.model,
    sessionId: exchange.session,
    outcome: exchange.outcome ?? 'refused',
    status: exchange.status,
    attempts: exchange.attempts,
    usage: exchange.usage,
    firstByteMs: exchange.firstByteMs,
    durationMs: exchange.elapsedMs,
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.reply.sentBytes,
    reason: exchange.reason,
  };
  const { bus, log, clock } = exchange.parts;
  bus.emit({ kind: 'exchange-completed', at: clock.now(), record });
  const level = record.outcome === 'completed' || record.outcome === 'client-left' ? 'info' : 'warn';
  log[level](`${record.method} ${record.path} ${record.outcome}`, logFacts(record));
};

// Functions on the request path stand outside it: V8 optimises a closure made for each request again and again.
const failuresOf = ({ failure }: AttemptRecord): string | [] => failure ?? [];

const logFacts = (record: ExchangeRecord): LogFacts => ({
  id: record.id,
  status: record.status,
  model: record.model,
  upstream: record.attempts.at(-1)?.upstream,
  attempts: record.attempts.length,
  failures: record.attempts.flatMap(failuresOf).join('; ') || undefined,
  reason: record.reason,
  firstByteMs: record.firstByteMs && Math.round(record.firstByteMs),
  durationMs: Math.round(record.durationMs),
});
