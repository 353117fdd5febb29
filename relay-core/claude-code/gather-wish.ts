import type { Random } from '../ports.ts';
import { chooseMode, requiresToken, type SetUpMode } from './choose-mode.ts';
import type { Refused } from './file-failure.ts';
import { type FoundRelay, findRelay, type RelayQuestion } from './find-relay.ts';
import type { Access, Wish } from './plan-changes.ts';
import { parseProxyUrl } from './relay-address.ts';
import { planToken, type TokenPlan } from './relay-token.ts';

/** What the user asked for, and where to look for the rest. */
export type WishQuestion = {
  readonly mode: SetUpMode;
  readonly proxyUrl: string | undefined;
  readonly config: RelayQuestion;
  readonly dataFolder: string;
  readonly random: Random;
  readonly platform: NodeJS.Platform;
};

/** What the settings must say, the config change this needs, and what the user should know about both. */
export type GatheredWish = {
  readonly ok: true;
  readonly wish: Wish;
  readonly newToken: TokenPlan | undefined;
  readonly configPath: string;
  readonly notices: readonly string[];
};

type ChosenAccess = { readonly ok: true; readonly access: Access; readonly newToken: TokenPlan | undefined };

async function chooseAccess(question: WishQuestion, relay: FoundRelay): Promise<ChosenAccess | Refused> {
  const mode = chooseMode(question.mode, relay.config);
  if (mode === 'subscription') return { ok: true, access: { mode }, newToken: undefined };
  const [existing] = relay.config?.server.tokens ?? [];
  if (existing !== undefined) {
    return { ok: true, access: { mode, relayToken: existing }, newToken: undefined };
  }
  const newToken = await planToken(relay.configPath, { env: question.config.env, random: question.random });
  return newToken.ok ? { ok: true, access: { mode, relayToken: newToken.token }, newToken } : newToken;
}

function noticesOf(relay: FoundRelay, chosen: ChosenAccess, platform: NodeJS.Platform): readonly string[] {
  if (chosen.access.mode === 'subscription' && requiresToken(relay.config)) {
    const advice = 'Set server.auth.allow_subscription: true in it, or use --mode token.';
    return [`${relay.configPath} lets in relay tokens only, so your Claude login will be refused. ${advice}`];
  }
  const file = chosen.newToken?.file;
  // Windows reports the same mode for every file.
  const isReadByOthers = platform !== 'win32' && file?.text !== undefined && (file.mode & 0o044) !== 0;
  if (!isReadByOthers) return [];
  return [
    `${relay.configPath} can be read by other users; with a token in it, allow only yourself: chmod 600.`,
  ];
}

/** Reads config and running relay and decides what the settings must say. Writes nothing. */
export async function gatherWish(question: WishQuestion): Promise<GatheredWish | Refused> {
  const url = question.proxyUrl === undefined ? undefined : parseProxyUrl(question.proxyUrl);
  if (url !== undefined && !url.ok) return url;
  const relay = await findRelay(question.config, question.dataFolder);
  if (!relay.ok) return relay;
  const chosen = await chooseAccess(question, relay);
  if (!chosen.ok) return chosen;
  const { access, newToken } = chosen;
  return {
    ok: true,
    wish: { access, address: url?.address ?? relay.address, shell: question.config.env },
    newToken,
    configPath: relay.configPath,
    notices: [...(url?.hint === undefined ? [] : [url.hint]), ...noticesOf(relay, chosen, question.platform)],
  };
}
