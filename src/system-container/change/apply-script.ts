import { SHELL_FUNCTIONS } from '../machine/shell.ts';
import { BUILD_FUNCTIONS } from './build-script.ts';
import { SWITCH_FUNCTIONS } from './switch-script.ts';

/** Exit status of a switch that was taken back because the new deployment did not come up. */
export const SWITCHED_BACK = 75;

/**
 * $1 checkout root, $2 container, $3 slot of the deployment, $4 slot of the active one or ``, $5 what to do: `build`,
 * `switch` or both; $6 unit path, $7 tmpfiles path; on stdin an archive, see archiveOf. A deployment is complete
 * under its name before anything is switched to it.
 */
export const APPLY = `${SHELL_FUNCTIONS}${BUILD_FUNCTIONS}${SWITCH_FUNCTIONS}
umask 022
root=$1 name=$2 slot=$3 active=$4 unit=$6 tmpfiles=$7
staging=$root/.new-$name switching=$root/.switch-$name
rm -rf "$staging"
# What is put together is nobody's to look into before its modes are set.
mkdir -m 700 "$staging"
trap 'rm -rf "$staging"' EXIT
trap 'exit 129' HUP INT TERM PIPE
tar -xf - -C "$staging" --no-same-owner
recover
case $5 in *build*) build ;; esac
case $5 in *switch*) switch ;; esac
`;

/** $1 checkout root, $2 container, $3 unit path, $4 tmpfiles path. Ends a switch that was cut off. */
export const RECOVER = `${SHELL_FUNCTIONS}${SWITCH_FUNCTIONS}
umask 022
root=$1 name=$2 unit=$3 tmpfiles=$4
switching=$root/.switch-$name
recover
`;
