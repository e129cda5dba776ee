/** Local machines for trying and testing: what the command line and the tests use of them. */
export { type LabRemains, labDown } from './down.ts';
export { execOnMachine, type LabAccess } from './exec.ts';
export { labCommand } from './names.ts';
export { openSsh } from './open-ssh.ts';
export { cutPower, rebootMachine, setClock, startMachine, stopMachine } from './power.ts';
export type { WantedOptions } from './settle.ts';
export type { KnownMachine } from './ssh-files.ts';
export type { LabFolder, LabMachine, LabOptions } from './state.ts';
export { type LabStatus, labStatus, type MachineStatus } from './status.ts';
export { type Lab, type LabContext, type LabUpRequest, labUp } from './up.ts';
