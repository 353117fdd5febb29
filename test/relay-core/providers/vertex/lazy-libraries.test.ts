import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const modulesOf = (name: string) => new URL(`../../../../relay-core/providers/${name}`, import.meta.url).href;

const script = (name: string) => `
  import { registerHooks } from 'node:module';
  const seen = [];
  registerHooks({ load: (url, context, next) => { seen.push(url); return next(url, context); } });
  await import(${JSON.stringify(modulesOf(name))});
  console.log(seen.filter((url) => /google-auth-library|@azure/.test(url)).length, seen.length);
`;

it.each(['vertex/vertex.ts', 'azure/azure.ts'])('%s loads no vendor library by itself', async (name) => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    script(name),
  ]);
  const [vendors, all] = stdout.trim().split(' ').map(Number);
  expect(vendors).toBe(0);
  expect(all).toBeGreaterThan(5);
});
