import { isSameRelay } from '../relay-address.ts';
import type { Findings } from './findings.ts';
import { effective } from './settings-layers.ts';
import { cloudSwitches, modeOf } from './variables.ts';

/** A variable of a shell; `value` undefined = set, but nobody knows to what. */
export type ShellVariable = { readonly name: string; readonly value: string | undefined };

/** What a variable does to the set-up; undefined = nothing. The words follow the variable's name. */
export type Verdict = { readonly state: 'warning' | 'problem'; readonly words: string };

function judgeAddress(
  findings: Findings,
  { value }: ShellVariable,
  settingsWin: boolean,
): Verdict | undefined {
  if (value !== undefined && isSameRelay(value, findings.relayAddress)) return undefined;
  if (settingsWin)
    return { state: 'warning', words: 'differs from the settings, which win in Claude Code only' };
  return { state: 'problem', words: 'sends Claude Code past the relay' };
}

function judgeToken(findings: Findings, { value }: ShellVariable): Verdict | undefined {
  const { configState } = findings;
  const tokens = configState.kind === 'valid' ? configState.config.server.tokens : [];
  if (value !== undefined && tokens.includes(value)) return undefined;
  return { state: 'problem', words: 'wins over your Claude login and over what the relay expects' };
}

/** Judges a shell's variable against the settings: these win wherever they name it, even with "" (protocol.md 1.2). */
export function judgeVariable(findings: Findings, variable: ShellVariable): Verdict | undefined {
  const { name } = variable;
  const settings = findings.layers.filter(({ kind }) => kind !== 'shell');
  const settingsWin = effective(settings, name) !== undefined;
  if (name === 'ANTHROPIC_BASE_URL') return judgeAddress(findings, variable, settingsWin);
  if (settingsWin) return undefined;
  if (cloudSwitches.includes(name))
    return { state: 'problem', words: 'lets Claude Code talk to that cloud itself, past the relay' };
  const mode = modeOf(settings);
  switch (name) {
    case 'ANTHROPIC_AUTH_TOKEN':
      return judgeToken(findings, variable);
    case 'ANTHROPIC_API_KEY':
      return mode === 'token'
        ? { state: 'warning', words: 'is sent along with the relay token' }
        : { state: 'warning', words: 'wins over your Claude login: that key is billed' };
    case 'CLAUDE_CODE_OAUTH_TOKEN':
      return mode === 'token'
        ? { state: 'warning', words: 'has no effect: the token in the settings wins' }
        : undefined;
    default:
      return undefined;
  }
}
