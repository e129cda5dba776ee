import { type ErrorCode, KbootError } from '../../lib/errors.ts';

interface Explanation {
  /** In what skopeo says. */
  readonly says: RegExp;
  readonly code: ErrorCode;
  readonly why: string;
  readonly hint: string;
}

const UNKNOWN: Omit<Explanation, 'says'> = {
  code: 'COMMAND_FAILED',
  why: 'cannot be fetched',
  hint: 'try it without kboot: skopeo inspect docker://REGISTRY/NAME',
};

const UNREADABLE: Omit<Explanation, 'says'> = {
  code: 'IMAGE_INVALID',
  why: 'cannot be read',
  hint: 'save the image again: docker save, podman save',
};

/** The first that fits counts. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    says: /HTTP response to HTTPS client|first record does not look like a TLS handshake/,
    code: 'COMMAND_FAILED',
    why: 'the registry does not speak TLS',
    hint: 'if it is your own and you trust the network: --insecure-registry',
  },
  {
    says: /x509:|tls: |certificate/,
    code: 'COMMAND_FAILED',
    why: "the registry's certificate is not trusted",
    hint: 'put its CA certificate into /etc/containers/certs.d/REGISTRY/ca.crt; or --insecure-registry, which does without the check',
  },
  {
    says: /manifest unknown|name unknown|not found|does not exist|no such image|no image/i,
    code: 'USAGE',
    why: 'not found',
    hint: 'check its name and its tag: skopeo list-tags docker://REGISTRY/NAME',
  },
  {
    says: /unauthorized|authentication required|denied|invalid username\/password|forbidden|\b40[13]\b/i,
    code: 'COMMAND_FAILED',
    why: 'the registry does not let you read it',
    hint: 'log in: skopeo login REGISTRY',
  },
  {
    says: /connection refused|no such host|no route to host|network is unreachable|i\/o timeout|deadline exceeded|connection reset|TLS handshake timeout|EOF$/i,
    code: 'HOST_UNREACHABLE',
    why: 'the registry does not answer',
    hint: 'check its name, and that this computer reaches it',
  },
  {
    says: /Source image rejected|policy\.json/,
    code: 'COMMAND_FAILED',
    why: "this computer's policy of image signatures does not accept it",
    hint: 'see /etc/containers/policy.json',
  },
];

/**
 * Says what a failed call of skopeo means: where, what, the command and its last words, and what to do. Without a
 * registry it was a file that was read. Other errors come back as they are.
 */
export function explainSkopeo(
  error: unknown,
  { name, registry }: { readonly name: string; readonly registry?: string },
): unknown {
  if (!(error instanceof KbootError) || error.code !== 'BUILD_FAILED') return error;
  const [ended = '', ...said] = error.message.split('\n');
  const words = said.map(messageIn).join('\n');
  const { code, why, hint } =
    registry === undefined ? UNREADABLE : (EXPLANATIONS.find(({ says }) => says.test(words)) ?? UNKNOWN);
  const subject = code === 'USAGE' ? `Image ${name} ${why}` : `${name}: ${why}`;
  const repository = name.replace(/(?::[^/]*|@.*)$/, '');
  return new KbootError(code, `${subject}: ${ended}\n${words}`.trimEnd(), {
    cause: error,
    hint: hint.replace('docker://REGISTRY/NAME', repository).replaceAll('REGISTRY', registry ?? ''),
  });
}

/** `time="..." level=fatal msg="..."`, as skopeo logs when no terminal reads it: the message. */
function messageIn(line: string): string {
  const quoted = /^time="[^"]*" level=\w+ msg=(".*")$/.exec(line)?.[1];
  if (quoted === undefined) return line;
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
