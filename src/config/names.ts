const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`);

/** Longest value of a Kubernetes label: the node's name becomes `kubernetes.io/hostname`. */
const MAX_NODE_NAME = 63;
const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;

/** What is wrong with `name` as a DNS-1123 subdomain, as the end of a sentence; undefined when nothing is. */
export function dnsNameProblem(name: string, maxLength = MAX_SUBDOMAIN): string | undefined {
  const lower = name.toLowerCase();
  if (name !== lower && SUBDOMAIN.test(lower)) return `must be lower case: write ${lower}`;
  if (!SUBDOMAIN.test(name))
    return 'must be a DNS name: lower case letters, digits, "-" and ".", each part beginning and ending with a letter or digit';
  if (name.length > maxLength)
    return `is ${name.length} characters long: at most ${maxLength} are allowed here`;
  const long = name.split('.').find((label) => label.length > MAX_LABEL);
  return long === undefined ? undefined : `has a part longer than ${MAX_LABEL} characters: ${long}`;
}

/** What is wrong with `name` as the name of a machine; undefined when nothing is. */
export function machineNameProblem(name: string): string | undefined {
  return dnsNameProblem(name, MAX_NODE_NAME);
}
