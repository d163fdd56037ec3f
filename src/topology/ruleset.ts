import { natRules } from './nat-ruleset.ts';
import type { Host } from './topology.ts';

/** What a router drops and translates, as an nftables ruleset; empty for a plain router. */
export function hostRuleset({ sourceFilter, admission, nat, loss }: Host): string {
  return [
    ...(loss
      ? [
          'table ip loss {',
          '  chain forward {',
          '    type filter hook forward priority filter',
          ...['iifname', 'oifname'].map(
            (side) => `    ${side} "${loss.interface}" numgen inc mod ${loss.oneOf} == ${loss.oneOf - 1} counter drop`,
          ),
          '  }',
          '}',
        ]
      : []),
    ...(sourceFilter
      ? [
          'table ip source-filter {',
          '  chain forward {',
          '    type filter hook forward priority filter',
          `    iifname "${sourceFilter.interface}" ip saddr != { ${sourceFilter.allowed.join(', ')} } counter drop`,
          '  }',
          '}',
        ]
      : []),
    ...(admission
      ? [
          'table ip admission {',
          '  chain input {',
          '    type filter hook input priority filter',
          `    tcp flags & (syn | ack) == syn ip saddr != { ${admission.from.join(', ')} } counter reject with tcp reset`,
          '  }',
          '}',
        ]
      : []),
    ...(nat ? [natRules(nat)] : []),
  ].join('\n');
}
