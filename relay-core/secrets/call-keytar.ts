import type { KeyChainFailure, KeyChainReply, KeyChainRequest } from './key-chain.ts';

/** The part of the keytar module that is used. */
export type Keytar = {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  deletePassword(service: string, account: string): Promise<boolean>;
  findCredentials(service: string): Promise<{ account: string; password: string }[]>;
};

/** The names under which the key chain files our secrets, and the probes. */
const serviceName = 'cc-relay';
const probeService = 'cc-relay-probe';

/** keytar, as far as it is there. */
export type KeytarSource = {
  /** Throws where the system's library is missing. */
  load(): Promise<Keytar>;
  /** Unlike that of any other process: two that write and remove the same entry fail each other. */
  readonly probeId: string;
};

/** Does one request with keytar. */
export async function callKeytar(
  { load, probeId }: KeytarSource,
  request: KeyChainRequest,
): Promise<KeyChainReply> {
  let keytar: Keytar;
  try {
    keytar = await load();
  } catch {
    // The module's own message lists paths only; what matters is that it could not be loaded.
    return { kind: 'failed', cause: 'not-loaded' };
  }
  try {
    return await perform(keytar, request, probeId);
  } catch (error) {
    return classify(error, request.kind === 'write' ? request.value : undefined);
  }
}

async function perform(keytar: Keytar, request: KeyChainRequest, probeId: string): Promise<KeyChainReply> {
  switch (request.kind) {
    case 'probe':
      await keytar.setPassword(probeService, probeId, 'probe');
      await keytar.deletePassword(probeService, probeId);
      return { kind: 'written' };
    case 'read': {
      const value = await keytar.getPassword(serviceName, request.name);
      return { kind: 'value', value: value ?? undefined };
    }
    case 'write':
      await keytar.setPassword(serviceName, request.name, request.value);
      return { kind: 'written' };
    case 'remove':
      return { kind: 'removed', existed: await keytar.deletePassword(serviceName, request.name) };
    case 'list': {
      const credentials = await keytar.findCredentials(serviceName);
      return { kind: 'names', names: credentials.map(({ account }) => account) };
    }
  }
}

// keytar hands on the system's words and no codes; these are libsecret's, D-Bus's and macOS's.
const causes: readonly (readonly [RegExp, KeyChainFailure['cause']])[] = [
  [/locked|interaction is not allowed|passphrase/i, 'locked'],
  [/autolaunch|could not connect|connection refused|DBUS_SESSION|connection is closed/i, 'no-bus'],
  [/does not exist|no such|was not provided by any|StartServiceByName/i, 'no-key-chain'],
  [/timeout was reached|NoReply/i, 'timed-out'],
];

function classify(error: unknown, secret: string | undefined): KeyChainFailure {
  const message = error instanceof Error ? error.message : '';
  const cause = causes.find(([pattern]) => pattern.test(message))?.[1] ?? 'refused';
  const isQuotable = message !== '' && (secret === undefined || !message.includes(secret));
  const detail = cause === 'refused' && isQuotable ? message.split('\n', 1)[0]?.slice(0, 200) : undefined;
  return { kind: 'failed', cause, detail };
}
