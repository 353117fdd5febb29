/**
 * A process of its own, started by `serve --manage-claude`: gives Claude Code's settings back if the relay is killed.
 * Loads nothing of the engine, and everything it needs at once: files may be gone when it must act.
 */
import { argv } from 'node:process';
import { z } from 'zod';
import { watchRelay } from '../claude-code/watch-relay.ts';
import { systemClock } from '../system-ports.ts';

const watchSchema = z.strictObject({
  settings: z.strictObject({ path: z.string(), shownAs: z.string() }),
  dataFolder: z.string(),
  ownerId: z.string(),
  relay: z.strictObject({ pid: z.int().min(1), mark: z.string().nullable() }),
});

await watchRelay(watchSchema.parse(JSON.parse(argv[2] ?? '')), systemClock);
