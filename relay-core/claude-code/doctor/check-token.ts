import { publicPlaceholder } from '../../config/placeholder-token.ts';
import { type Check, reporter } from './check.ts';
import { relayAddressOf } from './check-address.ts';
import type { Findings } from './findings.ts';
import { effective } from './settings-layers.ts';

const remedy = 'Write the right one: cc-relay claude init';

const isRelayToken = (token: string): boolean => token === publicPlaceholder || token.startsWith('ccr_');

function judge(findings: Findings, tokens: readonly string[], allowsLogin: boolean): Check {
  const report = reporter('token');
  const token = effective(findings.layers, 'ANTHROPIC_AUTH_TOKEN')?.value ?? '';
  if (tokens.length === 0) {
    return isRelayToken(token)
      ? report.warning(
          'The relay asks for no token, but the one in the settings wins over your Claude login.',
          'Take it out: cc-relay claude init --mode subscription',
        )
      : report.ok('The relay asks for no token.');
  }
  if (tokens.includes(token)) return report.ok('Claude Code shows the token that the relay wants.');
  if (token === '') {
    return allowsLogin
      ? report.ok('Claude Code shows its own login, which the relay lets through.')
      : report.problem(
          'The relay wants its token, and Claude Code has none: every request gets 401.',
          remedy,
        );
  }
  if (allowsLogin && token.startsWith('sk-ant-'))
    return report.ok('Claude Code shows an Anthropic credential, which the relay lets through.');
  return report.problem('The token that Claude Code shows is not the one in the config.', remedy);
}

/** Whether the relay is going to accept what Claude Code shows. */
export function checkToken(findings: Findings): readonly Check[] {
  const { configState } = findings;
  if (relayAddressOf(findings) === undefined) return [];
  if (configState.kind === 'invalid') return [];
  const server =
    configState.kind === 'valid' ? configState.config.server : { tokens: [], allowSubscription: true };
  return [judge(findings, server.tokens, server.allowSubscription)];
}
