import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadIdentity } from '../../../../relay-core/providers/bedrock/credential-sources.ts';

let folder = '';
const write = (keyId: string) =>
  writeFileSync(
    join(folder, 'credentials'),
    `[work]\naws_access_key_id = ${keyId}\naws_secret_access_key = dummy\naws_session_token = token\n`,
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relay-aws-'));
  for (const name of [
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_PROFILE',
    'AWS_WEB_IDENTITY_TOKEN_FILE',
  ])
    vi.stubEnv(name, undefined);
  for (const name of ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', 'AWS_CONTAINER_CREDENTIALS_FULL_URI'])
    vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe('AWS’s own packages', () => {
  it('read a profile, and read it anew each time', async () => {
    const load = () => loadIdentity({ kind: 'profile', profile: 'work' }, 'us-west-2');
    write('AKIADUMMY1');
    expect(await load()).toEqual({
      ...{ accessKeyId: 'AKIADUMMY1', secretAccessKey: 'dummy', sessionToken: 'token' },
      expiresAt: undefined,
    });
    write('AKIADUMMY2');
    expect((await load()).accessKeyId).toBe('AKIADUMMY2');
  });

  it('reject where there is nothing, without asking a metadata service', async () => {
    await expect(loadIdentity({ kind: 'chain' }, 'us-west-2')).rejects.toThrow(/credentials/i);
    await expect(loadIdentity({ kind: 'profile', profile: 'none' }, 'us-west-2')).rejects.toThrow(
      /credentials/i,
    );
  });
});
