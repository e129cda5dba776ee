/**
 * Files of a kubeadm patches directory, name to content. The names are `TARGET[SUFFIX][+TYPE].EXTENSION`:
 * https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/#patches
 */
export type PatchFiles = Readonly<Record<string, string>>;

/**
 * CoreDNS answers about a second after its start, but its readiness probe has a period of ten seconds and comes
 * too early the first time. A startup probe every second finds out sooner.
 */
export const COREDNS_PATCH: PatchFiles = {
  'corednsdeployment+strategic.json': JSON.stringify({
    spec: {
      template: {
        spec: {
          containers: [
            {
              name: 'coredns',
              startupProbe: {
                httpGet: { path: '/ready', port: 8181 },
                periodSeconds: 1,
                failureThreshold: 120,
              },
              readinessProbe: { periodSeconds: 2 },
            },
          ],
        },
      },
    },
  }),
};

/** What differs on this machine from the cluster's KubeletConfiguration; no file when nothing does. */
export function kubeletPatch(settings: Readonly<Record<string, unknown>>): PatchFiles {
  return Object.keys(settings).length === 0
    ? {}
    : { 'kubeletconfiguration+merge.json': JSON.stringify(settings) };
}
