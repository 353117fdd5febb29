import type { SecretsUnavailable } from '../ports.ts';

/** What can be asked of the system's key chain. A probe proves by a write that secrets can be kept. */
export type KeyChainRequest =
  | { readonly kind: 'probe' }
  | { readonly kind: 'read'; readonly name: string }
  | { readonly kind: 'write'; readonly name: string; readonly value: string }
  | { readonly kind: 'remove'; readonly name: string }
  | { readonly kind: 'list' };

/** Why the key chain did not do it. */
export type KeyChainFailure = {
  readonly kind: 'failed';
  readonly cause: 'not-loaded' | 'no-bus' | 'no-key-chain' | 'locked' | 'crashed' | 'timed-out' | 'refused';
  /** The system's own words, where ours do not cover it; never a secret. */
  readonly detail?: string | undefined;
};

/** The key chain's answer. A value of undefined proves nothing: a locked key chain answers the same. */
export type KeyChainReply =
  | { readonly kind: 'value'; readonly value: string | undefined }
  | { readonly kind: 'written' }
  | { readonly kind: 'removed'; readonly existed: boolean }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | KeyChainFailure;

/** Asks the key chain once; never rejects. An abort ends whatever hangs in the call. */
export type AskKeyChain = (request: KeyChainRequest, signal: AbortSignal) => Promise<KeyChainReply>;

const useVariable = 'or keep the key in an environment variable';

/** A failure in the user's words. */
export function describeFailure({ cause, detail }: KeyChainFailure): SecretsUnavailable {
  const unavailable = (reason: string, remedy: string): SecretsUnavailable => ({
    kind: 'unavailable',
    reason,
    remedy,
  });
  switch (cause) {
    case 'not-loaded':
      return unavailable(
        "the key chain's library could not be loaded",
        `On Linux install libsecret (Debian, Ubuntu: apt-get install libsecret-1-0 gnome-keyring), ${useVariable}.`,
      );
    case 'no-bus':
      return unavailable(
        'there is no D-Bus session here, as on servers and in containers',
        `Run this inside a desktop session, ${useVariable}.`,
      );
    case 'no-key-chain':
      return unavailable(
        'no key chain is set up for this session',
        `Install gnome-keyring and log in to the desktop again, ${useVariable}.`,
      );
    case 'locked':
      return unavailable('the key chain is locked', `Unlock it and run this again, ${useVariable}.`);
    case 'timed-out':
      return unavailable(
        'the key chain did not answer in time; it may be locked and waiting for its password',
        `Unlock it and run this again, ${useVariable}.`,
      );
    case 'crashed':
      return unavailable(
        `the key chain's library stopped unexpectedly (${detail ?? 'no code'})`,
        `Unlock every key chain of this session and run this again, ${useVariable}.`,
      );
    case 'refused':
      return unavailable(
        `the key chain refused${detail === undefined ? '' : `: ${detail}`}`,
        `Look at the key chain's own program, ${useVariable}.`,
      );
  }
}
