import test from 'ava';
import { gatewayOf } from './gateways.ts';
import type { SeenLookUp } from './look-ups.ts';

const routes = [
  { dst: '203.0.113.2', table: 'local', dev: 'isp1' },
  { dst: 'default', gateway: '203.0.113.1', dev: 'isp1', metric: 20 },
  {
    dst: 'default',
    nexthops: [
      { gateway: '203.0.113.1', dev: 'isp1' },
      { gateway: '203.0.114.1', dev: 'isp2' },
    ],
  },
  { dst: '203.0.113.0/24', dev: 'isp1' },
  { dst: 'default', table: '101', gateway: '203.0.113.1', dev: 'isp1' },
  { dst: '9.0.0.0/8', table: '7' },
];

const found = (destination: string, device: string, gateway: string): SeenLookUp => ({
  ...{
    kind: 'look',
    cpu: 0,
    time: 1n,
    arrival: 0n,
    receiver: null,
    mark: null,
    caller: null,
    table: 254,
    error: 0,
    oif: 0,
    iif: 1,
  },
  ...{ tos: 0, scope: 0, flags: 0, protocol: 17, source: '0.0.0.0', sourcePort: 0, destination, destinationPort: 0 },
  ...{ device, gateway },
});

test('a gateway counts if the closest route has it, by the device that was found', (t) => {
  t.is(gatewayOf(routes, 'main', found('198.51.100.10', 'isp2', '203.0.114.1')), '203.0.114.1');
  t.is(gatewayOf(routes, '101', found('198.51.100.10', 'isp1', '203.0.113.1')), '203.0.113.1');
  t.is(gatewayOf(routes, 'main', found('198.51.100.10', 'isp2', '203.0.113.1')), null);
});

test('what was left there by an earlier look-up is no gateway', (t) => {
  t.is(gatewayOf(routes, 'main', found('203.0.113.9', 'isp1', '203.0.113.1')), null);
  t.is(gatewayOf(routes, 'main', found('203.0.113.2', 'isp1', '203.0.113.1')), null);
  t.is(gatewayOf(routes, '8', found('203.0.113.9', 'isp1', '203.0.113.1')), null);
});
