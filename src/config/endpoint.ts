/** Where the API of a cluster is: a DNS name or an IPv4 address, and a TCP port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port`; undefined for anything else. Whether the host is a good one is not looked at. */
export function parseEndpoint(text: string): Endpoint | undefined {
  const [, host, port] = /^([^:]*):(\d+)$/.exec(text) ?? [];
  return host === undefined || port === undefined ? undefined : { host, port: Number(port) };
}

/** `host:port` */
export const formatEndpoint = ({ host, port }: Endpoint): string => `${host}:${port}`;

/** The parts of an endpoint that was checked before. Throws an Error for what is none. */
export function endpointParts(text: string): Endpoint {
  const endpoint = parseEndpoint(text);
  if (!endpoint) throw new Error(`${text} is no endpoint`);
  return endpoint;
}
