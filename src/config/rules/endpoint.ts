import ipaddr from 'ipaddr.js';
import { DEFAULTS } from '../defaults.ts';
import { parseEndpoint } from '../endpoint.ts';
import { dnsNameProblem } from '../names.ts';
import type { Rule } from './rule.ts';

/** The endpoint is `host:port`, with a DNS name or an IPv4 address that is not one of pods or services. */
export const endpointForm: Rule = ({ endpoint, network }) => {
  const keys = ['endpoint'];
  const parts = parseEndpoint(endpoint);
  if (!parts) {
    const example = /^[^:/]+$/.test(endpoint) ? endpoint : 'api.example.com';
    return [{ keys, message: `must be host:port: write ${example}:${DEFAULTS.apiPort}` }];
  }
  const { host, port } = parts;
  if (port < 1 || port > 65535)
    return [{ keys, message: `${endpoint.slice(host.length + 1)} is not a port: use 1 to 65535` }];
  if (!ipaddr.IPv4.isValidFourPartDecimal(host)) {
    const problem = dnsNameProblem(host);
    return problem === undefined ? [] : [{ keys, message: `"${host}" ${problem}` }];
  }
  const address = ipaddr.IPv4.parse(host);
  const inside = (['pods', 'services'] as const).find((field) =>
    address.match(ipaddr.IPv4.parseCIDR(network[field])),
  );
  return inside === undefined
    ? []
    : [{ keys, message: `${host} lies in network.${inside}: use an address that the machines reach` }];
};
