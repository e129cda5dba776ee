import type { Rule } from './rule.ts';

/** Most members that etcd's documentation recommends for one cluster. */
const MOST = 7;

/** etcd needs a majority of the masters: an even number of them survives no more failures than one less. */
export const masterCount: Rule = ({ masters: { length } }) => {
  const keys = ['masters'];
  if (length === 2)
    return [
      {
        keys,
        message: 'has 2 machines: etcd would stop when either fails, so two are worse than 1; use 1 or 3',
      },
    ];
  if (length > MOST)
    return [{ keys, message: `has ${length} machines: etcd gets slow with more than ${MOST}; use 3 or 5` }];
  if (length % 2 === 1) return [];
  const survives = length / 2 - 1;
  return [
    {
      severity: 'warning',
      keys,
      message: `has ${length} machines, which survive the loss of ${survives}, as ${length - 1} would; use an odd number`,
    },
  ];
};
