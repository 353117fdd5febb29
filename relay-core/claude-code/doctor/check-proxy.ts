import { type Check, reporter } from './check.ts';
import { relayAddressOf } from './check-address.ts';
import type { Findings } from './findings.ts';
import { effective } from './settings-layers.ts';

const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [
  name,
  name.toLowerCase(),
]);

/** Whether requests to the relay avoid the proxies that Claude Code uses: without NO_PROXY they do not. */
export function checkProxy(findings: Findings): readonly Check[] {
  const report = reporter('proxy');
  const { layers } = findings;
  const used = proxyVariables.find((name) => effective(layers, name)?.value);
  const address = relayAddressOf(findings);
  if (used === undefined) return [report.ok('No proxy is in use.')];
  if (address === undefined) return [report.ok('Claude Code does not use the relay.')];
  const host = URL.parse(address.value)?.hostname ?? '';
  // Where both are set, Node's and Bun's HTTP clients read the lowercase one.
  const list = effective(layers, 'no_proxy')?.value || effective(layers, 'NO_PROXY')?.value || '';
  const entries = list.toLowerCase().split(/[,\s]+/);
  if (entries.includes('*') || entries.includes(host)) return [report.ok(`${host} is exempt from ${used}.`)];
  return [
    report.problem(
      `${used} is in use and NO_PROXY does not exempt ${host}: requests to the relay go to the proxy.`,
      'Exempt it: cc-relay claude init',
    ),
  ];
}
