/** What kboot.yaml means where it says nothing: the only place with these values. */
export const DEFAULTS = {
  /** Name of the file itself, in the current folder. */
  file: 'kboot.yaml',
  name: 'kboot',
  apiPort: 6443,
  wait: '10m',
  network: {
    pods: '10.244.0.0/16',
    services: '10.96.0.0/12',
    dnsDomain: 'cluster.local',
    backend: 'vxlan',
  },
} as const;
