import type { Answer, Dial, OpenVpnServer, Request } from '../../../backend/service.ts';
import { formatIPv4 } from '../../../net/address.ts';
import type { TestNetwork } from '../testing.ts';

/** The addresses of the server's two lines. */
export const [first, second] = ['203.0.113.2', '203.0.114.2'];

export function server(parts: Partial<OpenVpnServer> = {}): OpenVpnServer {
  return {
    ...{ kind: 'openvpn', name: 'vpn', protocol: 'udp', port: 1194, binding: { kind: 'wildcard' } },
    ...{ tunnel: 'tun0', network: '10.8.0.0/24' },
    ...parts,
  };
}

type Call = Extract<Request, { kind: 'openvpn' }>;
export function call(parts: Partial<Call> = {}): Call {
  return {
    ...{ kind: 'openvpn', protocol: 'udp', server: first, port: 1194, sourcePort: 40000 },
    ...{ tunnel: 'tun0', through: '10.8.0.1', float: false },
    ...parts,
  };
}

export const dialled = (parts: Partial<Dial> = {}): Dial => ({
  ...{ kind: 'dial', protocol: 'udp', server: first, port: 1194, sourcePort: 'any', tunnel: 'tun0' },
  ...parts,
});

/** Bytes of UDP payload that a client sends, or receives. */
export function sizes({ seen }: TestNetwork, direction: 'in' | 'out'): readonly number[] {
  return seen
    .filter((each) => each.at === 'client net' && each.direction === direction && each.packet.protocol === 17)
    .map(({ packet }) => packet.payload.length);
}

export const says = ({ said }: Pick<Answer, 'said'>, words: string): boolean =>
  said.some((line) => line.includes(words));

/** The interfaces and addresses by which the server has sent UDP. */
export function sentBy({ seen }: TestNetwork): readonly string[] {
  const out = seen.filter(
    ({ at, direction, packet }) => /^server (one|two)/.test(at) && direction === 'out' && packet.protocol === 17,
  );
  return [...new Set(out.map(({ at, packet }) => `${at.slice(7)} ${formatIPv4(packet.source)}`))];
}

/** For clients that are to run nothing. */
export const noScript = (script: string): never => {
  throw new Error(`nobody asked for ${script}`);
};
