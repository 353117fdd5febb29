import { describe, expect, it } from 'vitest';
import { CredentialCooldowns, credentialDigest } from '../../../relay-core/keys/credential-cooldowns.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const mine = ['authorization', 'Bearer sk-ant-oat-dummy-1'];
const yours = ['authorization', 'Bearer sk-ant-oat-dummy-2'];

const open = () => {
  const clock = new FakeClock();
  return { clock, cooldowns: new CredentialCooldowns(clock) };
};

describe("a client's own credential that was limited", () => {
  it('rests for its time and no millisecond longer', () => {
    const { clock, cooldowns } = open();
    expect(cooldowns.isCooling(mine)).toBe(false);
    cooldowns.coolDown(mine, 500);
    expect(cooldowns.isCooling(mine)).toBe(true);
    clock.advance(499);
    expect(cooldowns.isCooling(mine)).toBe(true);
    clock.advance(1);
    expect(cooldowns.isCooling(mine)).toBe(false);
  });

  it('is nobody else’s matter', () => {
    const { cooldowns } = open();
    cooldowns.coolDown(mine, 500);
    expect(cooldowns.isCooling(yours)).toBe(false);
    expect(cooldowns.isCooling(['x-api-key', 'Bearer sk-ant-oat-dummy-1'])).toBe(false);
    expect(cooldowns.isCooling([])).toBe(false);
  });

  it('is known again in another list of the same headers', () => {
    const { cooldowns } = open();
    cooldowns.coolDown(mine, 500);
    expect(cooldowns.isCooling([...mine])).toBe(true);
  });

  it('rests as its last answer said', () => {
    const { clock, cooldowns } = open();
    cooldowns.coolDown(mine, 500);
    clock.advance(100);
    cooldowns.coolDown(mine, 1000);
    clock.advance(999);
    expect(cooldowns.isCooling(mine)).toBe(true);
    clock.advance(1);
    expect(cooldowns.isCooling(mine)).toBe(false);
  });

  it('is among the 1,000 remembered; the one noted longest ago is forgotten first', () => {
    const { cooldowns } = open();
    const credential = (index: number) => ['x-api-key', `dummy-${index}`];
    for (let index = 0; index < 1000; index += 1) cooldowns.coolDown(credential(index), 500);
    expect(cooldowns.isCooling(credential(0))).toBe(true);
    cooldowns.coolDown(credential(0), 500);
    cooldowns.coolDown(credential(1000), 500);
    expect(cooldowns.isCooling(credential(1))).toBe(false);
    for (const index of [0, 2, 999, 1000]) expect(cooldowns.isCooling(credential(index))).toBe(true);
  });

  it('is told apart by a digest that does not show it', () => {
    expect(credentialDigest(mine)).toMatch(/^[0-9a-f]{64}$/);
    expect(credentialDigest(mine)).not.toBe(credentialDigest(yours));
  });
});
