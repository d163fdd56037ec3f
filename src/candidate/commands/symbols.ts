/** Names that iptables and nft take for numbers. */

/** Internet protocols, as in /etc/protocols. */
export const protocols: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipencap: 4,
  tcp: 6,
  udp: 17,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': 58,
  ospf: 89,
  ipip: 94,
  sctp: 132,
  udplite: 136,
};

/** Protocols with ports in their first four bytes. */
export const protocolsWithPorts: readonly number[] = [6, 17, 33, 132, 136];

/** Services that scripts name; any other goes by its number. */
export const services: Readonly<Record<string, number>> = {
  echo: 7,
  discard: 9,
  'ftp-data': 20,
  ftp: 21,
  ssh: 22,
  telnet: 23,
  smtp: 25,
  domain: 53,
  bootps: 67,
  bootpc: 68,
  tftp: 69,
  http: 80,
  kerberos: 88,
  pop3: 110,
  sunrpc: 111,
  ntp: 123,
  imap2: 143,
  snmp: 161,
  bgp: 179,
  ldap: 389,
  https: 443,
  submissions: 465,
  isakmp: 500,
  syslog: 514,
  submission: 587,
  imaps: 993,
  pop3s: 995,
  openvpn: 1194,
  nfs: 2049,
  mysql: 3306,
  'ipsec-nat-t': 4500,
  sip: 5060,
  'sip-tls': 5061,
  mdns: 5353,
  postgresql: 5432,
  'http-alt': 8080,
};

/** Classes of differentiated services, the six bits: RFC 2474, 2597, 3246, 5865, 8622. */
export const dscpClasses: Readonly<Record<string, number>> = {
  cs0: 0,
  cs1: 8,
  cs2: 16,
  cs3: 24,
  cs4: 32,
  cs5: 40,
  cs6: 48,
  cs7: 56,
  af11: 10,
  af12: 12,
  af13: 14,
  af21: 18,
  af22: 20,
  af23: 22,
  af31: 26,
  af32: 28,
  af33: 30,
  af41: 34,
  af42: 36,
  af43: 38,
  ef: 46,
};

/** Bits of the TCP header's thirteenth byte. */
export const tcpFlags: Readonly<Record<string, number>> = {
  fin: 1,
  syn: 2,
  rst: 4,
  psh: 8,
  ack: 16,
  urg: 32,
};
