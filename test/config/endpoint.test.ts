import fc from 'fast-check';
import { expect, it, test } from 'vitest';
import { endpointParts, formatEndpoint, parseEndpoint } from '../../src/config/endpoint.ts';

test.each([
  ['api.example.com:6443', { host: 'api.example.com', port: 6443 }],
  ['10.0.0.1:443', { host: '10.0.0.1', port: 443 }],
  ['api.example.com', undefined],
  ['https://api.example.com:6443', undefined],
  ['[::1]:6443', undefined],
  ['api:', undefined],
  ['', undefined],
])('%j is read as %j', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
});

it('reads what it writes', () => {
  const hosts = fc.stringMatching(/^[a-z0-9.-]{1,63}$/);
  fc.assert(
    fc.property(hosts, fc.integer({ min: 1, max: 65535 }), (host, port) => {
      expect(endpointParts(formatEndpoint({ host, port }))).toEqual({ host, port });
    }),
  );
});
